"""The run folder: used by one process at a time, free of what a killed one left, and whole when the disk is full."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tunewright.core.errors import FolderError
from tunewright.core.folder import RunFolder, write_json, write_text, writing
from tunewright.pipeline.request import locked


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_a_folder_in_use_is_refused(folder: RunFolder) -> None:
    parent = psutil.Process(os.getppid())
    (folder.path / "running.pid").write_text(f"{parent.pid} {parent.create_time()}")
    with pytest.raises(FolderError, match=f"process {parent.pid} is working in this folder"), locked(folder):
        pass
    assert (folder.path / "running.pid").exists()  # it is not ours to remove


def a_process_that_has_ended() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


@pytest.mark.parametrize("left", ["dead process", "number given to another process", "torn", "empty"])
def test_a_lock_that_nobody_holds_is_taken_over(left: str, folder: RunFolder) -> None:
    text = {
        "dead process": f"{a_process_that_has_ended()} 1.0",
        "number given to another process": f"{os.getppid()} 1.0",
        "torn": f"{os.getppid()}",
        "empty": "",
    }[left]
    (folder.path / "running.pid").write_text(text)
    with locked(folder):
        assert (folder.path / "running.pid").read_text().startswith(f"{os.getpid()} ")
    assert not (folder.path / "running.pid").exists()


def test_what_a_killed_process_was_writing_is_removed(folder: RunFolder) -> None:
    torn = [folder.path / ".model.0a1b2c3d.part", folder.path / "data" / ".rows.parquet.0a1b2c3d.part"]
    torn[0].mkdir()
    (torn[0] / "model.safetensors").write_bytes(b"half")
    torn[1].parent.mkdir()
    torn[1].write_bytes(b"half")
    write_text(folder.recipe, "kept")
    with locked(folder):
        assert not any(path.exists() for path in torn)
        assert folder.recipe.read_text() == "kept"


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_failed_write_leaves_the_old_file_and_says_what_to_do(
    call: str, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_json(folder.scores, ["old"])

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*(os, "fsync") if call == "fsync" else (Path, "replace"), fail)
    with pytest.raises(FolderError, match=r"scores\.json: could not be written \(No space left on device\).*goes on"):
        write_json(folder.scores, ["new"])
    assert folder.scores.read_text() == '[\n  "old"\n]\n'
    assert [path.name for path in folder.path.iterdir()] == ["scores.json"]


def test_errors_that_are_not_the_disks_stay_what_they_are(folder: RunFolder) -> None:
    with pytest.raises(ZeroDivisionError), writing(folder.scores):
        _ = 1 / 0
    assert not list(folder.path.iterdir())

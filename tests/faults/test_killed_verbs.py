"""`data split` of a big file, killed at any time or without room on the disk: nothing torn, nothing left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

VERB = """
import resource, signal, sys
from pathlib import Path
from tunewright.pipeline.data import decide
decide.IN_PASSES_FROM_BYTES = 0
if len(sys.argv) > 3:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
from tunewright.cli.main import main
print("begun", flush=True)
sys.exit(main(["data", "split", sys.argv[1], "--output", sys.argv[2], "--clean", "--text", "text", "--label", "label"]))
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chance = random.Random(2)
    path = tmp_path_factory.mktemp("big") / "rows.jsonl"
    rows = [
        {"text": "".join(chance.choice("abcdefghij 好坏大小房间") for _ in range(60)), "label": "ab"[n % 2]}
        for n in range(6000)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def start(file: Path, output: Path, *limit: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", VERB, str(file), str(output), *limit]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.is_file()}


def test_killed_at_any_time_no_file_is_torn_and_the_same_command_ends_as_if_never_killed(
    file: Path, tmp_path: Path
) -> None:
    process = start(file, tmp_path / "whole")
    assert process.stdout is not None
    process.stdout.readline()
    began = time.monotonic()
    assert process.wait() == 0
    seconds = time.monotonic() - began
    whole = contents(tmp_path / "whole")
    chance = random.Random(1)
    for _ in range(5):
        process = start(file, tmp_path / "killed")
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.random() * seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        if (tmp_path / "killed").exists():
            found = {name: data for name, data in contents(tmp_path / "killed").items() if not name.startswith(".")}
            assert {name: whole[name] for name in found} == found
    again = start(file, tmp_path / "killed")
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert contents(tmp_path / "killed") == whole
    assert [one.name for one in (tmp_path / "killed").iterdir() if one.is_dir()] == []


@pytest.mark.parametrize("limit", [100_000, 400_000])
def test_a_full_disk_is_an_error_in_words(file: Path, tmp_path: Path, limit: int) -> None:
    process = start(file, tmp_path / "full", str(limit))
    _, said = process.communicate()
    assert process.returncode == 1, said
    assert "could not be written" in said
    assert "Traceback" not in said
    assert list((tmp_path / "full").iterdir()) == []

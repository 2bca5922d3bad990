"""Real processes that are told to stop, killed, or not allowed to write: the same command goes on to the same bits."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

import tunewright as tw
from tests.flow.conftest import QUICK
from tunewright.core.events import read_events

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and resource limits")
MANY_STEPS = [*QUICK, "train.epochs=20", "train.stopping.patience=null", "train.save_seconds=0.5"]


@pytest.fixture(scope="module")
def command(tiny_model: Path, reviews: Path) -> list[str]:
    overrides = [part for override in MANY_STEPS for part in ("--set", override)]
    return ["run", str(reviews), "--model", str(tiny_model), *overrides]


@pytest.fixture(scope="module")
def undisturbed(tiny_model: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> tw.Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUNEWRIGHT_HOME", str(tmp_path_factory.mktemp("home")))
        return tw.run(
            reviews, model=str(tiny_model), output=tmp_path_factory.mktemp("runs") / "whole", overrides=MANY_STEPS
        )


def start(command: list[str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tunewright.cli.main", *command, "--output", str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def wait_until(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    while not reached():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


def steps_done(folder: Path) -> int:
    steps = [event["step"] for event in read_events(folder / "events.jsonl") if event["kind"] == "step"]
    return steps[-1] + 1 if steps else 0


def interrupt(command: list[str], folder: Path, number: signal.Signals) -> int:
    """Start, send a signal five steps later, and give the exit code."""
    process = start(command, folder)
    target = steps_done(folder) + 5
    wait_until(process, lambda: steps_done(folder) >= target)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors
    return process.returncode


def assert_the_same(folder: Path, undisturbed: tw.Run) -> None:
    digest = json.loads((folder / "finished.json").read_text())["weights_digest"]
    assert digest == undisturbed.weights_digest
    for path in (undisturbed.folder.path / "predictions").glob("*.parquet"):
        assert pq.read_table(folder / "predictions" / path.name).equals(pq.read_table(path)), path.name


def test_sigterm_and_sigint_save_and_the_same_command_goes_on_to_the_same_bits(
    command: list[str], undisturbed: tw.Run, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    assert interrupt(command, folder, signal.SIGTERM) == 143
    assert interrupt(command, folder, signal.SIGINT) == 130
    resumed = start(command, folder)
    _, errors = resumed.communicate(timeout=120)
    assert resumed.returncode == 0, errors
    kinds = [event["kind"] for event in read_events(folder / "events.jsonl")]
    assert kinds.count("resumed") == 2
    assert_the_same(folder, undisturbed)


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a running process can be set on Linux only")
def test_a_full_disk_is_said_in_words_and_the_same_command_goes_on_to_the_same_bits(
    command: list[str], undisturbed: tw.Run, tmp_path: Path
) -> None:
    """From some stage on, the system lets no file of the process grow beyond a limit; in the next attempt it does."""
    folder = tmp_path / "run"
    for stage, largest_file in (("baselines", 10_000), ("train", 90_000)):
        stopped = start(command, folder)
        wait_until(stopped, lambda stage=stage: stage in {e.get("stage") for e in read_events(folder / "events.jsonl")})
        psutil.Process(stopped.pid).rlimit(psutil.RLIMIT_FSIZE, (largest_file, largest_file))
        _, errors = stopped.communicate(timeout=120)
        assert stopped.returncode == 1
        assert "could not be written (" in errors
        assert "Traceback" not in errors
    goes_on = start(command, folder)
    _, errors = goes_on.communicate(timeout=120)
    assert goes_on.returncode == 0, errors
    assert_the_same(folder, undisturbed)

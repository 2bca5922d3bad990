"""The log of a search: nothing that was finished is lost, whatever was in hand is made again, and draws don't depend on kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tunewright.search.space import Choices, Dimension, Range, Value, grid
from tunewright.search.study import How, Study

DIMENSIONS: tuple[Dimension, ...] = (
    Range(key="rate", low=1e-5, high=1e-1, log=True),
    Choices(key="kind", values=("a", "b", None)),
)


def study(log: Path, *, how: How = "random", seed: int = 1) -> Study:
    return Study(log, higher_is_better=True, dimensions=DIMENSIONS, how=how, seed=seed)


def score(values: dict[str, Value]) -> float:
    """Only the rate matters; best at 1e-3."""
    return -((np.log10(float(values["rate"] or 1)) + 3) ** 2)


def make(study: Study, number: int) -> None:
    for _ in range(number):
        trial = study.ask(most=None)
        assert trial
        study.finish(trial, "complete", value=score(trial.params), loss=0.0)


@pytest.mark.parametrize("how", ["random", "tpe"])
def test_what_is_drawn_depends_on_seed_and_log_alone(how: How, tmp_path: Path) -> None:
    """In one go, or by a process for each trial."""
    make(whole := study(tmp_path / "whole", how=how), 14)
    for _ in range(14):
        make(pieces := study(tmp_path / "pieces", how=how), 1)
    assert [one.values for one in whole.trials] == [one.values for one in pieces.trials]
    make(other := study(tmp_path / "other", how=how, seed=100), 2)
    assert other.trials[0].values != whole.trials[0].values


def test_tpe_looks_where_it_was_good(tmp_path: Path) -> None:
    make(tpe := study(tmp_path / "tpe", how="tpe"), 40)
    late = [score(one.values) for one in tpe.trials[20:]]
    early = [score(one.values) for one in tpe.trials[:10]]
    assert np.median(late) > np.median(early)


def test_a_list_is_made_once_and_then_is_at_its_end(tmp_path: Path) -> None:
    values = grid((Range(key="rate", low=1e-3, high=1e-1, log=True), Choices(key="kind", values=("a", "b"))))
    log = tmp_path / "log"
    for _ in range(2):  # as after a kill between planning and the first trial
        study(log, how="grid").plan(values)
    make(listed := study(log, how="grid"), len(values))
    assert listed.ask(most=None) is None
    assert [one.values for one in listed.trials] == values


def test_a_number_of_trials_is_not_exceeded(tmp_path: Path) -> None:
    some = study(tmp_path / "log")
    make(some, 2)
    running = some.ask(most=3)
    assert running
    assert some.ask(most=3) is None


def test_what_was_running_is_made_again_with_its_values(tmp_path: Path) -> None:
    log = tmp_path / "log"
    make(first := study(log), 3)
    running = first.ask(most=None)
    assert running
    again = study(log)
    assert again.revive() == 1
    assert again.revive() == 0
    trial = again.ask(most=4)
    assert trial
    assert trial.params == running.params
    again.finish(trial, "complete", value=0.5, loss=0.0)
    assert [one.state for one in again.trials] == ["complete"] * 3 + ["killed", "complete"]
    # One that was called dead and comes to its end all the same is not believed twice.
    first.finish(running, "complete", value=0.9, loss=0.0)
    assert [one.state for one in study(log).trials].count("complete") == 4
    assert again.ask(most=4) is None


def test_a_line_that_was_torn_by_a_kill_costs_nothing_else(tmp_path: Path) -> None:
    log = tmp_path / "log"
    make(study(log), 3)
    whole = log.read_bytes()
    log.write_bytes(whole + whole.splitlines()[-1][:20])
    make(again := study(log), 1)
    assert [one.state for one in again.trials] == ["complete"] * 4
    assert log.read_bytes().startswith(whole)


KILLED_HOLDER = """
import sys, time
from pathlib import Path
from tunewright.core.lock import FileLock
for name in sys.argv[1:]:
    FileLock(Path(name)).acquire()
print("held", flush=True)
time.sleep(600)
"""


def test_a_worker_killed_while_it_writes_keeps_nobody_off(tmp_path: Path) -> None:
    log = tmp_path / "log"
    make(study(log), 1)
    locks = [str(log.with_suffix(ending)) for ending in (".lock", ".ask.lock")]
    assert all(Path(lock).exists() for lock in locks)
    holder = subprocess.Popen([sys.executable, "-c", KILLED_HOLDER, *locks], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    make(study(log), 1)


def test_the_field_that_matters_is_found_and_the_other_is_not(tmp_path: Path) -> None:
    make(some := study(tmp_path / "log"), 30)
    first, second = some.importances()
    assert (first.key, second.key) == ("rate", "kind")
    assert first.value > 0.8
    assert first.low <= first.value <= first.high + 1e-9 or first.low > 0.5


def test_of_few_trials_no_importance_is_claimed(tmp_path: Path) -> None:
    make(some := study(tmp_path / "log"), 7)
    assert some.importances() == []


def test_a_trial_that_is_clearly_behind_is_stopped_and_a_race_stops_none(tmp_path: Path) -> None:
    for how, wanted in (("random", True), ("race", False)):
        some = study(tmp_path / how, how=how)  # type: ignore[arg-type]
        some.plan([{"rate": 10.0**-i, "kind": "a"} for i in range(2, 6)])
        for _ in range(3):
            trial = some.ask(most=None)
            assert trial
            assert not some.should_stop(trial, 1.0, 0.9)
            some.finish(trial, "complete", value=0.9, loss=0.0)
        behind = some.ask(most=None)
        assert behind
        assert some.should_stop(behind, 1.0, 0.1) is wanted

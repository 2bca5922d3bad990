"""Resume == never stopped, bit for bit, from every step, with dropout on."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import torch

from tests.laws.fits import digest_of, make_fit
from tunewright.core.errors import StoppedBySignal
from tunewright.core.events import EventLog, current_events
from tunewright.train import FitPlan, Progress, checkpoint, fit

STEPS = 8
EARLY = {"epochs": 30, "validation": range(10, 13), "stopping": {"patience": 2}}
"""Evaluated on rows that are not trained on: stops long before 30 epochs, with the best weights some steps back."""


@dataclass(frozen=True)
class Outcome:
    """What a fit ended with."""

    digest: str
    progress: Progress


def fitted(folder: Path, *, kill_after: tuple[int, ...] = (), save_steps: int = 1, **settings: object) -> Outcome:
    """A fit that dies without a word after each of the named steps, and is started again each time."""
    checkpoints, events = folder / "checkpoints", folder / "events.jsonl"

    def make() -> FitPlan:
        return make_fit(folder, save_steps=save_steps, **settings)

    for step in kill_after:
        found, _ = checkpoint.load_newest_checkpoint(checkpoints)
        calls = itertools.count(1 + (found.progress.step if found else 0))
        with pytest.raises(KeyboardInterrupt):
            fit(make(), checkpoints=checkpoints, events=EventLog(events), stop=partial(die_after, step, calls))
    plan = make()
    result = fit(plan, checkpoints=checkpoints, events=EventLog(events))
    return Outcome(digest_of(plan), result.progress)


def die_after(step: int, calls: Iterator[int]) -> None:
    """As good as a kill: before the step's checkpoint is written, and nothing between here and the step catches it."""
    if next(calls) == step:
        raise KeyboardInterrupt


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return fitted(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_resume_from_every_step_gives_the_same_bits(step: int, whole: Outcome, tmp_path: Path) -> None:
    assert fitted(tmp_path, kill_after=(step,)) == whole


def test_resume_again_and_again_gives_the_same_bits(whole: Outcome, tmp_path: Path) -> None:
    assert fitted(tmp_path, kill_after=tuple(range(1, STEPS + 1))) == whole


@pytest.mark.parametrize("step", [2, 5, 7])
def test_steps_after_the_last_checkpoint_are_done_again_to_the_same_bits(
    step: int, whole: Outcome, tmp_path: Path
) -> None:
    assert fitted(tmp_path, kill_after=(step,), save_steps=3) == whole


@pytest.mark.parametrize(
    "optimizer", ["gd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "adafactor", "muon"]
)
@pytest.mark.parametrize("ema_decay", [None, 0.8])
def test_resume_keeps_the_state_of_every_optimiser_and_of_the_average(
    optimizer: str, ema_decay: float | None, tmp_path: Path
) -> None:
    settings = {"optimizer": optimizer, "ema_decay": ema_decay}
    assert fitted(tmp_path / "killed", kill_after=(3, 6), **settings) == fitted(tmp_path / "whole", **settings)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_resume_is_exact_where_only_the_words_that_occur_are_trained(step: int, tmp_path: Path) -> None:
    few = {"words": 30, "ema_decay": 0.8}
    assert fitted(tmp_path / "killed", kill_after=(step,), **few) == fitted(tmp_path / "whole", **few)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_resume_is_exact_with_steps_by_length(step: int, whole: Outcome, tmp_path: Path) -> None:
    killed = fitted(tmp_path / "killed", kill_after=(step,), order="by_length")
    assert killed == fitted(tmp_path / "whole", order="by_length")
    assert killed.digest != whole.digest  # the order is in the outcome


def test_resume_is_exact_under_early_stopping(tmp_path: Path) -> None:
    """Killed at every step on the way: it stops at the same step, for the same reason, with the same best weights."""
    whole = fitted(tmp_path / "whole", **EARLY)
    steps = whole.progress.step
    assert whole.progress.best
    assert whole.progress.best.step < steps < 30 * 4
    for step in range(1, steps + 1):
        assert fitted(tmp_path / f"{step}", kill_after=(step,), save_steps=2, **EARLY) == whole


def test_the_best_weights_are_what_is_left_in_the_model(tmp_path: Path) -> None:
    plan = make_fit(tmp_path, **EARLY)
    progress = fit(plan, checkpoints=tmp_path / "checkpoints").progress
    assert progress.best
    assert progress.best.value == max(evaluation.value for evaluation in progress.evaluations)
    assert plan.evaluate
    assert plan.evaluate(plan.model)[0] == progress.best.value


def test_no_evaluation_is_lost_from_the_curves_or_told_twice(tmp_path: Path) -> None:
    whole = fitted(tmp_path, kill_after=(2, 4, 5, 8))
    events = current_events(tmp_path / "events.jsonl")
    shown = [event["step"] for event in events if event["kind"] == "evaluated"]
    assert shown == [evaluation.step for evaluation in whole.progress.evaluations]
    assert [event["step"] for event in events if event["kind"] == "step"] == list(range(STEPS))


def test_checkpoints_change_nothing(whole: Outcome, tmp_path: Path) -> None:
    plan = make_fit(tmp_path)
    fit(plan, checkpoints=None)
    assert digest_of(plan) == whole.digest


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_signal_finishes_the_step_saves_and_goes_on_later(step: int, whole: Outcome, tmp_path: Path) -> None:
    signals = iter([None] * (step - 1) + [15])
    with pytest.raises(StoppedBySignal) as caught:
        fit(make_fit(tmp_path), checkpoints=tmp_path / "checkpoints", stop=lambda: next(signals))
    assert caught.value.exit_code == 143
    found, damage = checkpoint.load_newest_checkpoint(tmp_path / "checkpoints")
    assert not damage
    assert found
    assert found.progress.step == step
    again = make_fit(tmp_path)
    fit(again, checkpoints=tmp_path / "checkpoints")
    assert digest_of(again) == whole.digest


def test_a_finished_fit_is_not_done_again(tmp_path: Path) -> None:
    whole = fitted(tmp_path)
    plan = make_fit(tmp_path)
    result = fit(plan, checkpoints=tmp_path / "checkpoints", stop=lambda: pytest.fail("a step was done"))
    assert result.progress.finished
    assert digest_of(plan) == whole.digest


def test_control_another_seed_gives_other_bits(whole: Outcome, tmp_path: Path) -> None:
    assert fitted(tmp_path, seed=6).digest != whole.digest


def test_control_a_lost_optimiser_state_gives_other_bits(
    whole: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["tunewright.train.fit"], "load_optimizer_state", lambda *_: None)
    assert fitted(tmp_path, kill_after=(4,)).digest != whole.digest


def test_control_a_lost_average_gives_other_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fitted(tmp_path / "whole", ema_decay=0.8)
    monkeypatch.setattr("tunewright.optim.EMA.load", lambda *_: None)
    assert fitted(tmp_path / "killed", kill_after=(4,), ema_decay=0.8).digest != whole.digest


def test_control_dropout_is_really_on(whole: Outcome, tmp_path: Path) -> None:
    assert fitted(tmp_path, dropout=False).digest != whole.digest


def test_the_digest_sees_a_single_bit() -> None:
    weights = {"a": torch.zeros(3)}
    changed = {"a": torch.zeros(3)}
    changed["a"][1] = -0.0
    assert checkpoint.weights_digest(weights) != checkpoint.weights_digest(changed)

"""Resume == never stopped, bit for bit, from every step, with dropout on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from tests.laws.fits import digest_of, make_fit
from tunewright.core.errors import StoppedBySignal
from tunewright.train import checkpoint, fit

STEPS = 8


def fitted(folder: Path, *, kill_after: int | None = None, **settings: object) -> str:
    """The digest of a fit; with `kill_after`, of one that died without a word after that step and was started again."""
    if kill_after is not None:
        killed = make_fit(folder, save_steps=1, **settings)
        asked = iter(range(1, STEPS + 1))

        def die() -> int | None:
            if next(asked) == kill_after:
                raise KeyboardInterrupt  # nothing between here and the step catches it: as good as a kill
            return None

        with pytest.raises(KeyboardInterrupt):
            fit(killed, checkpoints=folder / "checkpoints", stop=die)
    plan = make_fit(folder, save_steps=1, **settings)
    fit(plan, checkpoints=folder / "checkpoints")
    return digest_of(plan)


@pytest.mark.parametrize("kill_after", range(1, STEPS + 1))
def test_resume_from_every_step_gives_the_same_bits(kill_after: int, tmp_path: Path) -> None:
    whole = fitted(tmp_path / "whole")
    assert fitted(tmp_path / "killed", kill_after=kill_after) == whole


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adagrad", "rmsprop", "adam", "adafactor", "muon"])
@pytest.mark.parametrize("ema_decay", [None, 0.8])
def test_resume_keeps_the_state_of_every_optimiser_and_of_the_average(
    optimizer: str, ema_decay: float | None, tmp_path: Path
) -> None:
    settings = {"optimizer": optimizer, "ema_decay": ema_decay}
    whole = fitted(tmp_path / "whole", **settings)
    assert fitted(tmp_path / "killed", kill_after=5, **settings) == whole


def test_checkpoints_change_nothing(tmp_path: Path) -> None:
    plan = make_fit(tmp_path)
    fit(plan, checkpoints=None)
    assert digest_of(plan) == fitted(tmp_path / "whole")


def test_a_signal_finishes_the_step_saves_and_goes_on_later(tmp_path: Path) -> None:
    whole = fitted(tmp_path / "whole")
    signals = iter([None, None, 15])
    with pytest.raises(StoppedBySignal) as caught:
        fit(make_fit(tmp_path / "cut"), checkpoints=tmp_path / "cut" / "checkpoints", stop=lambda: next(signals))
    assert caught.value.exit_code == 143
    found, damage = checkpoint.load_newest_checkpoint(tmp_path / "cut" / "checkpoints")
    assert not damage
    assert found
    assert found.progress.step == 3
    again = make_fit(tmp_path / "cut")
    fit(again, checkpoints=tmp_path / "cut" / "checkpoints")
    assert digest_of(again) == whole


def test_a_finished_fit_is_not_done_again(tmp_path: Path) -> None:
    whole = fitted(tmp_path)
    plan = make_fit(tmp_path)
    result = fit(plan, checkpoints=tmp_path / "checkpoints", stop=lambda: pytest.fail("a step was done"))
    assert result.progress.finished
    assert digest_of(plan) == whole


def test_early_stopping_keeps_the_best_weights(tmp_path: Path) -> None:
    plan = make_fit(tmp_path, epochs=30, validation=range(10, 13), stopping={"patience": 1})
    result = fit(plan, checkpoints=tmp_path / "checkpoints")
    progress = result.progress
    assert progress.best
    assert progress.step < result.length.num_steps
    assert progress.best.value == max(evaluation.value for evaluation in progress.evaluations)
    assert plan.evaluate
    assert plan.evaluate(plan.model)[0] == progress.best.value


def test_control_another_seed_gives_other_bits(tmp_path: Path) -> None:
    assert fitted(tmp_path / "a") != fitted(tmp_path / "b", seed=6)


def test_control_a_lost_optimiser_state_gives_other_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fitted(tmp_path / "whole")
    monkeypatch.setattr(sys.modules["tunewright.train.fit"], "load_optimizer_state", lambda *_: None)
    assert fitted(tmp_path / "killed", kill_after=4) != whole


def test_control_dropout_is_really_on(tmp_path: Path) -> None:
    assert fitted(tmp_path / "on") != fitted(tmp_path / "off", dropout=False)


def test_the_digest_sees_a_single_bit() -> None:
    weights = {"a": torch.zeros(3)}
    changed = {"a": torch.zeros(3)}
    changed["a"][1] = -0.0
    assert checkpoint.weights_digest(weights) != checkpoint.weights_digest(changed)

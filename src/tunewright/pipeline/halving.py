"""Successive halving of real fine-tunes: all candidates train briefly, the better half twice as long, until two are left.

The rule of Karnin et al. (2013) and Jamieson and Talwalkar (2016). Every fine-tune is a trial of its own with its own schedule,
judged by the validation rows; the last two train as long as `tunewright run` would.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunewright.core.folder import RunFolder
from tunewright.core.text import digest
from tunewright.evaluate import Predictions, Score, compare, read_predictions, score
from tunewright.pipeline.journal import Journal
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.trial import Trial, try_recipe
from tunewright.recipe import Recipe
from tunewright.train import TrainConfig


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one candidate reached in one rung, on the validation rows."""

    reference: str
    value: float
    low: float | None
    high: float | None
    seconds: float
    goes_on: bool
    """Into the next rung; in the last one, whether it won."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """Fine-tunes of one length, best first."""

    share: float
    """Of the whole training."""
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class Halving:
    """All rungs, and the winner of the last."""

    rungs: tuple[Rung, ...]
    winner: str
    is_shown_better: bool
    """Whether the paired test of the last two shows that the winner is better; True where there was only one."""
    num_rows: int
    """Validation rows."""


def halve(recipes: Mapping[str, Recipe], prepared: Prepared, folder: RunFolder, journal: Journal) -> Halving:
    """Fine-tune by each recipe, named by its candidate; `prepared` comes from `without_test`.

    Trials stand in the folder, so the same call goes on after any interruption.
    """
    alive = list(recipes)
    num_rungs = max(1, math.ceil(math.log2(len(alive))))
    rungs = []
    for number in range(num_rungs):
        share = 0.5 ** (num_rungs - 1 - number)
        tried = [_try(recipes[name], name, share, prepared, folder, journal) for name in alive]
        tried.sort(key=lambda one: one.trial.rank_key, reverse=True)
        num_kept = 1 if number == num_rungs - 1 else max(2, math.ceil(len(alive) / 2))
        rungs.append(Rung(share=share, entries=tuple(one.entry(i < num_kept) for i, one in enumerate(tried))))
        alive = [one.name for one in tried[:num_kept]]
        last = tried
    return Halving(
        rungs=tuple(rungs), winner=alive[0], is_shown_better=_is_better(last),
        num_rows=len(prepared.places("validation")),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Tried:
    name: str
    trial: Trial
    predictions: Predictions

    def entry(self, goes_on: bool) -> Entry:
        found = score_of(self.predictions, self.trial.metric)
        return Entry(
            reference=self.name, value=self.trial.value, low=found.low, high=found.high, seconds=self.trial.seconds,
            goes_on=goes_on,
        )  # fmt: skip


def score_of(predictions: Predictions, metric: str) -> Score:
    """One metric of validation rows, with its interval."""
    scores = score(predictions, split="validation", system="model", seed=0, metrics=(metric,))
    return next(one for one in scores if one.slice is None)


def _try(recipe: Recipe, name: str, share: float, prepared: Prepared, folder: RunFolder, journal: Journal) -> _Tried:
    own = RunFolder(folder.trials / digest(name, f"{share:g}")[:16])
    shortened = recipe.model_copy(update={"train": shortened_training(recipe.train, share)})
    trial = try_recipe(shortened, prepared, own, stores=folder.stores, stop=journal.stop)
    journal.events.emit("tried", name=name, share=share, metric=trial.metric, value=trial.value, seconds=trial.seconds)
    return _Tried(name=name, trial=trial, predictions=read_predictions(own.predictions("model", "validation")))


def shortened_training(train: TrainConfig, share: float) -> TrainConfig:
    """A part of a training, with a whole schedule of its own."""
    if train.steps is not None:
        return train.model_copy(update={"steps": max(1, round(share * train.steps))})
    assert train.epochs is not None, "the recipe is resolved before training"
    return train.model_copy(update={"epochs": share * train.epochs})


def _is_better(tried: Sequence[_Tried]) -> bool:
    if len(tried) < 2:
        return True
    first, second = tried[:2]
    return compare(first.predictions, second.predictions, metric=first.trial.metric, seed=0).verdict == "a_better"

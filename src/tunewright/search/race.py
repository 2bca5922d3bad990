"""A race of optimisers, or of adapters: each gets as many rates, and as many passes over the same rows, as any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunewright.adapters import ADAPTERS
from tunewright.core.errors import RecipeError
from tunewright.optim import OPTIMIZERS
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.trial import resolve_trial
from tunewright.recipe import Recipe
from tunewright.search.space import Choices, Dimension, Range, Value, override

What = Literal["optimizer", "adapter"]
RATES = 3
RATE = "optimizer.learning_rate"
HEAD_FACTOR = "optimizer.head_learning_rate_factor"
WIDTH = 10.0
"""The rates of a racer lie between its default over this and its default times this (with three: those two and the default)."""

NEEDS: dict[str, tuple[str, ...]] = {"optimizer.name=gd": ("train.examples_per_step=all",)}
"""What goes with a racer: gradient descent takes all rows for a step, so it makes as many passes and far fewer steps."""

# A head that moves faster is chosen for AdamW by size of the model; beside the others it would be an advantage of its own.
_ALIKE = override(HEAD_FACTOR, 1.0)
_NOT_RACED = {"peft"}
"""Needs settings of its own before it can start."""


@dataclass(frozen=True, kw_only=True)
class Tries:
    """What is to be tried."""

    dimensions: tuple[Dimension, ...]
    listed: tuple[dict[str, Value], ...]
    """Values of trials that are made first; of a grid and a race, of all."""
    also: Mapping[str, tuple[str, ...]]
    """`key=value` that go with a value, by `KEY=VALUE`."""


def race(what: str, recipe: Recipe, prepared: Prepared, *, rates: int = RATES) -> Tries:
    """All racers of a kind, each with `rates` learning rates around the one that it would have had.

    Raises RecipeError for a kind that is not raced.
    """
    racers = {"optimizer": tuple(OPTIMIZERS), "adapter": tuple(name for name in ADAPTERS if name not in _NOT_RACED)}
    if what not in racers:
        raise RecipeError(f"--race {what}: accepted are {', '.join(racers)}.")
    if rates < 1:
        raise RecipeError(f"--rates {rates}: at least one rate is needed.")
    key, names = f"{what}.name", racers[what]
    also = dict(NEEDS)
    if what == "optimizer" and "head_learning_rate_factor" not in recipe.optimizer.model_fields_set:
        for name in names:
            place = f"{key}={name}"
            also[place] = (*also.get(place, ()), _ALIKE)
    trials: list[dict[str, Value]] = []
    for name in names:
        overrides = [override(key, name), *also.get(f"{key}={name}", ())]
        default = resolve_trial(recipe, prepared, overrides=overrides).optimizer.learning_rate
        factors = np.geomspace(1 / WIDTH, WIDTH, rates) if rates > 1 else [1.0]
        trials += [{key: name, RATE: float(f"{default * factor:.4g}")} for factor in factors]
    all_rates = [float(trial[RATE] or 0) for trial in trials]
    span = Range(key=RATE, low=min(all_rates) * 0.99, high=max(all_rates) * 1.01, log=True)
    return Tries(dimensions=(Choices(key=key, values=names), span), listed=tuple(trials), also=also)

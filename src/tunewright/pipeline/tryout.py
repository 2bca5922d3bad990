"""A way to train, tried out with a learning rate of zero: what it takes of memory and time, and the largest batches that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.core.errors import ModelError, RecipeError
from tunewright.core.folder import RunFolder
from tunewright.pipeline.calibrate import UNCALIBRATED
from tunewright.pipeline.fine_tune import Base, load_base, make_plan
from tunewright.pipeline.prepare import Prepared
from tunewright.planning import Forecast, forecast_training
from tunewright.planning.memory import Estimate
from tunewright.planning.needs import Fit, Needs, largest_that_fits, measure_needs
from tunewright.recipe import Recipe, build_recipe
from tunewright.runtime import PeakMemory, World, prepare_machine
from tunewright.train import FitPlan

ANSWERED_ROWS = 64
"""Of the validation split, its longest: answering them in one go takes as much memory as it gets."""
GENERATED_ROWS = 8
SAVERS: tuple[tuple[str, ...], ...] = (
    (), ("train.gradient_checkpointing=true",), ("adapter.name=lora",),
    ("adapter.name=lora", "train.gradient_checkpointing=true"),
)  # fmt: skip
"""What is proposed where memory does not do, in the order of what it changes: the second costs time, the others the result."""
GROWTH_DOUBT = 0.5
"""Of the growth that is expected, this share may be wrong."""


@dataclass(frozen=True, kw_only=True)
class Tryout:
    """One way to train, tried out."""

    base: Base
    plan: FitPlan
    needs: Needs
    generation_bytes: int | None
    """Held at most while some of the longest rows were answered by writing; None where answers are no texts."""
    time: Forecast

    @property
    def training(self) -> Estimate:
        """Of the process at its largest micro-batch, when it has met all shapes."""
        held = self.needs.training
        beyond = max(0.0, 1e9 * self.time.held_gigabytes - held.bytes)
        return self.grown(held.plus(beyond))

    def grown(self, estimate: Estimate) -> Estimate:
        """With what libraries will keep for the shapes that have not been met."""
        return estimate.plus(1e9 * self.time.growth_gigabytes, doubt=GROWTH_DOUBT)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """The largest micro-batches that stay within some memory, and what else has to change for that."""

    savers: tuple[str, ...]
    """`key=value` of the recipe: none, where smaller micro-batches do."""
    fit: Fit

    @property
    def overrides(self) -> tuple[str, ...]:
        """All that is to be changed in the recipe."""
        return (*self.savers, f"batching.max_tokens={self.fit.max_tokens}")


def try_out(recipe: Recipe, prepared: Prepared, folder: RunFolder) -> Tryout:
    """Load the model and try it: some micro-batches, answers to the longest rows, some whole steps; no weight moves."""
    base = load_base(recipe, prepared, folder, machine=prepare_machine(recipe.runtime), world=World())
    train, validation = base.places("train"), base.places("validation")
    longest = validation[np.argsort(-base.store.lengths[validation], kind="stable")]
    plan = make_plan(base, recipe, train=train, validation=validation)
    needs = measure_needs(plan, answer=lambda model: base.teaching.validate(model, base.store, longest[:ANSWERED_ROWS]))
    generation = None
    if prepared.task.kind == "text":
        with PeakMemory(base.machine.device) as writing:
            base.teaching.answer(plan.model, base.store, longest[:GENERATED_ROWS], calibration=UNCALIBRATED)
        generation = writing.bytes
    return Tryout(base=base, plan=plan, needs=needs, generation_bytes=generation, time=forecast_training(plan))


def propose(
    tried: Tryout, recipe: Recipe, prepared: Prepared, folder: RunFolder, *, memory: float, on_card: bool = False,
    savers: Sequence[tuple[str, ...]] = SAVERS,
) -> Proposal | None:  # fmt: skip
    """The first of the `savers` with which training stays within so many bytes, range included; None where none does.

    `tried` is the recipe as it stands; each of the others is tried out in turn.
    """
    for changes in savers:
        if changes:
            changed = build_recipe(recipe.model_dump(mode="json"), overrides=changes, where="a proposal")
            try:
                tried = try_out(changed, prepared, folder)
            except (RecipeError, ModelError):
                continue  # not every architecture can do it
        growth = 0.0 if on_card else (1 + GROWTH_DOUBT) * 1e9 * tried.time.growth_gigabytes
        fit = largest_that_fits(tried.needs, tried.plan, memory=memory - growth, on_card=on_card)
        if fit is not None:
            return Proposal(savers=changes, fit=fit)
    return None

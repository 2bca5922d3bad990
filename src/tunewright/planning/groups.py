"""The micro-batches that a plan will train on, with their shapes: known ahead for every step."""

from __future__ import annotations

import numpy as np

from tunewright.batching import CutConfig, cut
from tunewright.metrics.metric import Integers
from tunewright.planning.memory import Shape
from tunewright.train import FitPlan, Length

SAMPLED_STEPS = 256

Group = tuple[Shape, Integers]
"""A micro-batch: its shape and its rows, as indices in the store."""


def sampled_groups(plan: FitPlan, *, batching: CutConfig | None = None) -> dict[int, list[Group]]:
    """Step to its micro-batches, for steps evenly spaced over all training: every one of a short run."""
    length = Length.of(plan.train, num_rows=len(plan.rows))
    steps = np.unique(np.linspace(0, length.num_steps - 1, SAMPLED_STEPS).round().astype(int)).tolist()
    return {step: _groups(plan, step, length.examples_per_step, batching or plan.batching) for step in steps}


def _groups(plan: FitPlan, step: int, examples_per_step: int, batching: CutConfig) -> list[Group]:
    rows = plan.rows_of_step(step, examples_per_step=examples_per_step)
    groups = []
    for group in cut(rows, lengths=plan.store.lengths, windows=plan.store.num_windows, config=batching):
        longest = int(plan.store.lengths[group].max())
        groups.append((Shape(tokens=longest * int(plan.store.num_windows[group].sum()), length=longest), group))
    return groups

"""The learning rate over the steps: pure functions of (step, number of steps)."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from tunewright.core.config import Config


class ScheduleConfig(Config):
    """A rise, then a course."""

    name: Literal["constant", "linear", "cosine"] = "linear"
    """After the warm-up: stay, fall to zero in a line, or fall to zero along half a cosine."""
    warmup_share: float = Field(default=0.06, ge=0, lt=1)
    """Share of the steps in which the rate rises to its full height: a new head first sends large gradients down."""


def learning_rate_factor(step: int, *, num_steps: int, config: ScheduleConfig) -> float:
    """What the learning rate is multiplied by at a step counted from 0: in (0, 1], and exactly 1 after the warm-up.

    No step has a rate of zero, neither the first nor the last: each gradient that is paid for moves the weights.
    """
    warmup_steps = min(round(config.warmup_share * num_steps), num_steps - 1)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / (num_steps - warmup_steps)
    if config.name == "constant":
        return 1.0
    if config.name == "linear":
        return 1.0 - progress
    return 0.5 * (1.0 + math.cos(math.pi * progress))

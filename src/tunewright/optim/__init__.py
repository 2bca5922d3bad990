"""How the numbers move: optimisers, groups, schedules, clipping, averages. A new optimiser is a config and one line."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tunewright.optim.clip import clip_gradients, gradient_norm
from tunewright.optim.ema import EMA
from tunewright.optim.groups import parameter_groups
from tunewright.optim.muon import MuonConfig
from tunewright.optim.optimizers import (
    AdafactorConfig,
    AdagradConfig,
    AdamConfig,
    AdamWConfig,
    GdConfig,
    MomentumConfig,
    NesterovConfig,
    RMSpropConfig,
    SgdConfig,
)
from tunewright.optim.schedules import ScheduleConfig, learning_rate_factor
from tunewright.optim.settings import Group, OptimizerSettings
from tunewright.optim.state import load_optimizer_state, optimizer_state

OPTIMIZERS: dict[str, type[OptimizerSettings]] = {
    "gd": GdConfig,
    "sgd": SgdConfig,
    "momentum": MomentumConfig,
    "nesterov": NesterovConfig,
    "adagrad": AdagradConfig,
    "rmsprop": RMSpropConfig,
    "adam": AdamConfig,
    "adamw": AdamWConfig,
    "adafactor": AdafactorConfig,
    "muon": MuonConfig,
}
"""Every optimiser by the name that a recipe gives it."""

OptimizerConfig = Annotated[
    GdConfig
    | SgdConfig
    | MomentumConfig
    | NesterovConfig
    | AdagradConfig
    | RMSpropConfig
    | AdamConfig
    | AdamWConfig
    | AdafactorConfig
    | MuonConfig,
    Field(discriminator="name"),
]

__all__ = [
    "EMA",
    "OPTIMIZERS",
    "AdafactorConfig",
    "AdagradConfig",
    "AdamConfig",
    "AdamWConfig",
    "GdConfig",
    "Group",
    "MomentumConfig",
    "MuonConfig",
    "NesterovConfig",
    "OptimizerConfig",
    "OptimizerSettings",
    "RMSpropConfig",
    "ScheduleConfig",
    "SgdConfig",
    "clip_gradients",
    "gradient_norm",
    "learning_rate_factor",
    "load_optimizer_state",
    "optimizer_state",
    "parameter_groups",
]

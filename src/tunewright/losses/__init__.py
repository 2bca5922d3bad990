"""How wrong one row is. To add a loss: a config with `per_row`, and one line here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tunewright.losses.classification import CrossEntropyConfig, FocalConfig
from tunewright.losses.multi_label import BceConfig
from tunewright.losses.regression import HuberConfig, MseConfig
from tunewright.losses.settings import LossSettings

LOSSES: dict[str, type[LossSettings]] = {
    "cross_entropy": CrossEntropyConfig,
    "focal": FocalConfig,
    "bce": BceConfig,
    "mse": MseConfig,
    "huber": HuberConfig,
}
"""Every loss by the name that a recipe gives it."""

LossConfig = Annotated[
    CrossEntropyConfig | FocalConfig | BceConfig | MseConfig | HuberConfig, Field(discriminator="name")
]

__all__ = [
    "LOSSES",
    "BceConfig",
    "CrossEntropyConfig",
    "FocalConfig",
    "HuberConfig",
    "LossConfig",
    "LossSettings",
    "MseConfig",
]

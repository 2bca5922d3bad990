"""A number a row: squared error, and Huber's, which does not let outliers rule."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from tunewright.losses.settings import LossSettings, numbers


class MseConfig(LossSettings):
    """`(predicted - answer)^2`."""

    name: Literal["mse"] = "mse"
    """Which loss."""

    def per_row(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Predictions (B, 1), answers (B,) -> (B,)."""
        return F.mse_loss(*numbers(logits, targets), reduction="none")


class HuberConfig(LossSettings):
    """`d^2 / 2` up to a distance `d` of `delta`, then `delta * (d - delta / 2)`: a line."""

    name: Literal["huber"] = "huber"
    """Which loss."""
    delta: float = Field(default=1.0, gt=0)
    """Where the line begins, in standard deviations of the training answers."""

    def per_row(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Predictions (B, 1), answers (B,) -> (B,)."""
        return F.huber_loss(*numbers(logits, targets), reduction="none", delta=self.delta)

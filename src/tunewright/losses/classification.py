"""One of several classes: cross-entropy, and focal loss.

B  rows     C  classes
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from tunewright.losses.settings import ClassWeights, LossSettings, class_row_weights, wide


class CrossEntropyConfig(LossSettings):
    """`-log p(answer)`."""

    name: Literal["cross_entropy"] = "cross_entropy"
    """Which loss."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of the answer that is spread evenly over all classes: against overconfidence, and against wrong labels."""
    class_weights: ClassWeights = None
    """Weight of each class, in the order of the labels, or `balanced`: rare classes count more. They are part of
    a row's weight, so a step is divided by their sum; with smoothing, too, a row has the weight of its own class."""

    def per_row(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (B, C), classes (B,) -> (B,)."""
        return F.cross_entropy(wide(logits), targets, reduction="none", label_smoothing=self.label_smoothing)

    def row_weights(self, targets: npt.NDArray[Any], *, num_classes: int) -> npt.NDArray[np.float64]:
        """The weight of each row's class."""
        return class_row_weights(targets, num_classes=num_classes, class_weights=self.class_weights)


class FocalConfig(LossSettings):
    """`-(1 - p)^gamma * log p` of the answer: rows that are right already hardly count (Lin et al. 2017)."""

    name: Literal["focal"] = "focal"
    """Which loss."""
    gamma: float = Field(default=2.0, ge=0)
    """How much easy rows are discounted; 0 is cross-entropy."""
    class_weights: ClassWeights = None
    """Weight of each class, in the order of the labels, or `balanced`."""

    def per_row(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (B, C), classes (B,) -> (B,)."""
        log_p_B = F.log_softmax(wide(logits), dim=1).gather(1, targets[:, None]).squeeze(1)
        # 1 - p by expm1: exact near p = 1. The clamp keeps the slope of x^gamma finite at 0 for gamma < 1.
        not_p_B = (-log_p_B.expm1()).clamp_min(1e-12)
        return -(not_p_B**self.gamma) * log_p_B

    def row_weights(self, targets: npt.NDArray[Any], *, num_classes: int) -> npt.NDArray[np.float64]:
        """The weight of each row's class."""
        return class_row_weights(targets, num_classes=num_classes, class_weights=self.class_weights)

"""Any number of labels a row: each is a yes or no of its own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from tunewright.core.errors import RecipeError
from tunewright.losses.settings import LossSettings, wide


class BceConfig(LossSettings):
    """Binary cross-entropy, summed over the labels: `-log p(all answers of the row)`."""

    name: Literal["bce"] = "bce"
    """Which loss."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Answers become `smoothing / 2` and `1 - smoothing / 2`."""
    positive_weights: float | tuple[float, ...] = 1.0
    """How much a yes counts over a no: for all labels, or one for each. Above 1, rare labels are found more often."""

    def per_row(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (B, C), zeros and ones (B, C) -> (B,)."""
        logits_BC = wide(logits)
        targets_BC = targets.to(logits_BC.dtype) * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        if isinstance(self.positive_weights, tuple) and len(self.positive_weights) != logits_BC.shape[1]:
            raise RecipeError(
                f"`loss.positive_weights` has {len(self.positive_weights)} numbers, but there are {logits_BC.shape[1]} "
                "labels. Give one per label, in their order, or a single number."
            )
        weights_C = logits_BC.new_tensor(self.positive_weights)
        losses_BC = F.binary_cross_entropy_with_logits(logits_BC, targets_BC, pos_weight=weights_C, reduction="none")
        return losses_BC.sum(dim=1)

"""What every loss offers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tunewright.core.config import Config
from tunewright.core.errors import RecipeError

ClassWeights = Literal["balanced"] | tuple[float, ...] | None


class LossSettings(Config):
    """How wrong one row is: `l` in `sum w*l / sum w`. Never reduced over rows, never multiplied by their weights."""

    def per_row(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Logits (B, C) and targets (B,) or (B, C) -> `l` of each row (B,), in float32 or float64."""
        raise NotImplementedError

    def row_weights(self, targets: npt.NDArray[Any], *, num_classes: int) -> npt.NDArray[np.float64]:
        """The loss's part in `w`: what the weights of N training rows are multiplied by, (N,). By default ones."""
        return np.ones(len(targets))


def class_row_weights(
    targets: npt.NDArray[Any], *, num_classes: int, class_weights: ClassWeights
) -> npt.NDArray[np.float64]:
    """The weight of each row's class. `balanced`: every class has the same sum, and the mean over the rows is 1."""
    if class_weights is None:
        return np.ones(len(targets))
    if class_weights == "balanced":
        counts = np.bincount(targets, minlength=num_classes)
        weights = len(targets) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    else:
        weights = np.asarray(class_weights, np.float64)
        if len(weights) != num_classes:
            raise RecipeError(
                f"`loss.class_weights` has {len(weights)} numbers, but there are {num_classes} classes. "
                "Give one per class, in the order of the labels, or `balanced`."
            )
    return np.asarray(weights[targets], np.float64)


def wide(tensor: Tensor) -> Tensor:
    """The tensor in float32 at least: in bfloat16 a loss has two digits."""
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor


def numbers(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """One prediction (B,) and one answer (B,) a row, in one dtype, from logits (B, 1)."""
    assert logits.ndim == 1 or logits.shape[1] == 1, f"a number per row is asked for, got logits {tuple(logits.shape)}"
    predicted_B = wide(logits).reshape(-1)
    return predicted_B, targets.reshape(-1).to(predicted_B.dtype)

"""A number per text: a rating, a score, a similarity of two texts. Squared error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tunewright.core.errors import ModelError
from tunewright.tasks.task import Label, RowTask, row_logits, weighted_loss


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The numbers are learned as (y - mean) / deviation; afterwards the head is rescaled, so that the model says y."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, values: npt.NDArray[np.float64]) -> Scale:
        """From the answers of the training rows."""
        return cls(mean=float(values.mean()), deviation=float(values.std()) or 1.0)

    def fold_into(self, model: torch.nn.Module) -> None:
        """Rescale the last linear layer in place: logits become `logits * deviation + mean`."""
        heads = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m.out_features == 1]
        if not heads:
            raise ModelError(f"{type(model).__name__} has no linear layer with one output, so it can't learn numbers.")
        head = heads[-1]
        with torch.no_grad():
            head.weight.mul_(self.deviation)
            if head.bias is None:
                head.bias = torch.nn.Parameter(torch.zeros(1))
            head.bias.mul_(self.deviation).add_(self.mean)


def _find_labels(answers: Sequence[Label]) -> list[str]:
    return []


def _targets(answers: Sequence[Label], labels: Sequence[str]) -> npt.NDArray[np.float32]:
    return np.array([answer if isinstance(answer, (int, float)) else 0.0 for answer in answers], np.float32)


REGRESSION = RowTask(
    name="regression",
    kind="regression",
    default_loss="mse",
    primary_metric="rmse",
    find_labels=_find_labels,
    targets=_targets,
    objective=weighted_loss,
    logits=row_logits,
)

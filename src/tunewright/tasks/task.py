"""What a task is: the functions that differ between one kind of supervision and another.

N  rows     B  rows of a batch     C  classes, or 1 for a number
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy.typing as npt
import torch
from torch import Tensor

from tunewright.batching import Batch
from tunewright.core.config import Config
from tunewright.losses import LossSettings

Kind = Literal["single_label", "multi_label", "regression"]
Label = str | list[str] | float | None


class EncodeConfig(Config):
    """How texts become tokens."""

    max_length: int | None = None
    """Tokens of one example, special ones included. None: long enough for 99 of 100 texts, within the model's own limit."""
    long_texts: Literal["head", "head_tail", "windows"] = "head"
    """What is read of a longer text: its beginning, its beginning and end, or all of it in windows whose logits are averaged."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of supervision. All functions are pure."""

    name: str
    kind: Kind
    default_loss: str
    """Name in `losses.LOSSES`."""
    primary_metric: str
    """Name in `metrics.METRICS`: what early stopping watches and comparisons are about, unless the recipe says otherwise."""
    find_labels: Callable[[Sequence[Label]], list[str]]
    """The class names in their fixed order, from all answers; empty for numbers."""
    targets: Callable[[Sequence[Label], Sequence[str]], npt.NDArray[Any]]
    """Answers as an array (N,) or (N, C) for the token store; a missing answer gets any value (its weight is 0)."""
    objective: Callable[[torch.nn.Module, Batch, LossSettings], Tensor]
    """model, batch, loss -> `sum w*l` of each row, (B,), float32 or wider. Never averaged: there is one division, in the step."""
    logits: Callable[[torch.nn.Module, Batch], Tensor]
    """model, batch -> logits (B, C)."""


def weighted_loss(model: torch.nn.Module, batch: Batch, loss: LossSettings) -> Tensor:
    """`w * l` of each row, (B,), for tasks with one answer a row."""
    assert batch.targets is not None, "rows without answers can't be trained on"
    loss_B = loss.per_row(row_logits(model, batch), batch.targets)
    return loss_B * batch.weights_B.to(loss_B.dtype)


def row_logits(model: torch.nn.Module, batch: Batch) -> Tensor:
    """Logits (B, C) of a sequence classifier: the mean over each row's windows, as wide as the model computes."""
    logits_WC: Tensor = model(**batch.inputs).logits
    num_rows = len(batch.weights_B)
    if len(logits_WC) == num_rows:
        return logits_WC
    sums_BC = logits_WC.new_zeros(num_rows, logits_WC.shape[1]).index_add(0, batch.row_of_window_W, logits_WC)
    windows_B = torch.bincount(batch.row_of_window_W, minlength=num_rows)
    return sums_BC / windows_B[:, None].to(logits_WC.dtype)

"""Logits for many rows: sorted by length, in the order of the store, one pass.

In float32 a row's answer does not depend on the rows beside it (beyond the last bits of a sum).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tunewright.batching import Batch, CutConfig, ExampleSource, cut, make_batch
from tunewright.models.evaluating import evaluating
from tunewright.models.first_token import first_token_only
from tunewright.runtime import Machine, attention_kernel

Ints = npt.NDArray[np.int64]
_MOST_ROWS = 4096
"""Cut at a time: finding the best cut of so many takes no time worth mentioning."""


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """What the model says of N rows."""

    logits: npt.NDArray[np.float64]
    """(N, C)."""
    losses: npt.NDArray[np.float64] | None
    """(N,) `w*l` per row; None where no objective was given."""


def predict_rows(
    model: torch.nn.Module, store: ExampleSource, rows: npt.NDArray[np.int64], *,
    logits: Callable[[torch.nn.Module, Batch], Tensor], loss: Callable[[Tensor, Tensor], Tensor] | None,
    pad_id: int, batching: CutConfig, machine: Machine,
) -> Outputs:  # fmt: skip
    """Run the model over rows of the store, in evaluation mode, without gradients. `loss(logits, targets)` is per row."""
    place = {int(row): i for i, row in enumerate(rows)}
    all_logits: npt.NDArray[np.float64] | None = None
    losses = np.zeros(len(rows)) if loss else None
    with evaluating(model), first_token_only(model):
        for group in groups_of(store, rows, batching=batching):
            batch = make_batch(
                store, group, pad_id=pad_id, pad_to_multiple_of=batching.pad_to_multiple_of, device=machine.device
            )
            with machine.autocast(), attention_kernel(batch.length, device=machine.device):
                logits_BC = logits(model, batch).float()
            places = [place[int(row)] for row in group]
            values = logits_BC.double().cpu().numpy()
            if all_logits is None:
                all_logits = np.zeros((len(rows), values.shape[1]))
            all_logits[places] = values
            if loss and losses is not None and batch.targets is not None:
                losses[places] = loss(logits_BC, batch.targets).double().cpu().numpy()
    return Outputs(logits=all_logits if all_logits is not None else np.zeros((0, 0)), losses=losses)


def groups_of(store: ExampleSource, rows: Ints, *, batching: CutConfig) -> Iterator[Ints]:
    """The rows in groups of like length that are gone through together, the longest first."""
    by_length = rows[np.argsort(-store.lengths[rows], kind="stable")]
    for start in range(0, len(rows), _MOST_ROWS):
        some = by_length[start : start + _MOST_ROWS]
        yield from cut(some, lengths=store.lengths, windows=store.num_windows, config=batching)

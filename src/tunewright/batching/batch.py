"""A micro-batch as tensors.

B  rows            W  windows (W = B unless a long text has several)
T  tokens, padded  C  classes
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tunewright.batching.store import ExampleSource

INPUT_NAMES = {"input": "input_ids", "segment": "token_type_ids"}
"""From the names of streams to the argument names of models."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a model and an objective get. On one device."""

    inputs: dict[str, Tensor]
    """`input_ids` (W, T) int64, `attention_mask` (W, T) int64, and `token_type_ids` (W, T) where the model has them."""
    row_of_window_W: Tensor
    """(W,) int64: to which row of the batch each window belongs."""
    targets: Tensor | None
    """(B,) int64 or float32, or (B, C) float32."""
    weights_B: Tensor
    """(B,) float64: how much each row counts."""
    rows: npt.NDArray[np.int64]
    """(B,) the indices of the rows in the store."""

    @property
    def length(self) -> int:
        """T, padding included."""
        return self.inputs["input_ids"].shape[1]


def make_batch(
    store: ExampleSource, rows: npt.NDArray[np.int64], *, pad_id: int, pad_to_multiple_of: int = 1,
    counts: bool = True, device: torch.device | None = None,
) -> Batch:  # fmt: skip
    """Read rows of the store into a padded batch; with `counts=False` every weight is zero."""
    window_lengths = [np.asarray(store.streams["window"][row], np.int64) for row in rows]
    row_of_window = np.repeat(np.arange(len(rows)), [len(lengths) for lengths in window_lengths])
    lengths_W = np.concatenate(window_lengths)
    width = int(-(-lengths_W.max() // pad_to_multiple_of) * pad_to_multiple_of)
    # True where a token stands; filling through it row by row keeps the order of the stream.
    taken_WT = np.arange(width)[None, :] < lengths_W[:, None]

    inputs = {}
    for stream, name in INPUT_NAMES.items():
        if stream in store.streams:
            values = np.full(taken_WT.shape, pad_id if stream == "input" else 0, np.int64)
            values[taken_WT] = np.concatenate([store.streams[stream][row] for row in rows])
            inputs[name] = torch.from_numpy(values)
    inputs["attention_mask"] = torch.from_numpy(taken_WT.astype(np.int64))
    targets = None if store.targets is None else torch.from_numpy(np.array(store.targets[rows]))
    weights = torch.from_numpy(np.array(store.weights[rows], np.float64)) * (1.0 if counts else 0.0)
    return Batch(
        inputs={name: tensor.to(device) for name, tensor in inputs.items()},
        row_of_window_W=torch.from_numpy(row_of_window).to(device),
        targets=None if targets is None else targets.to(device),
        weights_B=weights.to(device),
        rows=rows,
    )

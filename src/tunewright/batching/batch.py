"""A micro-batch as tensors.

B  rows            W  windows (W = B unless a long text has several; 1 where all rows are packed into one line)
T  tokens, padded  U  places where something is predicted, padded: T, but for encoder-decoders
C  classes
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tunewright.batching.store import ExampleSource

INPUT_NAMES = {"input": "input_ids", "segment": "token_type_ids"}
"""From the names of streams to the argument names of models."""

Layout = Literal["padded", "packed"]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class TokenTargets:
    """What is to be predicted at each place, for tasks that are taught token by token. On one device.

    The place `u` of logits is about `ids[:, u]`: decoders' targets are shifted when rows are encoded, and nowhere else.
    """

    ids_WU: Tensor
    """(W, U) int64: a token of the vocabulary, or a tag."""
    weights_WU: Tensor
    """(W, U) float64: how much each place counts; 0 at padding and at everything that is not an answer."""
    kept_WU: Tensor
    """(W, U) bool: where the store has a weight above 0. The same in a micro-batch that only fills up."""
    row_WU: Tensor
    """(W, U) int64: to which row of the batch each place belongs."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a model and an objective get. On one device."""

    inputs: dict[str, Tensor]
    """`input_ids` (W, T) int64; `attention_mask` (W, T) int64, or where rows are packed `position_ids` (1, T), which begin
    at 0 for each row; `token_type_ids` (W, T) and `decoder_input_ids` (W, U) where the model has them."""
    row_of_window_W: Tensor
    """(W,) int64: to which row of the batch each window belongs. Packed: of each window before they were joined."""
    targets: Tensor | None
    """(B,) int64 or float32, or (B, C) float32, for tasks with one answer a row."""
    tokens: TokenTargets | None = None
    """For tasks with answers token by token."""
    weights_B: Tensor
    """(B,) float64: how much each row counts."""
    rows: Ints
    """(B,) the indices of the rows in the store."""
    num_tokens: int
    """Real tokens that the model reads, padding not counted."""

    @property
    def length(self) -> int:
        """T, padding included."""
        return self.inputs["input_ids"].shape[1]


def make_batch(
    store: ExampleSource, rows: Ints, *, pad_id: int, pad_to_multiple_of: int = 1, layout: Layout = "padded",
    counts: bool = True, device: torch.device | None = None,
) -> Batch:  # fmt: skip
    """Read rows of the store into a batch; with `counts=False` every weight is zero.

    `packed` puts all windows behind each other into one line without padding. It is for decoders that keep documents
    apart by `position_ids`; other models would let one row read its neighbour.
    """
    window_lengths = [np.asarray(store.streams["window"][row], np.int64) for row in rows]
    row_of_window = np.repeat(np.arange(len(rows)), [len(lengths) for lengths in window_lengths])
    places = _Places(np.concatenate(window_lengths), multiple=pad_to_multiple_of, layout=layout)

    arrays: dict[str, npt.NDArray[np.int64]] = {}
    for stream, name in INPUT_NAMES.items():
        if stream in store.streams:
            arrays[name] = places.fill(store, stream, rows, empty=pad_id if stream == "input" else 0).astype(np.int64)
    if layout == "packed":
        arrays["position_ids"] = places.positions()
    else:
        arrays["attention_mask"] = places.taken.astype(np.int64)
    tokens = None
    if "target" in store.streams:
        target_places = places
        if "decoder" in store.streams:
            lengths = np.array([len(store.streams["target"][row]) for row in rows], np.int64)
            target_places = _Places(lengths, multiple=pad_to_multiple_of, layout="padded")
            arrays["decoder_input_ids"] = target_places.fill(store, "decoder", rows, empty=pad_id).astype(np.int64)
        tokens = _token_targets(store, rows, target_places, row_of_window, counts=counts, device=device)
    targets = None if store.targets is None else torch.from_numpy(np.array(store.targets[rows]))
    weights = torch.from_numpy(np.array(store.weights[rows], np.float64)) * (1.0 if counts else 0.0)
    return Batch(
        inputs={name: torch.from_numpy(array).to(device) for name, array in arrays.items()},
        row_of_window_W=torch.from_numpy(row_of_window).to(device),
        targets=None if targets is None else targets.to(device),
        tokens=tokens,
        weights_B=weights.to(device),
        rows=rows,
        num_tokens=int(places.taken.sum()),
    )


class _Places:
    """Where the values of ragged rows go in a rectangle: each row a line of its own, or all in one line."""

    def __init__(self, lengths: Ints, *, multiple: int, layout: Layout) -> None:
        self.lengths = lengths
        longest = int(lengths.sum() if layout == "packed" else lengths.max(initial=0))
        width = max(1, -(-longest // multiple) * multiple)
        # True where a token stands; filling through it line by line keeps the order of the stream.
        if layout == "packed":
            self.taken: Bools = np.arange(width)[None, :] < longest
        else:
            self.taken = np.arange(width)[None, :] < lengths[:, None]

    def fill(self, store: ExampleSource, stream: str, rows: Ints, *, empty: float) -> npt.NDArray[np.generic]:
        """The values of a stream in their places, `empty` elsewhere."""
        values = np.concatenate([store.streams[stream][row] for row in rows])
        filled = np.full(self.taken.shape, empty, values.dtype)
        filled[self.taken] = values
        return filled

    def positions(self) -> Ints:
        """Of each token in its own window; padding at the end goes on as a document of its own."""
        filled = np.zeros(self.taken.shape, np.int64)
        filled[self.taken] = np.concatenate([np.arange(length) for length in self.lengths])
        padding = self.taken.shape[1] - int(self.lengths.sum())
        if self.taken.shape[0] == 1 and padding:
            filled[0, -padding:] = np.arange(padding)
        return filled

    def spread(self, values: Ints) -> Ints:
        """One value a window at each of its places; 0 elsewhere."""
        filled = np.zeros(self.taken.shape, np.int64)
        filled[self.taken] = np.repeat(values, self.lengths)
        return filled


def _token_targets(
    store: ExampleSource, rows: Ints, places: _Places, row_of_window: Ints, *, counts: bool, device: torch.device | None
) -> TokenTargets:
    weights = places.fill(store, "token_weight", rows, empty=0.0).astype(np.float64)
    return TokenTargets(
        ids_WU=torch.from_numpy(places.fill(store, "target", rows, empty=0).astype(np.int64)).to(device),
        weights_WU=torch.from_numpy(weights * (1.0 if counts else 0.0)).to(device),
        kept_WU=torch.from_numpy(weights > 0).to(device),
        row_WU=torch.from_numpy(places.spread(row_of_window)).to(device),
    )

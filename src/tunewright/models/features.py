"""One vector per text from a pretrained model whose weights don't move: the mean over its tokens, of one layer or of all.

N  texts     H  hidden size     W  windows     T  tokens, padded
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from tunewright.runtime import attention_kernel

Ints = npt.NDArray[np.int64]
_NO_TEXTS: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)


class _Ragged(Protocol):
    @property
    def values(self) -> npt.NDArray[Any]: ...
    @property
    def offsets(self) -> npt.NDArray[Any]: ...


class Tokens(Protocol):
    """What is read of a token store: the streams `input`, `window` and, where there is one, `segment`."""

    @property
    def streams(self) -> Any:
        """Ragged streams by name, each with `values` and `offsets`."""
        ...


@dataclass(frozen=True, kw_only=True)
class LayerFeatures:
    """Two kinds of features of the same texts, from one pass."""

    last_NH: npt.NDArray[np.float32]
    """Of the last layer: what a head would read."""
    mean_NH: npt.NDArray[np.float32]
    """The mean over all layers above the embeddings: what a task needs may stand anywhere in them."""


def pooled_features(
    model: Any, tokens: Tokens, *, device: torch.device | None = None, max_tokens: int = 8192
) -> npt.NDArray[np.float32]:
    """Mean-pooled features of every text, (N, H): the last layer over all tokens, then over the windows of a text.

    `model` comes from `load_features_model`. Sorted by length and batched up to `max_tokens` padded tokens, which
    changes speed and not the result.
    """
    pooled = _pooled(model, tokens, lambda outputs: [outputs.last_hidden_state], device=device, max_tokens=max_tokens)
    return pooled[0] if pooled else _NO_TEXTS


def layer_features(
    model: Any, tokens: Tokens, *, device: torch.device | None = None, max_tokens: int = 8192
) -> LayerFeatures:
    """`pooled_features`, and beside them the same pooling of the mean over all layers above the embeddings."""

    def read(outputs: Any) -> list[torch.Tensor]:
        # Some architectures norm what the last layer gives only in `last_hidden_state`.
        layers = [*outputs.hidden_states[1:-1], outputs.last_hidden_state]
        return [outputs.last_hidden_state, torch.stack([layer.float() for layer in layers]).mean(dim=0)]

    pooled = _pooled(model, tokens, read, device=device, max_tokens=max_tokens, output_hidden_states=True)
    last_NH, mean_NH = pooled or (_NO_TEXTS, _NO_TEXTS)
    return LayerFeatures(last_NH=last_NH, mean_NH=mean_NH)


def _pooled(
    model: Any, tokens: Tokens, read: Callable[[Any], list[torch.Tensor]], *, device: torch.device | None,
    max_tokens: int, **options: Any,
) -> list[npt.NDArray[np.float32]]:  # fmt: skip
    """What `read` takes of the model's outputs, each (W, T, H), pooled over tokens and windows to (N, H); empty for no texts."""
    device = device or torch.device("cpu")
    model = model.to(device)
    windows = _Windows(tokens)
    pooled: list[npt.NDArray[np.float32]] = []
    with torch.inference_mode():
        for batch in windows.batches(max_tokens):
            inputs = {name: tensor.to(device) for name, tensor in windows.inputs(batch).items()}
            with attention_kernel(inputs["attention_mask"].shape[1], device=device):
                states = [hidden_WTH.float() for hidden_WTH in read(model(**inputs, **options))]
            mask_WT1 = inputs["attention_mask"].unsqueeze(-1).to(states[0].dtype)
            if not pooled:
                pooled = [np.zeros((len(windows.lengths), hidden_WTH.shape[2]), np.float32) for hidden_WTH in states]
            for pooled_WH, hidden_WTH in zip(pooled, states, strict=True):
                mean_WH = (hidden_WTH * mask_WT1).sum(dim=1) / mask_WT1.sum(dim=1)
                pooled_WH[batch] = mean_WH.cpu().numpy()
    per_text_N1 = windows.per_text[:, None]
    return [
        (np.add.reduceat(pooled_WH, windows.first_of_text, axis=0) / per_text_N1).astype(np.float32)
        for pooled_WH in pooled
    ]


class _Windows:
    """The windows of all texts, each by its place among all."""

    def __init__(self, tokens: Tokens) -> None:
        window: _Ragged = tokens.streams["window"]
        self.lengths: Ints = np.asarray(window.values, np.int64)
        self.starts: Ints = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        self.first_of_text: Ints = np.asarray(window.offsets[:-1], np.int64)
        ends: Ints = np.asarray(window.offsets[1:], np.int64)
        self.per_text: Ints = ends - self.first_of_text
        self._ids = tokens.streams["input"].values
        self._segments = tokens.streams["segment"].values if "segment" in tokens.streams else None

    def batches(self, max_tokens: int) -> Iterator[Ints]:
        """Places of windows, longest first, so that a lack of memory shows at once."""
        order = np.lexsort((np.arange(len(self.lengths)), -self.lengths))
        start = 0
        while start < len(order):
            size = max(1, max_tokens // int(self.lengths[order[start]]))
            yield order[start : start + size]
            start += size

    def inputs(self, batch: Ints) -> dict[str, torch.Tensor]:
        """Padded tensors (W, T); the id of a padded place does not matter, its mask is 0."""
        width = int(self.lengths[batch].max())
        taken_WT = np.arange(width)[None, :] < self.lengths[batch][:, None]
        inputs = {"attention_mask": torch.from_numpy(taken_WT.astype(np.int64))}
        for name, values in (("input_ids", self._ids), ("token_type_ids", self._segments)):
            if values is not None:
                filled_WT = np.zeros(taken_WT.shape, np.int64)
                filled_WT[taken_WT] = np.concatenate([values[self.starts[w] : self.starts[w + 1]] for w in batch])
                inputs[name] = torch.from_numpy(filled_WT)
        return inputs

"""One vector per text from a pretrained model whose weights don't move: the mean over its tokens.

N  texts     H  hidden size     W  windows     T  tokens, padded
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from tunewright.runtime import attention_kernel

Ints = npt.NDArray[np.int64]


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


def pooled_features(
    model: Any, tokens: Tokens, *, device: torch.device | None = None, max_tokens: int = 8192
) -> npt.NDArray[np.float32]:
    """Mean-pooled features of every text, (N, H): the last layer over all tokens, then over the windows of a text.

    `model` comes from `load_features_model`. Sorted by length and batched up to `max_tokens` padded tokens, which
    changes speed and not the result.
    """
    device = device or torch.device("cpu")
    model = model.to(device)
    windows = _Windows(tokens)
    pooled_WH: npt.NDArray[np.float32] | None = None
    with torch.inference_mode():
        for batch in windows.batches(max_tokens):
            inputs = {name: tensor.to(device) for name, tensor in windows.inputs(batch).items()}
            with attention_kernel(inputs["attention_mask"].shape[1], device=device):
                hidden_WTH = model(**inputs).last_hidden_state.float()
            mask_WT1 = inputs["attention_mask"].unsqueeze(-1).to(hidden_WTH.dtype)
            mean_WH = (hidden_WTH * mask_WT1).sum(dim=1) / mask_WT1.sum(dim=1)
            if pooled_WH is None:
                pooled_WH = np.zeros((len(windows.lengths), mean_WH.shape[1]), np.float32)
            pooled_WH[batch] = mean_WH.cpu().numpy()
    if pooled_WH is None:
        return np.zeros((0, 0), np.float32)
    return (np.add.reduceat(pooled_WH, windows.first_of_text, axis=0) / windows.per_text[:, None]).astype(np.float32)


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

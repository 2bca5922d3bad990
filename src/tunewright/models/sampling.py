"""What the search is told at each step: which token a row draws, what it has said too often, and when to stop.

Passed to transformers' `generate`, which asks for scores, takes the largest, and asks whether each row is done. So drawing is
done here, by leaving one token in: then each row has a generator of its own, and what it draws has nothing to do with the
rows beside it.

B  rows (rows times beams, in a beam search)     T  tokens so far, padded on the left     V  vocabulary
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from tunewright.core.text import digest

_TAIL = 32
"""Tokens at the end of a text that are looked at for a stop string, besides as many as its letters."""


class Draw:
    """Leaves one token of each row's distribution, drawn by the row's own generator."""

    def __init__(self, keys: Sequence[str], *, seed: int, temperature: float, top_k: int, top_p: float) -> None:
        from transformers import LogitsProcessorList, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

        self._generators = [np.random.default_rng(int(digest(f"sample/{seed}/{key}")[:15], 16)) for key in keys]
        warpers = [TemperatureLogitsWarper(temperature)] if temperature != 1.0 else []
        warpers += [TopKLogitsWarper(top_k)] if top_k else []
        warpers += [TopPLogitsWarper(top_p)] if top_p < 1.0 else []
        self._warp = LogitsProcessorList(warpers)

    def __call__(self, ids_BT: Tensor, scores_BV: Tensor) -> Tensor:
        """One number between 0 and 1 a row says how far along the cumulated probabilities its token stands."""
        probabilities = self._warp(ids_BT, scores_BV).double().softmax(-1)
        along = torch.tensor([[generator.random()] for generator in self._generators], dtype=torch.float64)
        sums = probabilities.cumsum(-1)
        # Scaled by the last sum, which is 1 but for rounding: then there always is a token behind the place.
        drawn = torch.searchsorted(sums, along.to(sums.device) * sums[:, -1:], right=True)
        left = torch.full_like(scores_BV, -torch.inf)
        return left.scatter(-1, drawn, 0.0)


class PenalizeRepetition:
    """Divides positive scores of tokens that stand in the text already, and multiplies negative ones (arXiv:1909.05858).

    transformers' own counts padding as text, so that a row's answer would depend on how long its neighbours are.
    """

    def __init__(self, penalty: float, num_padding_B: Tensor) -> None:
        self._penalty = penalty
        self._num_padding_B = num_padding_B

    def __call__(self, ids_BT: Tensor, scores_BV: Tensor) -> Tensor:
        """The scores, those of tokens already said made smaller."""
        copies = len(ids_BT) // len(self._num_padding_B)
        padding = self._num_padding_B.repeat_interleave(copies)[:, None]
        is_text = torch.arange(ids_BT.shape[1], device=ids_BT.device)[None, :] >= padding
        said = torch.zeros_like(scores_BV, dtype=torch.int64).scatter_add(-1, ids_BT, is_text.long()) > 0
        smaller = torch.where(scores_BV > 0, scores_BV / self._penalty, scores_BV * self._penalty)
        return torch.where(said, smaller, scores_BV)


class StopAt:
    """Says which rows hold a stop string behind their prompt."""

    def __init__(self, stop_strings: Sequence[str], *, prompt_length: int, decode: Callable[[list[int]], str]) -> None:
        self._stop_strings = stop_strings
        self._prompt_length = prompt_length
        self._decode = decode
        self._tail = _TAIL + max(len(text.encode()) for text in stop_strings)

    def __call__(self, ids_BT: Tensor, scores: object, **_: object) -> Tensor:
        """(B,) True where the newest token completed a stop string."""
        new = ids_BT[:, self._prompt_length :][:, -self._tail :].tolist()
        found = [any(stop in self._decode(row) for stop in self._stop_strings) for row in new]
        return torch.tensor(found, dtype=torch.bool, device=ids_BT.device)


class StopWhen:
    """Ends everything as soon as it is told to, from another thread."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked = asked

    def __call__(self, ids_BT: Tensor, scores: object, **_: object) -> Tensor:
        """(B,) True once it was told."""
        return torch.full((len(ids_BT),), self._asked(), dtype=torch.bool, device=ids_BT.device)

"""Rows of tokens as rectangles: which go together, and where their padding is.

B  rows     T  tokens, padded
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Ints = npt.NDArray[np.int64]
Tokens = npt.NDArray[np.int32]


def groups_by_length(lengths: Ints, *, most_tokens: int, extra: Ints | None = None, copies: int = 1) -> Iterator[Ints]:
    """Indices of rows that go together, the longest first: `copies * (longest + extra) * rows` is at most `most_tokens`.

    `extra` are tokens that each row may grow by; rows of a group all have the same. A row too large for the limit goes alone.
    """
    growth = np.zeros(len(lengths), np.int64) if extra is None else extra
    order = np.lexsort((np.arange(len(lengths)), -lengths, -growth))
    start = 0
    while start < len(order):
        first = order[start]
        fitting = max(1, int(most_tokens // max(1, copies * (lengths[first] + growth[first]))))
        same = int(np.searchsorted(-growth[order], -growth[first], side="right"))
        yield order[start : min(start + fitting, same)]
        start = min(start + fitting, same)


def rectangle(
    rows: Sequence[Tokens], *, fill: int, side: Literal["left", "right"], device: torch.device | None
) -> tuple[Tensor, Tensor]:
    """Token ids (B, T) and a mask (B, T), 1 where a token stands; `side` is where the padding is."""
    width = max(1, max(len(row) for row in rows))
    ids, mask = np.full((len(rows), width), fill, np.int64), np.zeros((len(rows), width), np.int64)
    for line, row in enumerate(rows):
        place = slice(width - len(row), width) if side == "left" else slice(0, len(row))
        ids[line, place], mask[line, place] = row, 1
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)

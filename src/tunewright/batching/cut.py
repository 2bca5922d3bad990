"""How the examples of a step are cut into micro-batches: by length, at the least cost, within a memory limit.

A micro-batch of b windows padded to t tokens costs `b * t + overhead_tokens`. Sorted by length, the cheapest cut into
consecutive groups is found by dynamic programming; it depends on lengths alone, so every rank finds the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tunewright.core.config import Config

Ints = npt.NDArray[np.int64]

GROUP_LIMIT = 512
"""No micro-batch has more rows than this: bounds the search, and nothing gets faster beyond it."""


class CutConfig(Config):
    """Limits of a micro-batch. They change speed and memory, never the result (with dropout off, not a single gradient)."""

    max_tokens: int = 8192
    """Padded tokens in one micro-batch, at most; a single longer row still goes through alone. Bounds the memory."""
    overhead_tokens: int = 64
    """What starting a micro-batch costs, in tokens' worth of time. Low values cut finer: less padding, more calls."""
    pad_to_multiple_of: int = 1
    """Sequence lengths are rounded up to this; 8 helps GPUs."""
    layout: Literal["padded", "packed"] = "padded"
    """`packed` lays the rows of a micro-batch behind each other without padding, for decoders that are found to keep them
    apart; it pays where a device has attention of variable length. Changes no gradient."""


def cut(rows: Ints, *, lengths: Ints, windows: Ints, config: CutConfig) -> list[Ints]:
    """The rows (indices) of a step as micro-batches, longest first; `lengths` and `windows` are per row of the store."""
    if not len(rows):
        return []
    order = rows[np.lexsort((rows, -lengths[rows]))]
    step = config.pad_to_multiple_of
    padded = -(-lengths[order] // step) * step
    count = np.concatenate([[0], np.cumsum(windows[order])])
    # best[j]: least cost of cutting the first j rows; the group i..j-1 is padded to its first row, the longest.
    best = np.full(len(order) + 1, np.inf)
    best[0] = 0
    start = np.zeros(len(order) + 1, np.int64)
    for j in range(1, len(order) + 1):
        i = np.arange(max(0, j - GROUP_LIMIT), j)
        tokens = (count[j] - count[i]) * padded[i]
        cost = np.where((tokens <= config.max_tokens) | (i == j - 1), best[i] + tokens + config.overhead_tokens, np.inf)
        pick = int(np.argmin(cost))
        best[j], start[j] = cost[pick], i[pick]
    groups: list[Ints] = []
    j = len(order)
    while j > 0:
        groups.append(order[start[j] : j])
        j = int(start[j])
    return groups[::-1]


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One micro-batch as dealt to a rank."""

    rows: Ints
    index: int
    """Its place among all micro-batches of the step: names its dropout, whichever rank computes it."""
    counts: bool
    """False for the ones that only fill up: their weights are zero."""


def deal(groups: list[Ints], *, rank: int, num_ranks: int) -> list[Piece]:
    """This rank's micro-batches; every rank gets the same number, filled up with ones that don't count."""
    rounds = -(-len(groups) // num_ranks)
    places = range(rank, rounds * num_ranks, num_ranks)
    last = len(groups) - 1
    return [
        Piece(rows=groups[p], index=p, counts=True)
        if p <= last
        else Piece(rows=groups[last][:1], index=p, counts=False)
        for p in places
    ]

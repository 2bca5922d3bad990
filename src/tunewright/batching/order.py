"""Which examples make a step: a pure function of (seed, step, lengths), the same on every machine and number of ranks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

BLOCK_STEPS = 50
"""With steps by length, the rows of so many steps are drawn at random and then sorted; of fewer where an epoch has fewer
than four times as many, so that rows still meet others in each epoch."""


def num_steps_per_epoch(num_rows: int, examples_per_step: int) -> int:
    """Steps that see each row once; the last one may be smaller."""
    return -(-num_rows // examples_per_step)


def rows_of_step(step: int, *, num_rows: int, examples_per_step: int, seed: int, lengths: Ints | None = None) -> Ints:
    """Positions of the examples of optimiser step `step` (from 0): each row once in an epoch, in a new order each epoch.

    With `lengths`, (num_rows,), the rows of a step are of similar length: rows in random order are taken in blocks of many
    steps, each block is sorted and cut into steps, and the steps of the epoch are done in random order. Rows that do not
    fill a step are random ones, and make the last step in either case.
    """
    epoch, place = divmod(step, num_steps_per_epoch(num_rows, examples_per_step))
    order = _permutation(num_rows, (seed, epoch))
    num_full = num_rows // examples_per_step
    if lengths is None or place >= num_full:
        return order[place * examples_per_step : (place + 1) * examples_per_step]
    # A name of three numbers can't be the name of an order of rows, which has two.
    place = int(_permutation(num_full, (seed, epoch, 1))[place])
    block_steps = min(BLOCK_STEPS, max(1, num_full // 4))
    block, place_in_block = divmod(place, block_steps)
    first, end = block * block_steps, min((block + 1) * block_steps, num_full)
    rows = order[first * examples_per_step : end * examples_per_step]
    by_length = rows[np.argsort(-lengths[rows], kind="stable")]  # equal lengths stay in their random order
    return by_length[place_in_block * examples_per_step :][:examples_per_step]


@lru_cache(maxsize=4)
def _permutation(size: int, name: tuple[int, ...]) -> Ints:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(name))).permutation(size)

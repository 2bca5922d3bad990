"""Which examples make a step: a pure function of (seed, step), the same on every machine and number of ranks."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def num_steps_per_epoch(num_rows: int, examples_per_step: int) -> int:
    """Steps that see each row once; the last one may be smaller."""
    return -(-num_rows // examples_per_step)


def rows_of_step(step: int, *, num_rows: int, examples_per_step: int, seed: int) -> Ints:
    """Positions of the examples of optimiser step `step` (from 0): each row once in an epoch, in a new order each epoch."""
    epoch, step_in_epoch = divmod(step, num_steps_per_epoch(num_rows, examples_per_step))
    start = step_in_epoch * examples_per_step
    return _order(num_rows, seed, epoch)[start : start + examples_per_step]


@lru_cache(maxsize=2)
def _order(num_rows: int, seed: int, epoch: int) -> Ints:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch]))).permutation(num_rows)

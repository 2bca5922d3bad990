"""Cutting rows by their time: the newest are test, those before them validation, the past is train.

Rows of one instant never part, so that "later than all of train" holds for every row of test; a side may therefore be
somewhat larger or smaller than its share.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import DataError
from tunewright.data.keys import Side
from tunewright.data.marks import SIDES


def cut_by_time(time_P: npt.NDArray[np.int64], *, shares: dict[Side, float], must_fill: bool) -> npt.NDArray[np.int8]:
    """The number of each row's side. `must_fill`: no side that was asked for may stay empty.

    Raises: DataError when there are fewer different times than sides.
    """
    side_P = np.zeros(len(time_P), np.int8)
    times, instant_P, count_T = np.unique(time_P, return_inverse=True, return_counts=True)
    wanted = [side for side in ("test", "validation") if shares.get(side, 0.0)]
    if len(times) <= len(wanted):
        if not must_fill:
            return side_P
        raise DataError(
            f"{len(time_P):,} labelled rows have {len(times):,} different times; a split by time into "
            f"train, {' and '.join(reversed(wanted))} needs at least {len(wanted) + 1}. Name a finer column, "
            "or leave `split.by_time` out."
        )
    last = len(times)
    for place, side in enumerate(wanted):
        # The sides that follow, and train, need an instant each.
        first_possible, last_possible = len(wanted) - place, last - 1
        rows_from = np.cumsum(count_T[:last][::-1])[::-1]
        target = shares[side] * len(time_P)  # type: ignore[index]
        possible = np.arange(first_possible, last_possible + 1)
        first = int(possible[np.argmin(np.abs(rows_from[possible] - target))])
        side_P[(instant_P >= first) & (instant_P < last)] = SIDES.index(side)
        last = first
    return side_P

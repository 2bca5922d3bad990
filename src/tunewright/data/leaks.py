"""Leaks: rows of a weaker side of the split whose text also stands on a stronger one, found and accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tunewright.data.keys import Side
from tunewright.data.marks import SIDES, Ints


@dataclass(frozen=True, kw_only=True)
class Leak:
    """One row, why it is named, and the two sides."""

    place: int
    action: Literal["dropped", "noted"]
    reason: str
    before: Side
    after: Side


class Leaks:
    """Collects the rows of train (or of validation) that also stand on a stronger side, and why they go."""

    def __init__(self, rows: int) -> None:
        self.dropped_N = np.zeros(rows, bool)
        self._found: list[tuple[Ints, Ints, Ints, Literal["dropped", "noted"], str]] = []

    def drop(self, side_N: Ints, places: Ints, *, by: Ints, reason: str, ours: bool = False) -> None:
        """Drop rows whose number in `by` also stands on a stronger side."""
        self.add("dropped", reason, *self._weaker(side_N, places, by=by, ours=ours))

    def note(self, side_N: Ints, places: Ints, *, by: Ints, reason: str) -> None:
        """Note the rows that stay where they are."""
        self.add("noted", reason, *self._weaker(side_N, places, by=by, ours=False))

    def add(self, action: Literal["dropped", "noted"], reason: str, places: Ints, before: Ints, after: Ints) -> None:
        """Enter rows with the side they are on and the side that is why."""
        if action == "dropped":
            self.dropped_N[places] = True
        self._found.append((places, before, after, action, reason))

    def __iter__(self) -> Iterator[Leak]:
        return self.between(0, len(self.dropped_N))

    def between(self, low: int, high: int) -> Iterator[Leak]:
        """The leaks of a range of rows, row by row; of one row in the order in which they were found."""
        found: list[tuple[int, Leak]] = []
        for places, before, after, action, reason in self._found:
            inside = slice(*np.searchsorted(places, [low, high]))
            for place, one, other in zip(
                places[inside].tolist(), before[inside].tolist(), after[inside].tolist(), strict=True
            ):
                leak = Leak(place=place, action=action, reason=reason, before=SIDES[one], after=SIDES[other])
                found.append((place, leak))
        return (leak for _, leak in sorted(found, key=lambda pair: pair[0]))

    def _weaker(self, side_N: Ints, places: Ints, *, by: Ints, ours: bool) -> tuple[Ints, Ints, Ints]:
        """Rows of train, and those still to be placed, whose number stands in validation or test.

        Where the cut is `ours`, also rows of validation whose number stands in test; a validation split that the file
        gives is left as it is.
        """
        places = places[~self.dropped_N[places]]
        if not len(places):
            return places, places, places
        by, side = by[places], side_N[places]
        strongest: npt.NDArray[np.int8] = np.zeros(int(by.max()) + 1, np.int8)
        np.maximum.at(strongest, by, np.maximum(side, 0).astype(np.int8))
        now = np.maximum(side, 0)
        after = strongest[by]
        leaks = (after > now) & ((side <= 0) | (ours & (side == SIDES.index("validation"))))
        return places[leaks], now[leaks], after[leaks]

"""Cutting rows by share: which unit goes to which side, with the shares of classes kept.

Deterministic in (seed, content): strata get whole-row quotas by largest remainder, units fill them in the order of
hash(seed, key). A unit leaves train only if train keeps a row of each of its classes. Nothing here knows of files or of
splits that are given.

Letters: U units.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tunewright.core.errors import DataError
from tunewright.core.text import digest
from tunewright.data.keys import Kind, Side
from tunewright.data.marks import SIDES, Ints, Marks
from tunewright.data.units import Units, class_counts, units

_LOOKED_AT = 4096
"""Units that become Python numbers at a time."""


class TooFewRows(DataError):
    """The rows can't be divided as it was asked for."""


def cut(
    marks: Marks, places: Ints, *, shares: dict[Side, float], kind: Kind, seed: int, must_fill: bool
) -> tuple[Ints, Ints]:
    """Places of these rows and the number of each one's side. `must_fill`: no side that was asked for may stay empty.

    Raises: TooFewRows when `must_fill` can't be met.
    """
    train = _Train(marks, units(marks, places, kind=kind))
    side_U = np.zeros(len(train.units), np.int8)
    for side, share in shares.items():
        if not share:
            continue
        taken = _take(train, quotas=_quotas(train, share=share, at_least=int(must_fill), seed=seed))
        if not taken and must_fill:
            taken = _smallest(train)
        if not taken and must_fill:
            raise _too_few(train, side=side)
        side_U[taken] = SIDES.index(side)
    return train.units.rows_P, train.units.spread(side_U)


class _Train:
    """The units that are still in train, all of them in the beginning, and how many rows of each class it has."""

    def __init__(self, marks: Marks, all_units: Units) -> None:
        self.units = all_units
        self.size_U = all_units.size_U
        self.here_U = np.ones(len(all_units), bool)
        self._marks = marks
        self._count = len(all_units)
        self._rows = class_counts(marks, all_units.rows_P)
        by_stratum = np.argsort(all_units.stratum_U, kind="stable")
        bounds = np.searchsorted(all_units.stratum_U[by_stratum], np.arange(len(all_units.strata) + 1))
        self.strata: dict[str, Ints] = {
            name: by_stratum[bounds[number] : bounds[number + 1]]
            for number, name in enumerate(all_units.strata)
            if bounds[number] < bounds[number + 1]
        }

    def may_lose(self, unit: int) -> bool:
        """Whether train still knows each class, and is not empty, without this unit."""
        if not self.here_U[unit] or self._count <= 1:
            return False
        return all(self._rows[name] > count for name, count in self._classes(unit).items())

    def lose(self, unit: int) -> None:
        """Take a unit out of train."""
        self.here_U[unit] = False
        self._count -= 1
        self._rows.subtract(self._classes(unit))

    def _classes(self, unit: int) -> Counter[str]:
        answers = self._marks.answer_N[self.units.rows(unit)].tolist()
        return Counter(name for answer in answers for name in self._marks.answers[answer])


def _quotas(train: _Train, *, share: float, at_least: int, seed: int) -> dict[str, int]:
    """Rows to take from each stratum: its share, rounded so that the sum is right (largest remainder).

    A stratum keeps one row for train.
    """
    rows = {name: int(train.size_U[members].sum()) for name, members in train.strata.items()}
    room = {
        name: max(0, int(train.size_U[members[train.here_U[members]]].sum()) - 1)
        for name, members in train.strata.items()
    }
    quotas = {name: min(math.floor(share * rows[name] + 1e-9), room[name]) for name in rows}
    missing = max(at_least, round(share * sum(rows.values()))) - sum(quotas.values())
    by_remainder = sorted(
        (name for name in rows if quotas[name] < room[name]),
        key=lambda name: (quotas[name] - share * rows[name], digest(str(seed), "stratum", name)),
    )
    for name in by_remainder[: max(0, missing)]:
        quotas[name] += 1
    return quotas


def _take(train: _Train, *, quotas: dict[str, int]) -> list[int]:
    """The units that leave train: stratum by stratum, then from all strata what large units left open."""
    taken: list[int] = []
    still_open = 0
    for name in sorted(quotas, key=lambda name: (-quotas[name], name)):
        still_open = _fill(train, train.strata[name], still_open + quotas[name], taken)
    _fill(train, np.arange(len(train.units)), still_open, taken)
    return taken


def _fill(train: _Train, candidates: Ints, quota: int, taken: list[int]) -> int:
    """Move units from train to `taken` while that brings the quota nearer; what is left open of it."""
    if quota <= 0:
        return quota
    for unit, size in _one_by_one(candidates, train.size_U):
        if size <= 2 * quota and train.may_lose(unit):
            train.lose(unit)
            taken.append(unit)
            quota -= size
            if quota <= 0:
                break
    return quota


def _one_by_one(candidates: Ints, size_U: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    for low in range(0, len(candidates), _LOOKED_AT):
        some = candidates[low : low + _LOOKED_AT]
        yield from zip(some.tolist(), size_U[some].tolist(), strict=True)


def _smallest(train: _Train) -> list[int]:
    """The smallest unit that may leave train: a side that holds too much is better than none."""
    for unit in np.argsort(train.size_U, kind="stable").tolist():
        if train.may_lose(unit):
            train.lose(unit)
            return [unit]
    return []


def _too_few(train: _Train, *, side: Side) -> TooFewRows:
    rows = int(train.size_U.sum())
    return TooFewRows(
        f"{rows:,} labelled rows in {len(train.units):,} units (groups, or clusters of equal texts) can't be "
        f"divided: nothing is left for {side}, because train must keep a row of each class. "
        "Label more rows, group by a finer column, or set `split.validation` or `split.test` to 0."
    )

"""Cutting rows by share: which unit goes to which side, with the shares of classes kept.

Deterministic in (seed, content): strata get whole-row quotas by largest remainder, units fill them in the order of
hash(seed, key). A unit leaves train only if train keeps a row of each of its classes. Nothing here knows of files or of
splits that are given.
"""

from __future__ import annotations

import math
from collections import Counter

from tunewright.core.errors import DataError
from tunewright.core.text import digest
from tunewright.data.keys import Kind, Side
from tunewright.data.units import Marks, Unit, classes, units


def cut(
    marks: Marks, places: list[int], *, shares: dict[Side, float], kind: Kind, seed: int, must_fill: bool
) -> dict[int, Side]:
    """The side of each of these rows. `must_fill`: no side that was asked for may stay empty.

    Raises: DataError when `must_fill` can't be met.
    """
    train = _Train(marks, units(marks, places, kind=kind, seed=seed))
    sides: dict[int, Side] = dict.fromkeys(places, "train")
    for side, share in shares.items():
        if not share:
            continue
        taken = _take(train, quotas=_quotas(train, share=share, at_least=int(must_fill), seed=seed))
        if not taken and must_fill:
            taken = _smallest(train)
        if not taken and must_fill:
            raise _too_few(train, side=side)
        for unit in taken:
            sides.update(dict.fromkeys(unit.rows, side))
    return sides


class _Train:
    """The units that are still in train, all of them in the beginning, and how many rows of each class it has."""

    def __init__(self, marks: Marks, all_units: list[Unit]) -> None:
        self.all_units = all_units
        self.units = dict.fromkeys(all_units)
        self._classes = {
            unit: Counter(name for row in unit.rows for name in classes(marks.label[row])) for unit in all_units
        }
        self._rows = Counter(name for counts in self._classes.values() for name in counts.elements())
        self.strata: dict[str, list[Unit]] = {}
        for unit in all_units:
            self.strata.setdefault(unit.stratum, []).append(unit)

    def may_lose(self, unit: Unit) -> bool:
        """Whether train still knows each class, and is not empty, without this unit."""
        stays = len(self.units) > 1 and all(self._rows[name] > count for name, count in self._classes[unit].items())
        return unit in self.units and stays

    def lose(self, unit: Unit) -> None:
        """Take a unit out of train."""
        del self.units[unit]
        self._rows.subtract(self._classes[unit])


def _quotas(train: _Train, *, share: float, at_least: int, seed: int) -> dict[str, int]:
    """Rows to take from each stratum: its share, rounded so that the sum is right (largest remainder).

    A stratum keeps one row for train.
    """
    rows = {name: sum(len(unit.rows) for unit in members) for name, members in train.strata.items()}
    room = {
        name: max(0, sum(len(unit.rows) for unit in members if unit in train.units) - 1)
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


def _take(train: _Train, *, quotas: dict[str, int]) -> list[Unit]:
    """The units that leave train: stratum by stratum, then from all strata what large units left open."""
    taken: list[Unit] = []
    still_open = 0
    for name in sorted(quotas, key=lambda name: (-quotas[name], name)):
        still_open = _fill(train, train.strata[name], still_open + quotas[name], taken)
    _fill(train, train.all_units, still_open, taken)
    return taken


def _fill(train: _Train, candidates: list[Unit], quota: int, taken: list[Unit]) -> int:
    """Move units from train to `taken` while that brings the quota nearer; what is left open of it."""
    for unit in candidates:
        if quota <= 0:
            break
        if len(unit.rows) <= 2 * quota and train.may_lose(unit):
            train.lose(unit)
            taken.append(unit)
            quota -= len(unit.rows)
    return quota


def _smallest(train: _Train) -> list[Unit]:
    """The smallest unit that may leave train: a side that holds too much is better than none."""
    free = [unit for unit in train.all_units if train.may_lose(unit)]
    smallest = min(free, key=lambda unit: (len(unit.rows), unit.order), default=None)
    if smallest is None:
        return []
    train.lose(smallest)
    return [smallest]


def _too_few(train: _Train, *, side: Side) -> DataError:
    rows = sum(len(unit.rows) for unit in train.all_units)
    return DataError(
        f"{rows:,} labelled rows in {len(train.all_units):,} units (groups, or clusters of equal texts) can't be "
        f"divided: nothing is left for {side}, because train must keep a row of each class. "
        "Label more rows, group by a finer column, or set `split.validation` or `split.test` to 0."
    )

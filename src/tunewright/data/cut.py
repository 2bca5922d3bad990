"""Cutting rows by share: which unit goes to which side, with the shares of classes kept.

Deterministic in (seed, content): strata get whole-row quotas by largest remainder, units fill them in the order of
hash(seed, key). Nothing here knows of files or of splits that are given.
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
    """The side of each of these rows. `must_fill`: no side that was asked for may stay empty."""
    side_of_unit: dict[str, Side] = {}
    all_units = units(marks, places, kind=kind, seed=seed)
    strata: dict[str, list[Unit]] = {}
    for unit in all_units:
        side_of_unit[unit.order] = "train"
        strata.setdefault(unit.stratum, []).append(unit)
    for side in shares:
        quotas = _quotas(strata, side_of_unit, share=shares[side], at_least=int(must_fill), seed=seed)
        _take(strata, side_of_unit, side=side, quotas=quotas)
    _return_lost_classes(marks, all_units, side_of_unit)
    if must_fill:
        _check_filled(all_units, side_of_unit, shares=shares)
    return {place: side_of_unit[unit.order] for unit in all_units for place in unit.rows}


def _quotas(
    strata: dict[str, list[Unit]], side_of_unit: dict[str, Side], *, share: float, at_least: int, seed: int
) -> dict[str, int]:
    """Rows to take from each stratum: its share rounded so that the sum is right (largest remainder).

    A stratum always keeps one unit for train.
    """
    if not share:
        return dict.fromkeys(strata, 0)
    rows = {name: sum(len(unit.rows) for unit in members) for name, members in strata.items()}
    room = {
        name: sum(len(unit.rows) for unit in members if side_of_unit[unit.order] == "train") - 1
        for name, members in strata.items()
    }
    quotas = {name: min(math.floor(share * rows[name] + 1e-9), max(0, room[name])) for name in strata}
    missing = max(at_least, round(share * sum(rows.values()))) - sum(quotas.values())
    by_remainder = sorted(
        (name for name in strata if quotas[name] < room[name]),
        key=lambda name: (quotas[name] - share * rows[name], digest(str(seed), "stratum", name)),
    )
    for name in by_remainder[: max(0, missing)]:
        quotas[name] += 1
    return quotas


def _take(strata: dict[str, list[Unit]], side_of_unit: dict[str, Side], *, side: Side, quotas: dict[str, int]) -> None:
    """Give units to a side until each stratum's quota is met; what large units leave over goes to the next stratum."""
    carried = 0
    for name in sorted(strata, key=lambda name: (-quotas[name], name)):
        open_quota = quotas[name] + carried
        left = sum(side_of_unit[unit.order] == "train" for unit in strata[name])
        for unit in strata[name]:
            if left < 2 or open_quota <= 0:
                break
            # A unit is taken if that brings the side nearer to its quota.
            if side_of_unit[unit.order] == "train" and len(unit.rows) <= 2 * open_quota:
                side_of_unit[unit.order] = side
                open_quota -= len(unit.rows)
                left -= 1
        carried = open_quota


def _return_lost_classes(marks: Marks, all_units: list[Unit], side_of_unit: dict[str, Side]) -> None:
    """Move a unit back to train for each class of two rows or more that train would not know."""
    units_of_class: dict[str, list[Unit]] = {}
    counts: Counter[str] = Counter()
    for unit in all_units:
        names = Counter(name for row in unit.rows for name in classes(marks.label[row]))
        counts.update(names)
        for name in names:
            units_of_class.setdefault(name, []).append(unit)
    for name, holders in sorted(units_of_class.items()):
        if counts[name] > 1 and all(side_of_unit[unit.order] != "train" for unit in holders):
            side_of_unit[min(holders, key=lambda unit: (len(unit.rows), unit.order)).order] = "train"


def _check_filled(all_units: list[Unit], side_of_unit: dict[str, Side], *, shares: dict[Side, float]) -> None:
    filled = Counter(side_of_unit[unit.order] for unit in all_units)
    for side in ("train", *shares):
        if not filled[side] and (side == "train" or shares[side]):
            rows = sum(len(unit.rows) for unit in all_units)
            raise DataError(
                f"{rows:,} labelled rows in {len(all_units):,} units (groups, or clusters of equal texts) can't be "
                f"divided: nothing is left for {side}. Each side needs a unit of its own. "
                "Label more rows, group by a finer column, or set `split.validation` or `split.test` to 0."
            )

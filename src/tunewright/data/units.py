"""Units of a split: rows that must stay together, each unit with an order that depends on content and not on the file.

A unit is a group (one customer, one document) where the row has one, else a cluster of exact and near duplicates.

Letters: P rows to place, U units.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tunewright.data.keys import Kind
from tunewright.data.marks import Ints, Marks

_MOST_BINS = 10


@dataclass(frozen=True, kw_only=True)
class Units:
    """The units of some rows, ordered by hash(seed, name)."""

    rows_P: npt.NDArray[np.int64]
    """Places in the table, unit after unit; those of unit u are `rows_P[start_U[u]:start_U[u + 1]]`."""
    start_U: npt.NDArray[np.int64]
    stratum_U: Ints
    """The number of the class that each unit counts for."""
    strata: list[str]
    """Names of the strata."""

    def __len__(self) -> int:
        return len(self.start_U) - 1

    @property
    def size_U(self) -> npt.NDArray[np.int64]:
        """Rows of each unit."""
        return np.diff(self.start_U)

    def rows(self, unit: int) -> list[int]:
        """Places of the rows of one unit."""
        found: list[int] = self.rows_P[self.start_U[unit] : self.start_U[unit + 1]].tolist()
        return found

    def spread(self, values_U: Ints) -> Ints:
        """One value of each unit for each of its rows, in the order of `rows_P`."""
        return np.repeat(values_U, self.size_U)


def units(marks: Marks, places: Ints, *, kind: Kind) -> Units:
    """The labelled rows at these places as units."""
    group_P = marks.group_N[places]
    groups = len(marks.order_G)
    unit_P = np.where(group_P >= 0, group_P, groups + marks.cluster_K[marks.key_N[places]])
    size_V = np.bincount(unit_P, minlength=groups + len(marks.order_K))
    present = np.flatnonzero(size_V)
    order = np.concatenate([marks.order_G, marks.order_K])[present]
    present = present[np.argsort(order, kind="stable")]
    rank_V = np.zeros(len(size_V), np.int32)
    rank_V[present] = np.arange(len(present))
    rows_P = places.astype(np.int64)[np.argsort(rank_V[unit_P], kind="stable")]
    start_U = np.concatenate([[0], np.cumsum(size_V[present])])
    stratum_U, strata = _strata(marks, rows_P, start_U, kind=kind)
    return Units(rows_P=rows_P, start_U=start_U, stratum_U=stratum_U, strata=strata)


def class_counts(marks: Marks, rows: Ints) -> Counter[str]:
    """How many of some rows have each class."""
    per_answer = np.bincount(marks.answer_N[rows], minlength=len(marks.answers)).tolist()
    counts: Counter[str] = Counter()
    for names, count in zip(marks.answers, per_answer, strict=True):
        for name in names if count else ():
            counts[name] += count
    return counts


def _strata(marks: Marks, rows_P: Ints, start_U: Ints, *, kind: Kind) -> tuple[Ints, list[str]]:
    if not len(rows_P):
        return np.zeros(0, np.int32), []
    if kind == "regression":
        assert marks.value_N is not None
        return _bins(marks.value_N[rows_P], start_U)
    counts = class_counts(marks, rows_P)

    def stratum(answers: list[int]) -> str:
        names = Counter(name for answer in answers for name in marks.answers[answer])
        if kind in ("multi_label", "text"):  # of a text the labels of its spans
            # The rarest label is the one that a careless cut would lose.
            return min(names, key=lambda name: (counts[name], name), default="")
        return min(names, key=lambda name: (-names[name], counts[name], name), default="")

    of_answer = [stratum([answer]) for answer in range(len(marks.answers))]
    strata = sorted(set(of_answer))
    number = {name: index for index, name in enumerate(strata)}
    answer_P = marks.answer_N[rows_P]
    stratum_U = np.array([number[name] for name in of_answer], np.int32)[answer_P[start_U[:-1]]]
    # Nearly all units have one answer only; the others are looked at one by one.
    least, most = np.minimum.reduceat(answer_P, start_U[:-1]), np.maximum.reduceat(answer_P, start_U[:-1])
    for unit in np.flatnonzero(least != most).tolist():
        stratum_U[unit] = number[stratum(answer_P[start_U[unit] : start_U[unit + 1]].tolist())]
    return stratum_U, strata


def _bins(value_P: npt.NDArray[np.float64], start_U: Ints) -> tuple[Ints, list[str]]:
    """Up to ten bins with about as many units each, so that every side covers the whole range of values."""
    means = value_P[start_U[:-1]].copy()
    for unit in np.flatnonzero(np.diff(start_U) > 1).tolist():
        # Sorted before the mean: the last bit of a floating sum would otherwise depend on the order of the file.
        means[unit] = np.mean(np.sort(value_P[start_U[unit] : start_U[unit + 1]]))
    bins = int(np.clip(len(means) // 10, 1, _MOST_BINS))
    edges = np.unique(np.quantile(means, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, means, side="left").astype(np.int32), [
        f"bin {index}" for index in range(len(edges) + 1)
    ]

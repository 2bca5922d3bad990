"""Units of a split: rows that must stay together, each unit with a key that depends on content and not on file order.

A unit is a group (one customer, one document) where the row has one, else a cluster of exact and near duplicates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tunewright.core.text import digest
from tunewright.data.keys import Kind, Label, exact_keys, group_names, label_values

_MOST_BINS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Unit:
    """Rows that go to one side together."""

    rows: list[int]
    """Positions in the table."""
    order: str
    """hash(seed, key): units of a stratum are taken in this order."""
    stratum: str
    """The class that the unit counts for."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What placing needs to know of each row, in the order of the table."""

    row_id: list[str]
    key: list[str]
    label: list[Label | None]
    group: list[str | None]
    cluster: list[str]
    """One name for all rows of a cluster of duplicates: the smallest key in it."""


def marks(fields: pa.Table, *, kind: Kind, near_groups: Sequence[Sequence[str]]) -> Marks:
    """The columns made ready; `near_groups` may name rows that are no longer there."""
    ids: list[str] = fields.column("row_id").to_pylist()
    keys = [key or f"empty {row_id}" for key, row_id in zip(exact_keys(fields), ids, strict=True)]
    return Marks(
        row_id=ids,
        key=keys,
        label=label_values(fields, kind=kind),
        group=group_names(fields),
        cluster=_clusters(ids, keys, near_groups),
    )


def units(marks: Marks, places: Sequence[int], *, kind: Kind, seed: int) -> list[Unit]:
    """The labelled rows at these places as units, ordered by hash(seed, key)."""
    rows_of_unit: dict[str, list[int]] = {}
    for place in places:
        group = marks.group[place]
        key = f"cluster {marks.cluster[place]}" if group is None else f"group {group}"
        rows_of_unit.setdefault(key, []).append(place)
    stratum_of = _strata(marks, list(rows_of_unit.values()), kind=kind)
    found = [
        Unit(rows=rows, order=digest(str(seed), key), stratum=stratum_of[index])
        for index, (key, rows) in enumerate(rows_of_unit.items())
    ]
    return sorted(found, key=lambda unit: unit.order)


def classes(label: Label | None) -> tuple[str, ...]:
    """The classes that a row stands for: one, several, or (regression, unlabelled) none."""
    return (label,) if isinstance(label, str) else label if isinstance(label, tuple) else ()


def _clusters(ids: list[str], keys: list[str], near_groups: Sequence[Sequence[str]]) -> list[str]:
    key_of_id = dict(zip(ids, keys, strict=True))
    parent: dict[str, str] = {key: key for key in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for group in near_groups:
        present = [key_of_id[row_id] for row_id in group if row_id in key_of_id]
        for key in present[1:]:
            first, second = sorted((root(present[0]), root(key)))
            parent[second] = first  # the smaller key stays root, so the name doesn't depend on the order of joins
    return [root(key) for key in keys]


def _strata(marks: Marks, rows_of_units: list[list[int]], *, kind: Kind) -> list[str]:
    if kind == "regression":
        return _bins([[float(marks.label[row]) for row in rows] for rows in rows_of_units])  # type: ignore[arg-type]
    counts = Counter(name for rows in rows_of_units for row in rows for name in classes(marks.label[row]))

    def stratum(rows: list[int]) -> str:
        names = Counter(name for row in rows for name in classes(marks.label[row]))
        if kind == "multi_label":
            # The rarest label is the one that a careless cut would lose.
            return min(names, key=lambda name: (counts[name], name), default="")
        return min(names, key=lambda name: (-names[name], counts[name], name), default="")

    return [stratum(rows) for rows in rows_of_units]


def _bins(values_of_units: list[list[float]]) -> list[str]:
    """Up to ten bins with about as many units each, so that every side covers the whole range of values."""
    # Sorted before the mean: the last bit of a floating sum would otherwise depend on the order of the file.
    means = np.array([float(np.mean(sorted(values))) for values in values_of_units])
    if not len(means):
        return []
    bins = int(np.clip(len(means) // 10, 1, _MOST_BINS))
    edges = np.unique(np.quantile(means, np.linspace(0, 1, bins + 1)[1:-1]))
    return [f"bin {index}" for index in np.searchsorted(edges, means, side="left")]

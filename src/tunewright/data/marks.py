"""Marks: what placing needs to know of each row, as integers, so that a million rows are some arrays.

Made from a table by `marks`, and from a big file by `data/passes/`; `data/split.py` decides on them and can't tell which.

Letters: N rows, K distinct texts, G groups, A distinct answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tunewright.core.text import digest
from tunewright.data.keys import Kind, Label, Side, exact_keys, given_splits, group_names, label_values

Ints = npt.NDArray[np.integer[Any]]
Hashes = npt.NDArray[np.uint64]

SIDES: tuple[Side, ...] = ("train", "validation", "test")
"""Sides by their number, the stronger one later: a text of test stays a text of test. -1 is no side."""
UNDATED = np.iinfo(np.int64).min
"""The time of a row without one."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What placing needs to know of each row, in the order of the table."""

    key_N: Ints
    """The number of the row's text: equal numbers are exact duplicates."""
    answer_N: Ints
    """The number of its answer; -1 without one."""
    group_N: Ints
    """The number of its group; -1 without one."""
    answers: list[tuple[str, ...]]
    """The classes that each answer stands for: one, several, or (regression) none."""
    value_N: npt.NDArray[np.float64] | None
    """The value of each row of a regression."""
    cluster_K: Ints
    """For each text the number of the text that stands for its cluster of duplicates."""
    order_K: Hashes
    """hash(seed, name of the cluster), at the texts that stand for one; the name is the smallest key in it."""
    order_G: Hashes
    """hash(seed, name of the group)."""
    given_N: Ints | None
    """The side that the file gives each row, -1 for none; None where it gives no splits at all."""
    time_N: npt.NDArray[np.int64] | None = None
    """Microseconds since 1970, or UNDATED; None where no column of times was asked for."""

    @property
    def cluster_N(self) -> Ints:
        """The number of each row's cluster."""
        found: Ints = self.cluster_K[self.key_N]
        return found

    @property
    def labelled(self) -> npt.NDArray[np.int64]:
        """Places of the rows with an answer."""
        return np.flatnonzero(self.answer_N >= 0)


def marks(fields: pa.Table, *, kind: Kind, near_groups: Sequence[Sequence[str]], seed: int) -> Marks:
    """The columns of a table made ready; `near_groups` may name rows that are no longer there."""
    ids: list[str] = fields.column("row_id").to_pylist()
    keys = [key or f"empty {row_id}" for key, row_id in zip(exact_keys(fields), ids, strict=True)]
    key_N, key_names = numbered(keys)
    labels = _span_labels(fields) if kind == "text" else label_values(fields, kind=kind)
    answer_N, answers = numbered(labels)
    group_N, groups = numbered(group_names(fields))
    given = given_splits(fields)
    cluster_K = _clusters(ids, key_N, key_names, near_groups)
    values = [np.nan if label is None else float(label) for label in labels] if kind == "regression" else None  # type: ignore[arg-type]
    return Marks(
        key_N=key_N, answer_N=answer_N, group_N=group_N, answers=[classes(answer) for answer in answers],
        value_N=None if values is None else np.array(values, np.float64),
        cluster_K=cluster_K,
        order_K=np.array([cluster_order(seed, key_names[root]) for root in cluster_K.tolist()], np.uint64),
        order_G=np.array([group_order(seed, name) for name in groups], np.uint64),
        given_N=None if given is None else side_numbers(given),
        time_N=fields.column("time").to_numpy() if "time" in fields.column_names else None,
    )  # fmt: skip


def numbered(values: Iterable[Any]) -> tuple[npt.NDArray[np.int32], list[Any]]:
    """Each value as the number of its first appearance, -1 for None; and the values by their numbers."""
    number_of: dict[Any, int] = {}
    numbers = [-1 if value is None else number_of.setdefault(value, len(number_of)) for value in values]
    return np.array(numbers, np.int32), list(number_of)


def cluster_order(seed: int, name: str) -> int:
    """Where a cluster of duplicates stands among the units of a split; `name` is the smallest key in it."""
    return int(digest(str(seed), f"cluster {name}")[:16], 16)


def group_order(seed: int, name: str) -> int:
    """Where a group stands among the units of a split."""
    return int(digest(str(seed), f"group {name}")[:16], 16)


def row_order(seed: int, row_id: str) -> int:
    """Where a row stands among others when rows are drawn one by one."""
    return int(digest(str(seed), f"row {row_id}")[:16], 16)


def side_numbers(sides: Iterable[Side | None]) -> npt.NDArray[np.int8]:
    """Sides as numbers."""
    number_of: dict[Side | None, int] = {None: -1}
    number_of.update((side, number) for number, side in enumerate(SIDES))
    return np.array([number_of[side] for side in sides], np.int8)


def side_names(numbers: Ints) -> list[Side | None]:
    """Numbers as sides."""
    names: tuple[Side | None, ...] = (*SIDES, None)  # -1 finds the last
    return [names[number] for number in numbers.tolist()]


def classes(label: Label | None) -> tuple[str, ...]:
    """The classes that a row stands for: one, several, or (regression, unlabelled) none."""
    return (label,) if isinstance(label, str) else label if isinstance(label, tuple) else ()


def _span_labels(fields: pa.Table) -> list[Label | None]:
    """Which labels the spans of each row have; of answers that are texts there is nothing to have its share on each side."""
    if "spans" in fields.column_names:
        return [tuple(sorted({span["label"] for span in spans or ()})) for spans in fields.column("spans").to_pylist()]
    return [None if label is None else () for label in label_values(fields, kind="text")]


def _clusters(ids: list[str], key_N: Ints, names: list[str], near_groups: Sequence[Sequence[str]]) -> Ints:
    """For each text the one with the smallest key of its cluster, so that no name depends on the order of rows."""
    parent = list(range(len(names)))

    def root(key: int) -> int:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    key_of_id = dict(zip(ids, key_N.tolist(), strict=True)) if near_groups else {}
    for group in near_groups:
        present = [key_of_id[row_id] for row_id in group if row_id in key_of_id]
        for key in present[1:]:
            first, second = sorted((root(present[0]), root(key)), key=names.__getitem__)
            parent[second] = first
    return np.array([root(key) for key in range(len(names))], np.int32)

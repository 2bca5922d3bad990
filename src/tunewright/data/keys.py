"""What audit, clean and split agree on: when two rows have one text, how labels compare, what splits are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.core.text import fold

Kind = Literal["single_label", "multi_label", "regression", "text"]
"""What an answer is: a class, a set of classes, a number, or a text."""
Side = Literal["train", "validation", "test"]
Label = str | tuple[str, ...] | float

PAIR_SEPARATOR = "\x1f"
"""Stands between the two texts of a pair (U+001F, unit separator): no fold produces it."""

SPLIT_NAMES: dict[Side, tuple[str, ...]] = {
    "train": ("train", "training", "trn", "训练", "训练集", "訓練", "trainieren"),
    "validation": (
        "validation",
        "valid",
        "val",
        "dev",
        "development",
        "eval",
        "devel",
        "验证",
        "验证集",
        "開發",
        "开发集",
    ),
    "test": ("test", "testing", "tst", "heldout", "holdout", "测试", "测试集", "測試"),
}
"""Our names of the three splits, and what files call them (case and space folded)."""

_SPLIT_OF_NAME = {name: split for split, names in SPLIT_NAMES.items() for name in names}


def names_a_split(value: str) -> bool:
    """Whether files call a split so."""
    return fold(value) in _SPLIT_OF_NAME


def texts(fields: pa.Table) -> list[str]:
    """What stands to be judged in each row: the text, or both texts of a pair joined; null counts as empty."""
    first = [text or "" for text in fields.column("text").to_pylist()]
    if "text_pair" not in fields.column_names:
        return first
    second = [text or "" for text in fields.column("text_pair").to_pylist()]
    return [f"{a}{PAIR_SEPARATOR}{b}" for a, b in zip(first, second, strict=True)]


def exact_keys(fields: pa.Table) -> list[str]:
    """One key a row; equal keys are *exact duplicates*: the same text (both texts of a pair) after folding.

    A row without any text has the key `""`.
    """
    keys = (PAIR_SEPARATOR.join(map(fold, text.split(PAIR_SEPARATOR))) for text in texts(fields))
    return ["" if key == PAIR_SEPARATOR else key for key in keys]


def label_values(fields: pa.Table, *, kind: Kind) -> list[Label | None]:
    """The answer of each row in a form that compares: string, sorted tuple of strings, or number; None without one."""
    if "label" not in fields.column_names:
        return [None] * len(fields)
    values: list[Any] = fields.column("label").to_pylist()
    if kind == "multi_label":
        return [None if value is None else tuple(sorted(set(value))) for value in values]
    return values


def split_names(values: Iterable[str | None]) -> list[Side | None]:
    """The file's own split column in our names; None stays None.

    Raises: DataError when a value is no name of a split.
    """
    values = list(values)
    names: dict[str | None, Side | None] = {None: None}
    for value in set(values) - {None}:
        assert value is not None
        folded = fold(value)
        if folded and folded not in _SPLIT_OF_NAME:
            accepted = "; ".join(f"{split}: {', '.join(spellings)}" for split, spellings in SPLIT_NAMES.items())
            raise DataError(
                f"the split column holds {value!r}, which names no split. Accepted, in any case: {accepted}. "
                "Rename the values, or leave the column out to have the rows split anew."
            )
        names[value] = _SPLIT_OF_NAME.get(folded)
    return [names[value] for value in values]


def given_splits(fields: pa.Table) -> list[Side | None] | None:
    """`split_names` of the fields table, or None when the file gives no splits."""
    if "split" not in fields.column_names:
        return None
    names = split_names(fields.column("split").to_pylist())
    return names if any(names) else None


def group_names(fields: pa.Table) -> list[str | None]:
    """The group of each row, None where it has none; an empty cell is no group."""
    if "group" not in fields.column_names:
        return [None] * len(fields)
    return [
        None if value is None or not str(value).strip() else str(value) for value in fields.column("group").to_pylist()
    ]


def groups_of_equal(keys: Sequence[str]) -> list[list[int]]:
    """Positions that share a non-empty key, two or more each, in order of their first position."""
    places: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        if key:
            places.setdefault(key, []).append(position)
    return [group for group in places.values() if len(group) > 1]

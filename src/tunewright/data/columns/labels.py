"""What kind of answer a label column holds, and the cells of that column as answers."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Literal

from tunewright.core.sentence import Sentence
from tunewright.data import hints
from tunewright.data.columns.profile import Profile

Kind = Literal["single_label", "multi_label", "regression"]

SEPARATORS = (";", "|", "、", "；", ",", "，", "/")
MAX_INTEGER_CLASSES = 20


def find_kind(label: Profile, *, is_list: bool) -> tuple[Kind, str | None, Sentence]:
    """(kind, separator of several labels in a cell, why)."""
    if is_list or label.lists > 0.9:
        return "multi_label", None, Sentence("the cells of `{column}` are lists", column=label.name)
    if label.numeric == 1.0:
        return _numeric_kind(label)
    separator = find_separator(label)
    if separator is not None:
        example = next(value for value in label.counts if separator in value)
        why = Sentence(
            "cells such as `{example}` hold labels that also come alone or otherwise combined, with `{separator}` between "
            "them",
            example=example, separator=separator,
        )  # fmt: skip
        return "multi_label", separator, why
    why = Sentence("{count} different values in `{column}`", count=label.distinct, column=label.name)
    return "single_label", None, why


def _numeric_kind(label: Profile) -> tuple[Kind, None, Sentence]:
    if label.integer < 1.0:
        return "regression", None, Sentence("`{column}` holds numbers with decimals", column=label.name)
    values = sorted({int(float(value)) for value in label.counts})
    whole_range = values[0] in (0, 1) and values == list(range(values[0], values[-1] + 1))
    numbered = whole_range and label.count >= 5 * len(values)
    if len(values) <= MAX_INTEGER_CLASSES or (numbered and hints.plain(label.name) not in ("score", "rating")):
        why = Sentence(
            "{count} different whole numbers in `{column}` are taken for classes; with --task regression they are amounts",
            count=len(values), column=label.name,
        )  # fmt: skip
        return "single_label", None, why
    why = Sentence("`{column}` holds {count} different whole numbers", column=label.name, count=len(values))
    return "regression", None, why


def find_separator(label: Profile) -> str | None:
    """What stands between several labels in a cell: its parts must come alone or in other combinations as well."""
    for separator in SEPARATORS:
        several = {value for value in label.counts if separator in value}
        cells = sum(label.counts[value] for value in several)
        if len(several) < 2 or cells < 0.01 * label.count:
            continue
        where: dict[str, set[str]] = defaultdict(set)
        for value in label.counts:
            for part in split_cell(value, separator):
                where[part].add(value)
        parts = {part for value in several for part in split_cell(value, separator)}
        shared = sum(len(where[part]) > 1 for part in parts)
        if max(map(len, parts), default=99) <= 40 and shared >= 0.7 * len(parts) and len(where) < 0.9 * label.count:
            return separator
    return None


def split_cell(cell: str, separator: str | None) -> list[str]:
    """The labels of a cell, each once, without space around them."""
    text = cell.strip()
    if separator is None and text.startswith("["):
        parts = _list_items(text)
    else:
        parts = text.split(separator) if separator else [text]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _list_items(text: str) -> list[str]:
    """The items of `["a", "b"]`, and of Python's `['a', 'b']` as pandas writes lists to CSV."""
    try:
        items = json.loads(text)
    except ValueError:
        return [part.strip().strip("'\"") for part in text.strip("[]").split(",")]
    return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in items]


def to_number(cell: str, *, comma: bool) -> float | None:
    """The number in a cell, or None; `comma` is for columns that write 4,5."""
    try:
        value = float(cell.strip().replace(",", ".") if comma else cell)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None

"""Cells of records, wherever they come from: JSON has lists, CSV has them as JSON text, Parquet fills gaps with null."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tunewright.data.shapes.types import Sample, Unreadable


def text_of(record: Mapping[str, Any], key: str, *, missing: str | None = None) -> str:
    """The text under a key. Numbers and truth values are no text: they are refused, not spelled out."""
    value = record.get(key)
    if value is None and missing is not None:
        return missing
    if isinstance(value, str):
        return value
    kind = "nothing" if value is None else f"a {type(value).__name__}"
    raise Unreadable("not_text", f"`{key}` holds {kind}; a text is expected")


def list_of(record: Mapping[str, Any], key: str) -> list[Any]:
    """The list under a key, also where it is written as JSON text in one cell."""
    value = as_list(record.get(key))
    if value is None:
        raise Unreadable("not_a_list", f"`{key}` holds {type(record.get(key)).__name__}; a list is expected")
    return value


def as_list(value: Any) -> list[Any] | None:
    """The value if it is a list or JSON text of one."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, list) else None


def as_object(value: Any) -> dict[str, Any] | None:
    """The value if it is an object or JSON text of one."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def without_null(turn: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that say something."""
    return {key: value for key, value in turn.items() if value is not None}


def rest(record: Mapping[str, Any], used: Iterable[str]) -> dict[str, Any]:
    """The columns that are not used, without those that are null."""
    names = {*used, "row_id", "origin"}
    return {name: value for name, value in record.items() if name not in names and value is not None}


def share(sample: Sample, key: str, holds: Any) -> float:
    """In how many of the sample's records `holds(value)` is true of the value under a key."""
    if not sample.records:
        return 0.0
    return sum(bool(holds(record.get(key))) for record in sample.records) / len(sample.records)


def is_text(value: Any) -> bool:
    """Whether a value is a text that is not empty."""
    return isinstance(value, str) and bool(value.strip())


def names_of(sample: Sample) -> list[str]:
    """All keys of the sample's records, in their order."""
    return list(dict.fromkeys(name for record in sample.records for name in record))

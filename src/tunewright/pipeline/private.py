"""What a private run leaves out of its files: raw rows, texts before and after a change, names of groups, quotes in errors.

Texts themselves stand in `data/rows.parquet` alone (scrubbed, unless the recipe says otherwise): training needs them. Who wants
them gone as well has `tunewright purge`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from tunewright.data.ledger import Entry
from tunewright.data.sources import Quarantined
from tunewright.data.table import set_column

_NO_TEXT = frozenset({"duplicate_of", "split", "scrub"})
"""Fields and reasons whose before and after are row ids, sides of the split, and classes: nobody's words."""
_QUOTED = re.compile(r"""(?<![\w`])'[^'\n]{1,2000}'(?![\w`])|(?<![\w`])"[^"\n]{1,2000}"(?![\w`])""")


def without_texts(value: Any, *, names: Collection[str] = ("text", "text_pair")) -> Any:
    """A value of JSON in which nothing that is about a row has anything under these names any more."""
    if isinstance(value, list):
        return [without_texts(item, names=names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: None if key in names and "row_id" in value else without_texts(item, names=names)
        for key, item in value.items()
    }


def num_texts(value: Any) -> int:
    """How many rows in a value of JSON stand there with their text."""
    if isinstance(value, list):
        return sum(num_texts(item) for item in value)
    if not isinstance(value, dict):
        return 0
    return ("row_id" in value and value.get("text") is not None) + sum(num_texts(item) for item in value.values())


def without_text(entries: Sequence[Entry]) -> list[Entry]:
    """Entries of the ledger: what happened to which row and why, without what stood there."""
    return [
        entry if {entry.field, entry.reason_code} & _NO_TEXT else replace(entry, before=None, after=None)
        for entry in entries
    ]


def without_raw(row: Quarantined) -> Quarantined:
    """A row that could not be read, by its place and its reason alone; the detail may quote it."""
    return replace(row, raw="", detail=row.reason_code.replace("_", " "))


def without_group_names(rows: pa.Table) -> pa.Table:
    """Groups named after the smallest id of their rows: still the same groups, but no customer's name or address."""
    if "group" not in rows.column_names:
        return rows
    names, ids = rows.column("group").to_pylist(), rows.column("row_id").to_pylist()
    first: dict[str, str] = {}
    for name, row_id in zip(names, ids, strict=True):
        if name is not None:
            first[name] = min(first.get(name, row_id), row_id)
    renamed = pa.array([None if name is None else first[name] for name in names], pa.string())
    return set_column(rows, "group", renamed)


def without_quotes(message: str) -> str:
    """An error's sentence without what it quotes from the file; names of columns and settings stand in backticks."""
    return _QUOTED.sub("'…'", message)

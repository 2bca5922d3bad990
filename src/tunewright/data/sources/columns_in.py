"""Arrow columns from a file as rows of ours: plain values, and rows with bytes that are no text set aside."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from tunewright.data.sources.as_text import text_or_known
from tunewright.data.sources.types import NativeRows, Quarantined

DAMAGED = (OSError, pa.ArrowException, UnicodeDecodeError)
"""What pyarrow raises over a damaged file; the last where a column's name is no text."""


def sound_rows(table: pa.Table, *, first: int, path: Path) -> NativeRows:
    """The rows of a chunk whose first one has the number `first`. Strings may be invalid UTF-8 in a damaged file."""
    table = _plain(table)
    if _is_sound(table):
        return NativeRows(lines=list(range(first, first + len(table))), batch=table)
    kept, quarantined = [], []
    for i in range(len(table)):
        row = table.slice(i, 1)
        if _is_sound(row):
            kept.append(i)
        else:
            quarantined.append(_aside(row, first + i, path))
    return NativeRows(
        lines=[first + i for i in kept], batch=table.take(pa.array(kept, pa.int64())), quarantined=quarantined
    )


def _plain(table: pa.Table) -> pa.Table:
    """Dictionaries as their values, and one kind of string."""
    columns = []
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
            column = column.cast(pa.string())
        if pa.types.is_null(column.type):
            column = column.cast(pa.string())
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _is_sound(table: pa.Table) -> bool:
    try:
        table.validate(full=True)
        for column in table.columns:
            if pa.types.is_temporal(column.type):
                column.cast(pa.string())  # a time may be one that no calendar has
    except pa.ArrowException:
        return False
    return True


def _aside(row: pa.Table, number: int, path: Path) -> Quarantined:
    """Set a row aside; the text of its broken columns is shown with `\\xNN` for bytes that are none."""
    broken, shown = [], []
    for name, column in zip(row.column_names, row.columns, strict=True):
        if _is_sound(pa.table([column], names=[name])):
            shown.append(str(text_or_known(column)[0].as_py()))
        else:
            broken.append(name)
            shown.append(_bytes_of(column))
    return Quarantined(
        path=str(path), line=number, byte_start=0, byte_end=0, reason_code="undecodable_bytes",
        detail=f"column {', '.join(f'`{name}`' for name in broken)} holds bytes that are not UTF-8", raw="\t".join(shown),
    )  # fmt: skip


def _bytes_of(column: pa.ChunkedArray) -> str:
    try:
        value = column.cast(pa.binary())[0].as_py()
    except pa.ArrowException:
        return ""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else ""

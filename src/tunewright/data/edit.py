"""Give some rows another value in one column, and leave every other character of the file as it stands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from tunewright.data.columns.labels import split_cell
from tunewright.data.sources.types import NativeRows, RowChunk, SourceFormat
from tunewright.data.table import RESERVED

_DECODER = json.JSONDecoder(strict=False)
_SPACE = " \t\n\r"


def set_cells(chunk: RowChunk, column: str, new: Mapping[int, str], *, separator: str | None) -> None:
    """Put text into a column of some rows (by their place in the chunk), in the type that the column has.

    A cell of several labels is split by the separator where the format has lists. The rows are changed in place: a
    chunk is read to be written.
    """
    native = chunk.native
    if native.batch is not None:
        _set_in_columns(native, column, new, separator)
    elif native.records:
        for place, text in new.items():
            value = _like(native.records[place].get(column), text, separator)
            native.raws[place] = replace_value(native.raws[place], column, value)
            native.records[place] = native.records[place] | {column: value}
    else:
        at = _place_of(chunk, column)
        for place, text in new.items():
            native.cells[place] = [*native.cells[place][:at], text, *native.cells[place][at + 1 :]]


def replace_value(raw: str, key: str, value: Any) -> str:
    """The text of a JSON object with the value of one of its keys exchanged, or added; the rest to the letter.

    Of a key that stands twice the last one counts, as for every reader.
    """
    text = json.dumps(value, ensure_ascii=False)
    at = _skip(raw, raw.index("{") + 1)
    span: tuple[int, int] | None = None
    empty = raw[at] == "}"
    while raw[at] != "}":
        name, at = _DECODER.raw_decode(raw, at)
        start = _skip(raw, _skip(raw, at) + 1)
        _, end = _DECODER.raw_decode(raw, start)
        if name == key:
            span = start, end
        at = _skip(raw, end)
        if raw[at] == ",":
            at = _skip(raw, at + 1)
    if span is None:
        joint = "" if empty else ", "
        return f"{raw[:at].rstrip()}{joint}{json.dumps(key, ensure_ascii=False)}: {text}{raw[at:]}"
    return raw[: span[0]] + text + raw[span[1] :]


def has_row_ids(chunk: RowChunk) -> bool:
    """Whether the file brings the ids of its rows along."""
    native = chunk.native
    if native.batch is not None:
        names: list[str] = native.batch.column_names
    elif native.records:
        return all("row_id" in record for record in native.records)
    else:
        names = [name.strip() for name in chunk.source.header]
    return "row_id" in names and "row_id_2" not in chunk.table.column_names


def _place_of(chunk: RowChunk, column: str) -> int:
    """The place of a column among the cells: the table leaves the file's own ids out."""
    names = [name for name in chunk.table.column_names if name not in RESERVED]
    at = names.index(column)
    return at + (has_row_ids(chunk) and at >= _header(chunk.source).index("row_id"))


def _header(source: SourceFormat) -> list[str]:
    return [name.strip() for name in source.header]


def _set_in_columns(native: NativeRows, column: str, new: Mapping[int, str], separator: str | None) -> None:
    assert native.batch is not None
    at = native.batch.column_names.index(column)
    kind = native.batch.schema.field(at).type
    values = native.batch.column(at).to_pylist()
    known = next((value for value in values if value is not None), None)
    for place, text in new.items():
        values[place] = _like(values[place] if values[place] is not None else known, text, separator)
    native.batch = native.batch.set_column(at, native.batch.schema.field(at), pa.array(values, kind))


def _like(old: Any, text: str, separator: str | None) -> Any:
    """The text as the type that the cell had: a number stays a number, a list a list."""
    if isinstance(old, list):
        return split_cell(text, separator or ";")
    if isinstance(old, bool):
        return text.strip().casefold() in ("true", "1", "yes")
    for kind in (int, float):
        if isinstance(old, kind):
            try:
                return kind(text)
            except ValueError:
                return text
    return text


def _skip(raw: str, at: int) -> int:
    while raw[at] in _SPACE:
        at += 1
    return at

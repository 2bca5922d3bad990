"""Change the strings of rows as their format has them, and nothing else: the file keeps its layout to the letter.

A change is a function `(column, cell) -> new cell`. In JSON, strings inside lists and objects belong to the key nearest before
them, so that the turns of a chat are seen; a long number that the change turns into text becomes text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from tunewright.data.sources.types import NativeRows

Change = Callable[[str, str], str]

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"(\s*:)?|-?\d{6,}(?=\s*[,}\]])|[{}\[\]]', re.DOTALL)


def change_rows(
    native: NativeRows, change: Change, *, header: Sequence[str], columns: Collection[str] | None = None,
    end_of_row: Callable[[], None] = lambda: None,
) -> NativeRows:  # fmt: skip
    """The rows with their strings changed, in all columns or the named ones; `end_of_row` is called after each."""
    if native.batch is not None:
        return replace(native, batch=_change_batch(native.batch, change, columns, end_of_row))
    if native.raws:
        raws = []
        for raw in native.raws:
            raws.append(change_json(raw, change, columns=columns))
            end_of_row()
        return replace(native, raws=raws, records=[json.loads(raw) for raw in raws])
    wanted = [(i, name) for i, name in enumerate(header) if columns is None or name in columns]
    rows = []
    for cells in native.cells:
        rows.append(list(cells))
        for i, name in wanted:
            rows[-1][i] = change(name, cells[i])
        end_of_row()
    # A number of a workbook that has become text is written as text.
    numbers = [
        [i for i in places if after[i] == before[i]]
        for places, before, after in zip(native.numbers, native.cells, rows, strict=False)
    ]
    return replace(native, cells=rows, numbers=numbers)


def change_json(raw: str, change: Change, *, columns: Collection[str] | None = None) -> str:
    """The text of a JSON object with its strings changed; keys, numbers, spacing and the order stay as written."""
    depth, top, key = 0, "", ""

    def new(match: re.Match[str]) -> str:
        nonlocal depth, top, key
        token = match.group()
        if token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
        elif match.group(1) is not None:
            key = json.loads(token[: -len(match.group(1))])
            top = key if depth == 1 else top
        elif columns is None or top in columns:
            before = json.loads(token) if token[0] == '"' else token
            after = change(key, before)
            return token if after == before else json.dumps(after, ensure_ascii=token.isascii())
        return token

    return _TOKEN.sub(new, raw)


def numbers_to_look_at(native: NativeRows, found: Callable[[str, str], bool]) -> set[str]:
    """Columns of whole numbers in Parquet where `found` says yes to a cell: a phone number kept as a number is one still."""
    if native.batch is None:
        return set()
    whole = [field.name for field in native.batch.schema if pa.types.is_integer(field.type)]
    return {
        name for name in whole
        if any(value is not None and found(name, str(value)) for value in native.batch.column(name).to_pylist())
    }  # fmt: skip


def as_text(native: NativeRows, names: Collection[str]) -> NativeRows:
    """The rows with some columns of whole numbers as text."""
    batch = native.batch
    if batch is None or not names:
        return native
    for i, name in enumerate(batch.column_names):
        if name in names and pa.types.is_integer(batch.schema.field(i).type):
            batch = batch.set_column(i, name, batch.column(i).cast(pa.string()))
    return replace(native, batch=batch)


def unseen_columns(native: NativeRows) -> list[str]:
    """Columns of Parquet that hold neither text nor lists of it: nothing was looked for there."""
    if native.batch is None:
        return []
    return [field.name for field in native.batch.schema if _strings(field.type) is None]


def _change_batch(
    batch: pa.Table, change: Change, columns: Collection[str] | None, end_of_row: Callable[[], None]
) -> pa.Table:
    wanted = [
        i for i, field in enumerate(batch.schema)
        if (columns is None or field.name in columns) and _strings(field.type) is not None
    ]  # fmt: skip
    values = {i: batch.column(i).to_pylist() for i in wanted}
    for row in range(len(batch)):
        for i in wanted:
            values[i][row] = _changed(values[i][row], change, batch.column_names[i])
        end_of_row()
    for i in wanted:
        batch = batch.set_column(i, batch.schema.field(i), pa.array(values[i], batch.schema.field(i).type))
    return batch


def _changed(value: Any, change: Change, name: str) -> Any:
    if isinstance(value, str):
        return change(name, value)
    if isinstance(value, dict):
        return {key: _changed(inner, change, key) for key, inner in value.items()}
    return [_changed(inner, change, name) for inner in value] if isinstance(value, list) else value


def _strings(kind: pa.DataType) -> bool | None:
    """True where a type has strings somewhere inside, else None."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return True
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _strings(kind.value_type)
    if pa.types.is_struct(kind):
        return True if any(_strings(kind.field(i).type) for i in range(kind.num_fields)) else None
    return None

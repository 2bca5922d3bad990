"""From rows as their format has them to the raw table: row ids, origins, and one Arrow column a name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow as pa

from tunewright.data.sources.as_text import text_or_known
from tunewright.data.sources.json_text import json_text
from tunewright.data.sources.types import Holds, NativeRows, SourceFormat
from tunewright.data.table import RESERVED, origins, row_ids

_ROW_ID = re.compile(r"[0-9a-f]{32}(\+\d+)?$")


def to_table(native: NativeRows, source: SourceFormat, *, holds: Holds, path: str, seen: Counter[str]) -> pa.Table:
    """The raw table of some rows. `seen` counts identical rows over the chunks of one data set."""
    if native.batch is not None:
        arrays = [text_or_known(column) for column in native.batch.columns]
        names_in_file = list(native.batch.column_names)
        cells: Iterable[Sequence[str]] = zip(*([_text(v) for v in array.to_pylist()] for array in arrays), strict=True)
    elif holds == "records":
        names = dict.fromkeys(name for record in native.records for name in record)
        arrays = [json_column([record.get(name) for record in native.records]) for name in names]
        names_in_file = list(names)
        cells = ([_text(value) for value in record.values()] for record in native.records)
    else:
        by_column = list(zip(*_values(native), strict=True)) or [()] * len(source.header)
        arrays = [pa.array(values, pa.string()) for values in by_column]
        names_in_file = source.header
        cells = native.cells
    ids = _given_ids(names_in_file, arrays)
    if ids is None:
        ids = row_ids(cells, seen=seen)
    else:
        at = names_in_file.index("row_id")
        names_in_file, arrays = names_in_file[:at] + names_in_file[at + 1 :], arrays[:at] + arrays[at + 1 :]
    return pa.table(
        [pa.array(ids, pa.string()), origins([path] * len(ids), native.lines), *arrays],
        names=[*RESERVED, *column_names(names_in_file)],
    )


def _values(native: NativeRows) -> list[list[str]]:
    """The cells, but for those that hold no value whatever is written there."""
    rows = list(native.cells)
    for i, places in enumerate(native.blanks):
        if places:
            rows[i] = ["" if place in places else cell for place, cell in enumerate(rows[i])]
    return rows


def column_names(header: Sequence[str]) -> list[str]:
    """The names in the table: without space around them, none empty, none twice, none of ours."""
    names: dict[str, None] = {}
    counts: Counter[str] = Counter()
    for i, name in enumerate(header, start=1):
        name = unique = name.strip() or f"column_{i}"
        while unique in names or unique in RESERVED:
            counts[name] += 1
            unique = f"{name}_{counts[name] + 1}"
        names[unique] = None
    return list(names)


def json_column(values: list[object]) -> pa.Array:
    """One column of JSON values: typed where all have one type, else strings as they are and the rest as JSON text."""
    kinds = {type(value) for value in values if value is not None}
    try:
        if kinds <= {str}:
            return pa.array(values, pa.string())
        if kinds == {bool}:
            return pa.array(values, pa.bool_())
        if kinds == {int}:
            return pa.array(values, pa.int64())
        if kinds <= {int, float}:
            return pa.array(values, pa.float64())
        if kinds == {list} and all(isinstance(item, str) for value in values if value for item in value):  # type: ignore[attr-defined]
            return pa.array(values, pa.list_(pa.string()))
    except (OverflowError, pa.ArrowException):
        pass  # a number beyond 64 bits: its digits are kept as text
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def concat(tables: list[pa.Table]) -> pa.Table:
    """One table of several; a column whose types differ becomes text, a missing one null."""
    if len(tables) == 1:
        return tables[0]
    names = dict.fromkeys(name for table in tables for name in table.column_names)
    types = {name: {table.schema.field(name).type for table in tables if name in table.column_names} for name in names}
    arrays = {}
    for name in names:
        kinds = types[name] - {pa.null()}
        target = (
            next(iter(kinds))
            if len(kinds) == 1
            else pa.float64()
            if kinds <= {pa.int64(), pa.float64()}
            else pa.string()
        )
        arrays[name] = pa.chunked_array([_as(table, name, target) for table in tables], target)
    return pa.table(arrays)


def _as(table: pa.Table, name: str, target: pa.DataType) -> pa.Array:
    if name not in table.column_names:
        return pa.nulls(len(table), target)
    column = table.column(name).combine_chunks()
    if column.type == target:
        return column
    if target == pa.string():
        return pa.array([None if v is None else _text(v) for v in column.to_pylist()], pa.string())
    return column.cast(target)


def _text(value: object) -> str:
    """A cell as text: strings as they are, nothing as the empty string, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json_text(value)


def _given_ids(names: list[str], arrays: list[pa.Array]) -> list[str] | None:
    """The ids that a file written by us brings along, if they are all there and all different."""
    if "row_id" not in names:
        return None
    values = arrays[names.index("row_id")].to_pylist()
    whole = all(isinstance(value, str) and _ROW_ID.match(value) for value in values)
    return values if whole and len(set(values)) == len(values) else None

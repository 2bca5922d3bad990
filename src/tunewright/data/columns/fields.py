"""From the raw table and the plan to the fields that every later stage works on. Texts stay as they were read."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.data import hints
from tunewright.data.columns.find import ColumnPlan
from tunewright.data.columns.labels import split_cell, to_number
from tunewright.data.columns.profile import as_text
from tunewright.data.ledger import Entry
from tunewright.data.table import RESERVED

_COMMA_NUMBER = re.compile(r"\s*[-+]?\d+,\d+\s*$")


def to_fields(
    table: pa.Table, plan: ColumnPlan, *, entries: list[Entry] | None = None, commas: Mapping[str, bool] | None = None
) -> pa.Table:
    """`row_id, origin, text, text_pair?, label?, group?, weight?, split?, baseline?`; an empty label is null.

    A cell that should be a number (regression, weights) and is none becomes null and is added to `entries` for the
    ledger. Raises DataError for the first such cell if `entries` is None. `commas` says which columns of numbers write
    4,5: where the table is only a part of a file, it can't be seen in it.
    """
    commas = commas or {}
    noted: list[Entry] | None = entries
    columns: dict[str, pa.Array] = {name: table.column(name) for name in RESERVED}
    columns["text"] = _texts(table, plan.text)
    if plan.text_pair is not None:
        columns["text_pair"] = _texts(table, plan.text_pair)
    if plan.label is not None:
        columns["label"] = _answers(table, plan.label, plan, noted, commas)
    if plan.group is not None:
        columns["group"] = _names(table, plan.group)
    if plan.weight is not None:
        columns["weight"] = _numbers(table, plan.weight, noted, commas)
    if plan.split is not None:
        columns["split"] = _splits(table, plan.split)
    if plan.baseline is not None:
        columns["baseline"] = _answers(table, plan.baseline, plan, noted, commas)
    return pa.table(columns)


def _texts(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name)
    if pa.types.is_string(column.type) and column.null_count == 0:
        return column
    return pa.array([as_text(value) for value in column.to_pylist()], pa.string())


def _names(table: pa.Table, name: str) -> pa.Array:
    cells = [as_text(value) for value in table.column(name).to_pylist()]
    return pa.array([cell if cell.strip() else None for cell in cells], pa.string())


def comma_signs(table: pa.Table, name: str) -> tuple[bool, bool]:
    """Whether some cells of a column are numbers with a comma, and whether some hold a point."""
    cells = [as_text(value) for value in table.column(name).to_pylist()]
    return any(_COMMA_NUMBER.match(cell) for cell in cells), any("." in cell for cell in cells)


def _answers(
    table: pa.Table, name: str, plan: ColumnPlan, noted: list[Entry] | None, commas: Mapping[str, bool]
) -> pa.Array:
    if plan.kind == "regression":
        return _numbers(table, name, noted, commas)
    if plan.kind == "single_label":
        return _names(table, name)
    values = table.column(name).to_pylist()
    return pa.array([_several(value, plan.label_separator) for value in values], pa.list_(pa.string()))


def _several(value: object, separator: str | None) -> list[str] | None:
    """The labels of a row; an empty cell is unlabelled, an empty list says that no label applies."""
    if isinstance(value, list):
        return list(dict.fromkeys(as_text(item) for item in value))
    cell = as_text(value)
    return split_cell(cell, separator) if cell.strip() else None


def _numbers(table: pa.Table, name: str, noted: list[Entry] | None, commas: Mapping[str, bool]) -> pa.Array:
    cells = [as_text(value) for value in table.column(name).to_pylist()]
    if name in commas:
        comma = commas[name]
    else:
        with_comma, with_point = comma_signs(table, name)
        comma = with_comma and not with_point
    numbers = [to_number(cell, comma=comma) if cell.strip() else None for cell in cells]
    for i, (cell, number) in enumerate(zip(cells, numbers, strict=True)):
        if number is None and cell.strip():
            _note(table, i, name, cell, noted)
    return pa.array(numbers, pa.float64())


def _splits(table: pa.Table, name: str) -> pa.Array:
    cells = [as_text(value) for value in table.column(name).to_pylist()]
    found = []
    for i, cell in enumerate(cells):
        value = hints.SPLIT_VALUES.get(hints.plain(cell)) if cell.strip() else None
        if cell.strip() and value is None:
            where = table.column("origin")[i].as_py()
            raise DataError(
                f"{where['path']}:{where['line']}: column `{name}` says {cell!r}. "
                f"Accepted: {', '.join(hints.SPLIT_VALUES)}, or an empty cell."
            )
        found.append(value)
    return pa.array(found, pa.string())


def _note(table: pa.Table, row: int, name: str, cell: str, noted: list[Entry] | None) -> None:
    where = table.column("origin")[row].as_py()
    if noted is None:
        raise DataError(
            f"{where['path']}:{where['line']}: column `{name}` should hold a number, but says {cell!r}. "
            "Correct it, empty the cell, or choose another task with --task classify."
        )
    noted.append(
        Entry(
            row_id=table.column("row_id")[row].as_py(), path=where["path"], line=where["line"], stage="columns",
            action="noted", reason_code="not_a_number", field=name, before=cell,
        )
    )  # fmt: skip

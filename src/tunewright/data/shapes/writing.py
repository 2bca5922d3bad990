"""Rows into a file of a shape: JSON Lines, JSON, CSV, TSV or Parquet for records, its own format for the others."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.data.shapes.features import features
from tunewright.data.shapes.types import FileShape, Row, Shape

CELLS_LOSE = frozenset(["typed_columns", "nested_columns", "empty_columns", "several_labels", "number_label"])
CONTAINERS_LOSE: dict[str, frozenset[str]] = {
    ".jsonl": frozenset(),
    ".ndjson": frozenset(),
    ".json": frozenset(),
    ".csv": CELLS_LOSE | {"empty_target", "empty_label", "empty_second_text"},
    ".tsv": CELLS_LOSE | {"empty_target", "empty_label", "empty_second_text"},
    ".parquet": frozenset(["nested_columns", "turn_details", "span_details"]),
}
"""Endings of files that hold records, and which features each of them can't hold, whatever the shape."""


def holds(shape: Shape, path: Path) -> frozenset[str]:
    """What this shape holds in a file with this ending. Raises DataError for an ending that does not go with it."""
    suffix = path.suffix.lower()
    if isinstance(shape, FileShape):
        return shape.holds
    if suffix not in CONTAINERS_LOSE:
        raise DataError(
            f"{path}: {shape.title} is written as {' '.join(CONTAINERS_LOSE)}; `{suffix}` is none of these."
        )
    return shape.holds - CONTAINERS_LOSE[suffix]


def write_rows(rows: Iterable[Row], shape: Shape, path: Path) -> None:
    """Write the file, whole or not at all. What the shape can't hold is left out: `losses` says it beforehand."""
    if isinstance(shape, FileShape):
        shape.write(rows, path)
        return
    suffix = path.suffix.lower()
    holds(shape, path)
    records = (_record(shape.write(row), row) for row in rows)
    with writing(path) as aside:
        _WRITERS[suffix](records, aside)


def _record(record: dict[str, Any], row: Row) -> dict[str, Any]:
    return record | {"row_id": row.row_id} if row.row_id else record


def _jsonl(records: Iterable[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_dump(record) + "\n" for record in records)


def _json(records: Iterable[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        between = "[\n"
        for record in records:
            file.write(between + _dump(record))
            between = ",\n"
        file.write("\n]\n" if between != "[\n" else "[]\n")


def _dump(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise DataError(
            "a value that is no number (NaN or infinity) can't be written as JSON; write .parquet"
        ) from None


def _delimited(delimiter: str) -> Callable[[Iterable[dict[str, Any]], Path], None]:
    def write(records: Iterable[dict[str, Any]], path: Path) -> None:
        rows = list(records)
        names = list(dict.fromkeys(name for record in rows for name in record))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerow(names)
            writer.writerows([_text(record.get(name)) for name in names] for record in rows)

    return write


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return _dump(value)


def _parquet(records: Iterable[dict[str, Any]], path: Path) -> None:
    rows = list(records)
    names = list(dict.fromkeys(name for record in rows for name in record))
    columns = {name: _column(name, [record.get(name) for record in rows]) for name in names}
    pq.write_table(pa.table(columns), path, compression="zstd")


_STRUCTS = ("messages", "conversations", "history", "targets", "tags", "tokens", "spans", "label", "translation")
"""Columns of the shapes themselves that are lists or structs in Parquet. Others with lists or objects are JSON text."""


def _column(name: str, values: list[Any]) -> pa.Array:
    nested = any(isinstance(value, dict | list) for value in values)
    if nested and name not in _STRUCTS:
        return pa.array(
            [value if value is None or isinstance(value, str) else _dump(value) for value in values], pa.string()
        )
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        raise DataError(
            f"column `{name}` holds values of several kinds (or numbers beyond 64 bits), and Parquet has one type a column. "
            "Write .jsonl instead."
        ) from None


_WRITERS: dict[str, Callable[[Iterable[dict[str, Any]], Path], None]] = {
    ".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json, ".csv": _delimited(","), ".tsv": _delimited("\t"),
    ".parquet": _parquet,
}  # fmt: skip


def lost(row: Row, shape: Shape, can_hold: frozenset[str]) -> set[str]:
    """Names of the features that this row has and the shape, in this kind of file, has no place for."""
    return features(row) - can_hold | ({"clashing_columns"} if clashing(row, shape) else set())


def clashing(row: Row, shape: Shape) -> set[str]:
    """Columns of the row whose names the shape needs for itself."""
    if isinstance(shape, FileShape):
        return set()
    return set(row.columns) & (shape.own_keys | shape.own_keys_of(row))

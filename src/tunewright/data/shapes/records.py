"""The records of a file, whatever holds them: JSON objects as they are, cells as texts, Parquet's structs as objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.data.shapes.types import Refused
from tunewright.data.sources import SOURCES, RowChunk, find_source, iter_rows
from tunewright.data.table import RESERVED


@dataclass(frozen=True, kw_only=True)
class Record:
    """One row before anything is made of it."""

    values: dict[str, Any]
    row_id: str
    line: int


def records(path: Path, *, rows_per_chunk: int = 2048) -> Iterator[Record | Refused]:
    """Every row of a file in passes; what its format could not read comes as Refused, behind its chunk."""
    for chunk in iter_rows(path, rows_per_chunk=rows_per_chunk):
        ids = chunk.table.column("row_id").to_pylist()
        lines = [origin["line"] for origin in chunk.table.column("origin").to_pylist()]
        for values, row_id, line in zip(values_of(chunk), ids, lines, strict=True):
            yield Record(values=values, row_id=row_id, line=line)
        for bad in chunk.quarantined:
            yield Refused(path=bad.path, line=bad.line, reason_code=bad.reason_code, detail=bad.detail)


def values_of(chunk: RowChunk) -> list[dict[str, Any]]:
    """The rows of a chunk as records: objects as they stand in JSON, rows of tables with their columns' names."""
    if chunk.native.records:
        return chunk.native.records
    if chunk.native.batch is not None:
        return [_without_gaps(row) for row in chunk.native.batch.to_pylist()]
    names = [name for name in chunk.table.column_names if name not in RESERVED]
    return chunk.table.select(names).to_pylist()  # type: ignore[no-any-return]


def _without_gaps(value: Any) -> Any:
    """The value without keys that are null, at any depth: a struct in Parquet has all keys in every row."""
    if isinstance(value, dict):
        return {key: _without_gaps(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_gaps(part) for part in value]
    return value


def is_table_of_cells(path: Path) -> bool:
    """Whether the file is CSV or the like, where an empty cell is all there is to say "nothing"."""
    return SOURCES[find_source(path, several="first").kind].holds == "cells"

"""Write rows back as they were read (format, encoding, line ends, order, every cell) with columns added."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.data.sources.formats import SOURCES
from tunewright.data.sources.types import Added, FormatWriter, Holds, NativeRows, RowChunk, SourceFormat
from tunewright.data.sources.write_cells import as_cell
from tunewright.data.table import RESERVED


class LikeWriter:
    """A context: `write(chunk, added)` for each chunk of `iter_rows`. The file is whole or not there at all.

    The format to write may be another than that of the chunks: then their cells go over as they are in the table, text
    as text and numbers as numbers where the format has such.
    """

    def __init__(self, source: SourceFormat, path: Path) -> None:
        self._source = source
        self._path = path
        self._stack = contextlib.ExitStack()
        self._writer: FormatWriter | None = None

    def __enter__(self) -> LikeWriter:
        make = SOURCES[self._source.kind].writer
        if make is None:
            raise DataError(
                f"{self._path}: columns can't be added to a file of the format {self._source.kind}. {_OTHERS}"
            )
        aside = self._stack.enter_context(writing(self._path))
        file = self._stack.enter_context(aside.open("wb"))
        self._writer = make(file, self._source, self._path)
        self._stack.push(self._finish)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def write(self, chunk: RowChunk, added: Added) -> None:
        """Write the rows of a chunk, each with one value of every added column."""
        for name, values in added.items():
            assert len(values) == len(chunk.table), f"{name}: {len(values)} values for {len(chunk.table)} rows"
        assert self._writer is not None
        native = chunk.native
        if chunk.source.kind != self._source.kind:
            own = {name: chunk.table.column(name) for name in chunk.table.column_names if name not in RESERVED}
            native = native_rows(own, holds=SOURCES[self._source.kind].holds)
        self._writer.write(native, added)

    def _finish(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._writer is not None
        # After an error the file is thrown away, but a library that was left open would complain later.
        with contextlib.suppress(Exception) if kind is not None else contextlib.nullcontext():
            self._writer.close()


_OTHERS = "Give an output that ends in .csv or .jsonl."


def write_like(source: SourceFormat, path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write whole columns as a file of the same kind, encoding and layout."""
    make = SOURCES[source.kind].writer
    if make is None:
        raise DataError(f"{path}: files of the format {source.kind} are read, not written. {_OTHERS}")
    with writing(path) as aside, aside.open("wb") as file:
        writer = make(file, replace(source, header=list(columns)), path)
        writer.write(native_rows(columns, holds=SOURCES[source.kind].holds), {})
        writer.close()


def native_rows(columns: Mapping[str, Any], *, holds: Holds) -> NativeRows:
    """Columns as rows of a format that holds them so."""
    if holds == "columns":
        return NativeRows(batch=pa.table({name: _array(values) for name, values in columns.items()}))
    lists = [values.to_pylist() if isinstance(values, pa.ChunkedArray) else values for values in columns.values()]
    rows = zip(*lists, strict=True)
    if holds == "cells":
        return NativeRows(cells=[[as_cell(value) for value in row] for row in rows])
    records = [dict(zip(columns, row, strict=True)) for row in rows]
    return NativeRows(records=records, raws=[json.dumps(record, ensure_ascii=False, default=str) for record in records])


def _array(values: Any) -> pa.ChunkedArray | pa.Array:
    return values if isinstance(values, (pa.Array, pa.ChunkedArray)) else pa.array(list(values))

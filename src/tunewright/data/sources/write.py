"""Write rows back as they were read (format, encoding, line ends, order, every cell) with columns added."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.data.sources.compression import packing
from tunewright.data.sources.formats import SOURCES
from tunewright.data.sources.types import Added, FormatWriter, Holds, NativeRows, RowChunk, SourceFormat
from tunewright.data.sources.write_cells import as_cell
from tunewright.data.table import RESERVED


class LikeWriter:
    """A context: `write(chunk, added)` for each chunk of `iter_rows`. The file is whole or not there at all.

    Rows of the writer's own format keep every cell as it stands. The format may be another than that of the chunks (see
    `written_as`): then their cells go over as they are in the table, numbers as numbers where the format has such.
    """

    def __init__(self, source: SourceFormat, path: Path) -> None:
        self._source = source
        self._path = path
        self._stack = contextlib.ExitStack()
        self._file: IO[bytes] | None = None
        self._writer: FormatWriter | None = None
        self._names: list[str] = []

    def __enter__(self) -> LikeWriter:
        _writer_of(self._source, self._path)
        aside = self._stack.enter_context(writing(self._path))
        stored = self._stack.enter_context(aside.open("wb"))
        self._file = self._stack.enter_context(packing(stored, self._source))
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
        own = chunk.source.kind == self._source.kind and chunk.source.header == self._source.header
        if own:
            self._begun(self._source.header).write(chunk.native, added)
            return
        if not len(chunk.table):
            return
        names = [name for name in chunk.table.column_names if name not in RESERVED]
        writer = self._begun(names)
        columns = {name: chunk.table.column(name) for name in self._in_order(names, chunk)}
        writer.write(native_rows(columns, holds=SOURCES[self._source.kind].holds), added)

    def _begun(self, header: list[str]) -> FormatWriter:
        """The writer; the header is known once the first rows are there."""
        if self._writer is None:
            assert self._file is not None
            make = _writer_of(self._source, self._path)
            self._names = header
            self._writer = make(self._file, replace(self._source, header=header), self._path)
        return self._writer

    def _in_order(self, names: list[str], chunk: RowChunk) -> list[str]:
        """The columns in the order of the first chunk. Objects of JSON may have others later, which cells can't."""
        if SOURCES[self._source.kind].holds == "records" or names == self._names:
            return names
        if set(names) == set(self._names):
            return self._names
        new = [name for name in names if name not in self._names] or [n for n in self._names if n not in names]
        origin = chunk.table.column("origin")[0].as_py()
        raise DataError(
            f"{origin['path']}: not all rows have the column `{new[0]}` (seen in the rows from {origin['line']} on), so "
            f"they are no table. Give an output that ends in .jsonl instead of {self._path.name}."
        )

    def _finish(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # After an error the file is thrown away, but a library that was left open would complain later.
        with contextlib.suppress(Exception) if kind is not None else contextlib.nullcontext():
            self._begun(self._source.header).close()


def _writer_of(source: SourceFormat, path: Path) -> Callable[[IO[bytes], SourceFormat, Path], FormatWriter]:
    make = SOURCES[source.kind].writer
    if make is None:
        raise DataError(f"{path}: columns can't be added to a file of the format {source.kind}. {_OTHERS}")
    return make


_OTHERS = "Give an output that ends in .csv or .jsonl."


def write_like(source: SourceFormat, path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write whole columns as a file of the same kind, encoding and layout."""
    make = _writer_of(source, path)
    with writing(path) as aside, aside.open("wb") as stored, packing(stored, source) as file:
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

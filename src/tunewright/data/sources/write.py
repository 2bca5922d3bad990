"""Write rows back as they were read (format, encoding, line ends, order, every cell) with columns added.

JSON rows keep their text to the letter, so a number such as `1.10` or an id of twenty digits is not rewritten.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.data.sources.lines import BOMS
from tunewright.data.sources.types import RowChunk, SourceFormat

Added = Mapping[str, Sequence[Any]]


class LikeWriter:
    """A context: `write(chunk, added)` for each chunk of `iter_rows`. The file is whole or not there at all."""

    def __init__(self, source: SourceFormat, path: Path) -> None:
        self._source = source
        self._path = path
        self._stack = contextlib.ExitStack()
        self._file: IO[bytes] | None = None
        self._parquet: pq.ParquetWriter | None = None
        self._rows = 0

    def __enter__(self) -> LikeWriter:
        self._aside = self._stack.enter_context(writing(self._path))
        if self._source.kind != "parquet":
            self._file = self._stack.enter_context(self._aside.open("wb"))
            if self._source.bom:
                self._file.write(BOMS[self._source.encoding])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._source.kind == "json":
            self._put("[]\n" if not self._rows else "\n]\n")
        if self._parquet is not None:
            self._parquet.close()
        self._stack.__exit__(kind, error, trace)

    def write(self, chunk: RowChunk, added: Added) -> None:
        """Write the rows of a chunk, each with one value of every added column."""
        for name, values in added.items():
            assert len(values) == len(chunk.table), f"{name}: {len(values)} values for {len(chunk.table)} rows"
        kind = self._source.kind
        if kind == "parquet":
            self._write_parquet(chunk, added)
        elif kind in ("csv", "tsv"):
            self._write_cells(chunk.native.cells, added)
        else:
            self._write_objects(chunk, added)

    def _write_cells(self, rows: list[list[str]], added: Added) -> None:
        if not self._rows and self._source.has_header:
            self._put(format_row([*self._source.header, *added], self._source))
        columns = [[_cell(value) for value in values] for values in added.values()]
        for i, cells in enumerate(rows):
            self._put(format_row([*cells, *(column[i] for column in columns)], self._source))
        self._rows += max(1, len(rows))

    def _write_objects(self, chunk: RowChunk, added: Added) -> None:
        end = "" if self._source.kind == "json" else self._source.newline
        for i, (raw, record) in enumerate(zip(chunk.native.raws, chunk.native.records, strict=True)):
            new = {name: values[i] for name, values in added.items()}
            if self._source.kind == "json":
                self._put(",\n" if self._rows else "[\n")
            self._put(add_to_object(raw, record, new) + end)
            self._rows += 1

    def _write_parquet(self, chunk: RowChunk, added: Added) -> None:
        table = chunk.native.batch
        assert table is not None
        for name, values in added.items():
            table = table.append_column(name, values if isinstance(values, pa.Array) else pa.array(list(values)))
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(self._aside, table.schema)
        self._parquet.write_table(table.cast(self._parquet.schema))

    def _put(self, text: str) -> None:
        assert self._file is not None
        try:
            self._file.write(text.encode(self._source.encoding))
        except UnicodeEncodeError as error:
            shown = error.object[error.start : error.end]
            raise DataError(
                f"{self._path}: {shown!r} can't be written in {self._source.encoding}, the encoding of the input. "
                "Convert the input to UTF-8 first; then the output is UTF-8, too."
            ) from None


def write_like(source: SourceFormat, path: Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write whole columns as a file of the same kind, encoding and layout."""
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    with writing(path) as aside:
        if source.kind == "parquet":
            pq.write_table(pa.table({name: pa.array(list(values)) for name, values in columns.items()}), aside)
            return
        if source.kind in ("csv", "tsv"):
            lines = [list(columns)] if source.has_header else []
            lines += [[_cell(value) for value in row.values()] for row in rows]
            text = "".join(format_row(cells, source) for cells in lines)
        else:
            objects = [json.dumps(row, ensure_ascii=False) for row in rows]
            text = "".join(o + source.newline for o in objects) if source.kind == "jsonl" else "[\n" + ",\n".join(objects) + "\n]\n"  # fmt: skip  # noqa: E501
        mark = BOMS[source.encoding] if source.bom else b""
        aside.write_bytes(mark + text.encode(source.encoding))


def format_row(cells: Sequence[str], source: SourceFormat) -> str:
    """One row of CSV or TSV with its line end, quoted where reading it back needs that."""
    delimiter = source.delimiter or ","
    if not source.quoting:
        broken = next((cell for cell in cells if any(mark in cell for mark in (delimiter, "\n", "\r"))), None)
        if broken is not None and source.delimiter is not None:
            raise DataError(f"{broken[:40]!r} can't be written: this file's quotes wrap no cells, so none may hold a tab or line end.")  # fmt: skip  # noqa: E501
        if source.delimiter is not None:
            return delimiter.join(cells) + source.newline
    quoted = []
    marks = (delimiter, '"', "\n", "\r")
    for cell in cells:
        layout = (source.skip_space and cell[:1] == " ") or (len(cells) == 1 and not cell)
        if layout or any(mark in cell for mark in marks):
            escaped = cell.replace("\\", "\\\\").replace('"', '\\"') if source.escape else cell.replace('"', '""')
            cell = f'"{escaped}"'
        quoted.append(cell)
    return delimiter.join(quoted) + source.newline


def add_to_object(raw: str, record: Mapping[str, object], new: Mapping[str, object]) -> str:
    """The text of a JSON object with keys added at its end; only a key that is there already has it written anew."""
    if any(name in record for name in new):
        return json.dumps({**record, **new}, ensure_ascii=False)
    body = raw.strip()[:-1].rstrip()
    extra = json.dumps(dict(new), ensure_ascii=False, allow_nan=False)[1:-1]
    return f"{body}{', ' if record and new else ''}{extra}}}"


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ";".join(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)

"""Parquet: columns with types of their own. A row is named by its number, because there are no lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.data.sources.types import NativeRows, ReadConfig, Scan, SourceFormat


def detect(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """Columns are in the file's own schema."""
    header = _open(path).schema_arrow.names
    return SourceFormat(kind="parquet", header=list(header), reasons=scan.reasons, input_digest=scan.digest)


def rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The rows in chunks, dictionary columns as plain values."""
    first = 1
    try:
        for batch in _open(path).iter_batches(batch_size=rows_per_chunk):
            table = pa.Table.from_batches([batch])
            yield NativeRows(lines=list(range(first, first + len(table))), batch=_plain(table))
            first += len(table)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: the Parquet file is damaged after row {first - 1}: {error}.") from None


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}.") from None


def _plain(table: pa.Table) -> pa.Table:
    columns = []
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
            column = column.cast(pa.string())
        columns.append(column)
    return pa.table(columns, names=table.column_names)

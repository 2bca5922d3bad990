"""Parquet: columns with types of their own. A row is named by its number, because there are no lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.data.sources.columns_in import DAMAGED, sound_rows
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
            yield sound_rows(pa.Table.from_batches([batch]), first=first, path=path)
            first += len(batch)
    except DAMAGED as error:
        raise DataError(f"{path}: the Parquet file is damaged after row {first - 1}: {error}.") from None


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except DAMAGED as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}.") from None

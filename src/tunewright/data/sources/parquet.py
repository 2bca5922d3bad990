"""Parquet: columns with types of their own. A row is named by its number, because there are no lines.

Each page's checksum is compared where the file has one. What can't be decoded costs the rest of its row group, and
nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.data.sources.columns_in import DAMAGED, sound_rows
from tunewright.data.sources.types import NativeRows, Quarantined, ReadConfig, Scan, SourceFormat

_DECODED_ROWS = 4096
"""Rows decoded at once, whatever the size of the passes: of a damaged row group the same rows are read every time."""


def detect(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """Columns are in the file's own schema."""
    with _open(path) as file:
        header = file.schema_arrow.names
    return SourceFormat(kind="parquet", header=list(header), reasons=scan.reasons, input_digest=scan.digest)


def rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The rows in chunks, dictionary columns as plain values, row group by row group."""
    first = 1
    with _open(path) as file:
        for group in range(file.num_row_groups):
            end = first
            try:
                # Not from `file.metadata`: there a damaged footer ends the process instead of raising an error.
                end += file.read_row_group(group, columns=[]).num_rows
                for batch in file.iter_batches(batch_size=_DECODED_ROWS, row_groups=[group]):
                    for start in range(0, len(batch), rows_per_chunk):
                        table = pa.Table.from_batches([batch.slice(start, rows_per_chunk)])
                        yield sound_rows(table, first=first, path=path)
                        first += len(table)
            except DAMAGED as error:
                reason = f"row group {group + 1} of {file.num_row_groups} can't be decoded: {_first_line(error)}"
                if end == first:
                    raise DataError(f"{path}: {reason}. Its list of columns is damaged; download it again.") from None
                while first < end:
                    stop = min(end, first + rows_per_chunk)
                    yield NativeRows(quarantined=[_damaged(path, number, reason) for number in range(first, stop)])
                    first = stop


def _damaged(path: Path, number: int, detail: str) -> Quarantined:
    return Quarantined(
        path=str(path), line=number, byte_start=0, byte_end=0, reason_code="damaged_page", detail=detail, raw=""
    )


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except DAMAGED as error:
        raise DataError(
            f"{path}: not a readable Parquet file: {_first_line(error)}. The list of its columns stands at its end, "
            "so one that was cut off can't be read in part; copy or download it again."
        ) from None


def _first_line(error: BaseException) -> str:
    """Arrow adds the whole way of the error through its own code."""
    return (str(error).splitlines() or ["damaged"])[0].rstrip(". ")[:200]

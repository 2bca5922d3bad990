"""Write rows that are Arrow columns: Parquet, and Arrow's own files. Types stay as they were read."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.data.sources.types import Added, NativeRows, SourceFormat


class ParquetWriter:
    """A row group for each chunk."""

    def __init__(self, file: IO[bytes], source: SourceFormat, path: Path) -> None:
        self._file = file
        self._writer: pq.ParquetWriter | None = None

    def write(self, rows: NativeRows, added: Added) -> None:
        """The columns of a chunk; the first chunk decides on the types."""
        table = add_columns(rows, added)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._file, table.schema)
        self._writer.write_table(table.cast(self._writer.schema))

    def close(self) -> None:
        """The footer, without which nothing can be read."""
        if self._writer is not None:
            self._writer.close()


def add_columns(rows: NativeRows, added: Added) -> pa.Table:
    """The chunk's table with columns at its end."""
    table = rows.batch
    assert table is not None
    for name, values in added.items():
        table = table.append_column(name, values if isinstance(values, pa.Array) else pa.array(list(values)))
    return table

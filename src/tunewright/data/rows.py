"""`data/rows.parquet`: all kept rows with their fields and their side of the split."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import FolderError
from tunewright.core.folder import writing


def write_rows(fields: pa.Table, path: Path) -> None:
    """Write the table so that after any crash the file is either whole or not there."""
    with writing(path) as aside:
        pq.write_table(fields, aside, compression="zstd")


def read_rows(path: Path) -> pa.Table:
    """The table that `write_rows` wrote.

    Raises: FolderError when the file can't be read as Parquet.
    """
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise FolderError(
            f"{path} can't be read as Parquet ({error}). It is damaged, or of another program."
        ) from error

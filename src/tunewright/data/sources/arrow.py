"""Arrow's own files (.arrow, .feather), as a file with an index or as a stream, which is what `datasets` saves."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.data.sources.columns_in import DAMAGED, sound_rows
from tunewright.data.sources.types import Added, Look, NativeRows, ReadConfig, Scan, SourceFormat
from tunewright.data.sources.write_columns import add_columns

_FILE = b"ARROW1"
_STREAM = b"\xff\xff\xff\xff"


def recognise(look: Look) -> str | None:
    """By the first bytes; those of a stream are so plain that its table of columns has to be readable, too."""
    if look.head.startswith(b"FEA1"):
        raise DataError(
            f"{look.path}: this is an old Feather file (version 1). Save it as Parquet, or as Feather again."
        )
    if look.head.startswith(_FILE):
        return Sentence("its first bytes")
    if look.head.startswith(_STREAM) and look.head[4:8] != b"\0\0\0\0":
        with contextlib.suppress(*DAMAGED), pa.OSFile(str(look.path)) as file:
            pa.ipc.open_stream(file).schema  # noqa: B018  raises where there is none
            return Sentence("its first bytes")
    return None


def detect(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """Columns are in the file's own schema."""
    with path.open("rb") as file:
        is_stream = not file.read(len(_FILE)).startswith(_FILE)
    with _opened(path, is_stream=is_stream) as reader:
        header = list(reader.schema.names)
    return SourceFormat(
        kind="arrow", header=header, reasons=scan.reasons, input_digest=scan.digest, is_stream=is_stream
    )


def rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The rows in chunks; every one is checked, for a damaged file could point outside of its own bytes."""
    first = 1
    try:
        with _opened(path, is_stream=source.is_stream) as reader:
            for batch in _batches(reader):
                batch.validate()
                for start in range(0, len(batch), rows_per_chunk):
                    part = pa.Table.from_batches([batch.slice(start, rows_per_chunk)])
                    yield sound_rows(part, first=first, path=path)
                    first += len(part)
            if first == 1:
                yield NativeRows(batch=reader.schema.empty_table())
    except DAMAGED as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: the Arrow file is damaged after row {first - 1}: {reason}.") from None


class ArrowWriter:
    """An Arrow file or stream, as the source was; each chunk is a batch."""

    def __init__(self, file: IO[bytes], source: SourceFormat, path: Path) -> None:
        self._file, self._source = file, source
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None

    def write(self, rows: NativeRows, added: Added) -> None:
        """The columns of a chunk; the first chunk decides on the types."""
        table = add_columns(rows, added)
        if self._writer is None:
            make = pa.ipc.new_stream if self._source.is_stream else pa.ipc.new_file
            self._writer = make(self._file, table.schema)
            self._schema = table.schema
        self._writer.write_table(table.cast(self._schema))

    def close(self) -> None:
        """The index, or the mark that ends a stream."""
        if self._writer is not None:
            self._writer.close()


@contextlib.contextmanager
def _opened(path: Path, *, is_stream: bool) -> Iterator[pa.ipc.RecordBatchStreamReader]:
    try:
        with pa.memory_map(str(path)) as file:
            yield pa.ipc.open_stream(file) if is_stream else pa.ipc.open_file(file)
    except DAMAGED as error:
        raise DataError(f"{path}: not a readable Arrow file: {' '.join(str(error).split())}.") from None


def _batches(reader: pa.ipc.RecordBatchStreamReader) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        return (reader.get_batch(i) for i in range(reader.num_record_batches))
    return iter(reader)

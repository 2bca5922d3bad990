"""Read a file, or a folder of files, into the raw table: all at once or in passes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.core.text import digest
from tunewright.data.sources.assemble import concat, to_table
from tunewright.data.sources.detect import find_format
from tunewright.data.sources.folder import files_of
from tunewright.data.sources.formats import SOURCES
from tunewright.data.sources.types import NativeRows, ReadConfig, ReadResult, RowChunk, SourceFormat
from tunewright.data.table import set_column


def read(path: Path, *, config: ReadConfig | None = None) -> ReadResult:
    """All rows of a file, or of a folder whose files are named for their splits (then a column `split` says which)."""
    config = config or ReadConfig()
    files = files_of(path) if path.is_dir() else [(path, None)]
    seen: Counter[str] = Counter()
    results = [_read_file(file, split, config, seen) for file, split in files]
    table = concat([result.table for result in results])
    quarantined = [bad for result in results for bad in result.quarantined]
    if not len(table):
        first = f" The first: line {quarantined[0].line}, {quarantined[0].detail}." if quarantined else ""
        raise DataError(f"{path}: no row could be read, {len(quarantined)} are broken.{first}")
    blank_lines = sum(result.blank_lines for result in results)
    source = results[0].source if len(results) == 1 else _joint_source(results, [split for _, split in files])
    notes = [note for result in results for note in result.notes]
    return ReadResult(table=table, quarantined=quarantined, source=source, blank_lines=blank_lines, notes=notes)


def iter_rows(
    path: Path,
    *,
    config: ReadConfig | None = None,
    rows_per_chunk: int = 4096,
    source: SourceFormat | None = None,
    seen: Counter[str] | None = None,
) -> Iterator[RowChunk]:
    """The rows of one file in passes, in order, in bounded memory (JSON lists are the exception).

    Column types of JSON are found for each chunk; what must be written back goes through `LikeWriter`, which keeps rows
    as they stand. `source` is what `find_source` found, if it has looked already; `seen` counts identical rows over
    several files, or (`Uncounted`) not at all.
    """
    source = source or find_source(path, config=config)
    seen = Counter() if seen is None else seen
    for native in SOURCES[source.kind].rows(path, source, rows_per_chunk):
        table = to_table(native, source, holds=SOURCES[source.kind].holds, path=str(path), seen=seen)
        yield RowChunk(
            table=table, quarantined=native.quarantined, source=source, native=native, blank_lines=native.blank_lines,
            notes=native.notes,
        )  # fmt: skip


def find_source(path: Path, *, config: ReadConfig | None = None) -> SourceFormat:
    """Format, encoding and layout of a file, with reasons."""
    config = config or ReadConfig()
    if path.is_dir():
        raise DataError(f"{path}: this is a folder; name one file of it.")
    kind, scan = find_format(path, config, SOURCES)
    return SOURCES[kind].detect(path, scan, config)


def _read_file(path: Path, split: str | None, config: ReadConfig, seen: Counter[str]) -> ReadResult:
    source = find_source(path, config=config)
    native = _gather(SOURCES[source.kind].rows(path, source, 1 << 16))
    table = to_table(native, source, holds=SOURCES[source.kind].holds, path=str(path), seen=seen)
    source = source if source.header else replace(source, header=table.column_names[2:])
    if split is not None:
        if "split" in table.column_names:
            table = table.rename_columns(["split_2" if name == "split" else name for name in table.column_names])
        table = set_column(table, "split", pa.array([split] * len(table), pa.string()))
    return ReadResult(
        table=table, quarantined=native.quarantined, source=source, blank_lines=native.blank_lines, notes=native.notes
    )


def _gather(chunks: Iterator[NativeRows]) -> NativeRows:
    whole = NativeRows()
    batches = []
    for chunk in chunks:
        whole.lines += chunk.lines
        whole.cells += chunk.cells
        whole.blanks += chunk.blanks
        whole.notes += chunk.notes
        whole.records += chunk.records
        whole.quarantined += chunk.quarantined
        whole.blank_lines += chunk.blank_lines
        if chunk.batch is not None:
            batches.append(chunk.batch)
    whole.batch = pa.concat_tables(batches) if batches else None
    return whole


def _joint_source(results: list[ReadResult], splits: list[str | None]) -> SourceFormat:
    """One description of several files: the first one's, with the rows of each and a digest over all."""
    counts = [
        Sentence(
            "split {split}: {file}, {rows} rows", split=split,
            file=Path(result.table["origin"][0].as_py()["path"]).name, rows=len(result.table),
        )
        for result, split in zip(results, splits, strict=True)
        if len(result.table)
    ]  # fmt: skip
    first = results[0].source
    joint = digest(*(result.source.input_digest for result in results))
    return replace(first, reasons=[*counts, *first.reasons], input_digest=joint)

"""Read a file, or all files behind a name, into the raw table: all at once or in passes."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.core.text import digest
from tunewright.data.sources.assemble import concat, to_table
from tunewright.data.sources.detect import find_format
from tunewright.data.sources.folder import DataFile
from tunewright.data.sources.formats import SOURCES
from tunewright.data.sources.places import data_files
from tunewright.data.sources.types import NativeRows, ReadConfig, ReadResult, RowChunk, SourceFormat
from tunewright.data.table import RESERVED, set_column


def read(path: Path, *, config: ReadConfig | None = None) -> ReadResult:
    """All rows of a file, a folder, a pattern such as `data/*.csv`, a compressed file or an archive.

    Of several files, a column `split` says which split a row is of where the files are named for their splits; else a
    column `file` has the name of the file. Raises DataError where their columns differ.
    """
    config = config or ReadConfig()
    seen: Counter[str] = Counter()
    with data_files(path, config) as found:
        results = [_read_file(file, config, seen) for file in found.files]
    if found.joined:
        _check_columns(found.files, results)
        results = _marked_by_file(found.files, results)
    table = concat([result.table for result in results])
    quarantined = [bad for result in results for bad in result.quarantined]
    if not len(table):
        if not quarantined:
            raise DataError(f"{path}: there is no row below the header. A file with one row a line is needed.")
        first = f"The first: line {quarantined[0].line}, {quarantined[0].detail}."
        raise DataError(f"{path}: no row could be read, {len(quarantined)} are broken. {first}")
    for finish in dict.fromkeys(SOURCES[result.source.kind].finish for result in results):
        table = finish(table) if finish is not None else table
    source = results[0].source if len(results) == 1 else _joint_source(results, found.files)
    return ReadResult(
        table=table, quarantined=quarantined, source=replace(source, reasons=[*found.reasons, *source.reasons]),
        blank_lines=sum(result.blank_lines for result in results),
        notes=[note for result in results for note in result.notes],
    )  # fmt: skip


def iter_rows(
    path: Path,
    *,
    config: ReadConfig | None = None,
    rows_per_chunk: int = 4096,
    source: SourceFormat | None = None,
    seen: Counter[str] | None = None,
) -> Iterator[RowChunk]:
    """The rows in passes, in order, in bounded memory (JSON lists and workbooks are the exception).

    Column types of JSON are found for each chunk; what must be written back goes through `LikeWriter`, which keeps rows
    as they stand. `source` is what `find_source` found, if it has looked already; `seen` counts identical rows over
    several files, or (`Uncounted`) not at all.
    """
    config = config or ReadConfig()
    seen = Counter() if seen is None else seen
    with data_files(path, config) as found:
        for file in found.files:
            of_file = source if source is not None and len(found.files) == 1 else _source_of(file, config)
            for native in _native_rows(file, of_file, rows_per_chunk):
                table = to_table(native, of_file, holds=SOURCES[of_file.kind].holds, path=file.shown, seen=seen)
                yield RowChunk(
                    table=table, quarantined=native.quarantined, source=of_file, native=native,
                    blank_lines=native.blank_lines, notes=native.notes,
                )  # fmt: skip


def find_source(
    path: Path, *, config: ReadConfig | None = None, several: Literal["refuse", "first"] = "refuse"
) -> SourceFormat:
    """Format, encoding and layout of one file, with reasons; of several files, DataError or what the first one is."""
    config = config or ReadConfig()
    with data_files(path, config) as found:
        if len(found.files) > 1 and several == "refuse":
            names = ", ".join(file.shown for file in found.files[:5])
            raise DataError(f"{path}: there are {len(found.files)} data files here ({names}...); name one of them.")
        return _source_of(found.files[0], config)


def _source_of(file: DataFile, config: ReadConfig) -> SourceFormat:
    with _shown_errors(file):
        kind, scan = find_format(file.path, config, SOURCES)
        source = SOURCES[kind].detect(file.path, scan, config)
    if file.compression is None:
        return source
    reasons = [Sentence("compressed with {compression}", compression=file.compression), *source.reasons]
    return replace(source, compression=file.compression, member=file.member, reasons=reasons)


def _native_rows(file: DataFile, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The rows as their format has them; what is said of them names the file as a person does."""
    with _shown_errors(file):
        for native in SOURCES[source.kind].rows(file.path, source, rows_per_chunk):
            if file.shown != str(file.path):
                native.quarantined = [replace(bad, path=file.shown) for bad in native.quarantined]
                native.notes = [replace(note, path=file.shown) for note in native.notes]
            yield native


@contextlib.contextmanager
def _shown_errors(file: DataFile) -> Iterator[None]:
    """Errors inside name the file that a person knows, not the temporary one that it was unpacked to."""
    try:
        yield
    except DataError as error:
        raise DataError(str(error).replace(str(file.path), file.shown)) from None


def _read_file(file: DataFile, config: ReadConfig, seen: Counter[str]) -> ReadResult:
    source = _source_of(file, config)
    native = _gather(_native_rows(file, source, 1 << 16))
    table = to_table(native, source, holds=SOURCES[source.kind].holds, path=file.shown, seen=seen)
    source = source if source.header else replace(source, header=table.column_names[len(RESERVED) :])
    result = ReadResult(
        table=table, quarantined=native.quarantined, source=source, blank_lines=native.blank_lines, notes=native.notes
    )
    return result if file.split is None else _marked(result, "split", file.split)


def _marked(result: ReadResult, name: str, value: str) -> ReadResult:
    """The rows with a column in which all have one value; a column of that name in the file is called `NAME_2`."""
    table = result.table
    table = table.rename_columns([f"{name}_2" if column == name else column for column in table.column_names])
    return replace(result, table=set_column(table, name, pa.array([value] * len(table), pa.string())))


def _marked_by_file(files: list[DataFile], results: list[ReadResult]) -> list[ReadResult]:
    """Rows with the name of their file, unless each file is one row; with that of their folder where these differ."""
    folders = [Path(file.shown).parent.name for file in files]
    if len(set(folders)) > 1:
        results = [_marked(result, "folder", name) for result, name in zip(results, folders, strict=True)]
    if all(result.read <= 1 for result in results):
        return results
    names = _short_names(files)
    return [_marked(result, "file", name) for result, name in zip(results, names, strict=True)]


def _short_names(files: list[DataFile]) -> list[str]:
    """What tells the files apart: their names, or, where these come twice, the folder with them."""
    names = [Path(file.shown).name.partition(".")[0] or Path(file.shown).name for file in files]
    if len(set(names)) == len(names):
        return names
    return [Path(file.shown).as_posix() for file in files]


def _check_columns(files: list[DataFile], results: list[ReadResult]) -> None:
    """Tables that are read one behind the other must have the same columns; keys of JSON objects may be absent."""
    first = results[0].table.column_names
    for file, result in zip(files, results, strict=True):
        names = result.table.column_names
        if SOURCES[result.source.kind].holds == "records" or set(names) == set(first):
            continue
        lacks = [name for name in first if name not in names]
        more = [name for name in names if name not in first]
        found = "; ".join(
            f"{what} {', '.join(f'`{name}`' for name in some)}"
            for what, some in (("lacks", lacks), ("has", more))
            if some
        )
        raise DataError(
            f"{file.shown} has other columns than {files[0].shown}: it {found}. Files that are read one behind the other "
            "need the same columns; rename them, or name one file."
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


def _joint_source(results: list[ReadResult], files: list[DataFile]) -> SourceFormat:
    """One description of several files: the first one's, with the rows of each and a digest over all."""
    counts = [
        Sentence(
            "split {split}: {file}, {rows} rows", split=file.split, file=Path(file.shown).name, rows=len(result.table)
        )
        for result, file in zip(results, files, strict=True)
        if file.split is not None and len(result.table)
    ]
    first = results[0].source
    joint = digest(*(result.source.input_digest for result in results))
    return replace(first, reasons=[*counts, *first.reasons], input_digest=joint)

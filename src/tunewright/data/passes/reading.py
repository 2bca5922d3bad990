"""Pass 1: the file is read once, front to back, into runs on disk; on the way it is sampled and its ids are made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tunewright.core.errors import DataError
from tunewright.core.folder import not_written, writing
from tunewright.data.decided import note_entry, quarantine_entry, quarantine_line
from tunewright.data.passes.disk import DIGEST, DiskColumn, Limits, as_digests, count_repeats, hex_digests
from tunewright.data.passes.stages import Stages
from tunewright.data.sources import ReadConfig, SourceFormat, find_source, iter_rows
from tunewright.data.sources.assemble import concat
from tunewright.data.table import ORIGIN, Uncounted

_ROW_ID = re.compile(r"([0-9a-f]{32})(?:\+(\d+))?$")
_LINE = "\x1fline"
"""Name of the column of line numbers in a run: no file has such a column."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """Some rows in a row, as a file of Arrow columns."""

    path: Path
    first: int
    rows: int


@dataclass(kw_only=True)
class FileOnDisk:
    """A file as runs."""

    path: Path
    source: SourceFormat
    digests: DiskColumn
    shown: str = ""
    """What the path is called in messages: of an archive, also the file in it."""
    """Of each row's cells; with `repeat_N` they are the row ids."""
    runs: list[Run] = field(default_factory=list)
    shapes: list[pa.Table] = field(default_factory=list)
    """An empty table of each schema that a run has: JSON may hold numbers here and words there."""
    repeat_N: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    quarantined: int = 0
    blank_lines: int = 0

    @property
    def rows(self) -> int:
        """Rows that could be read."""
        return len(self.digests)

    def row_ids(self, low: int, high: int) -> list[str]:
        """The ids of a range of rows."""
        ids = hex_digests(self.digests.read(low, high))
        for place in np.flatnonzero(self.repeat_N[low:high]).tolist():
            ids[place] += f"+{self.repeat_N[low + place]}"
        return ids

    def tables(self, *, with_ids: bool = False) -> Iterator[tuple[Run, pa.Table]]:
        """The raw table of each run, its columns typed as those of the whole file are; ids only if they are needed."""
        for run in self.runs:
            with pa.memory_map(str(run.path)) as file:
                stored = pa.ipc.open_file(file).read_all()
            if len(self.shapes) > 1:
                stored = concat([stored, *self.shapes])
            ids = (
                pa.array(self.row_ids(run.first, run.first + run.rows)) if with_ids else pa.nulls(run.rows, pa.string())
            )
            origin = pa.StructArray.from_arrays(
                [pa.repeat(self.shown, run.rows), stored.column(_LINE).combine_chunks()], fields=list(ORIGIN)
            )
            own = stored.drop_columns([_LINE])
            yield run, pa.table([ids, origin, *own.columns], names=["row_id", "origin", *own.column_names])


def read_to_disk(
    path: Path, *, config: ReadConfig, folder: Path, quarantine_path: Path, stages: Stages, limits: Limits
) -> tuple[FileOnDisk, pa.Table]:
    """The file as runs below a folder, and an even sample of its rows.

    Raises: DataError where no row can be read. FolderError where the disk is full.
    """
    source = find_source(path, config=config)
    found = FileOnDisk(path=path, source=source, digests=DiskColumn(folder / "digests", DIGEST))
    given = DiskColumn(folder / "repeats", np.int32)
    sample = _Sample(limits)
    stage = stages.open("read")
    with writing(quarantine_path) as aside, aside.open("w", encoding="utf-8", newline="\n") as quarantine:
        chunks = iter_rows(path, config=config, source=source, rows_per_chunk=limits.rows_per_run, seen=Uncounted())
        for chunk in chunks:
            for bad in chunk.quarantined:
                quarantine.write(quarantine_line(bad))
            stage.add([*map(quarantine_entry, chunk.quarantined), *map(note_entry, chunk.notes)])
            found.quarantined += len(chunk.quarantined)
            found.blank_lines += chunk.blank_lines
            if len(chunk.table):
                _keep(chunk.table, found, given, folder)
                sample.add(chunk.table)
    if not found.rows:
        raise DataError(
            f"{path}: no row could be read, {found.quarantined} are broken. The first are in the quarantine."
        )
    stage.close(read=found.rows + found.quarantined, kept=found.rows)
    found.repeat_N = _repeats(found, given, limits)
    return found, sample.table(found.shapes)


def _keep(table: pa.Table, found: FileOnDisk, given: DiskColumn, folder: Path) -> None:
    """Write one run; its ids go into columns of their own."""
    found.shown = found.shown or table.column("origin")[0].as_py()["path"]
    parsed = [_ROW_ID.match(row_id) for row_id in table.column("row_id").to_pylist()]
    found.digests.append(as_digests(bytes.fromhex("".join(match[1] for match in parsed if match))))
    given.append(np.array([int(match[2] or 0) for match in parsed if match], np.int32))
    lines = pc.struct_field(table.column("origin"), 1)
    stored = table.drop_columns(["row_id", "origin"]).append_column(_LINE, lines)
    path = folder / f"run_{len(found.runs):06d}.arrow"
    try:
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, stored.schema, options=options) as writer:
            writer.write_table(stored)
    except OSError as error:
        raise not_written(path, error) from error
    found.runs.append(Run(path=path, first=found.rows - len(table), rows=len(table)))
    if not any(shape.schema.equals(stored.schema) for shape in found.shapes):
        found.shapes.append(stored.schema.empty_table())


def _repeats(found: FileOnDisk, given: DiskColumn, limits: Limits) -> npt.NDArray[np.int32]:
    """Which of the identical rows each is. Ids that the file brings along count already, and must all be different."""
    counted = count_repeats(found.digests, limits)
    brought = given.read(0, found.rows)
    if not brought.any() and "row_id" not in found.source.header:
        return counted
    if not counted.any() or brought.any():
        return brought
    line = int(np.flatnonzero(counted)[0]) + 1
    raise DataError(
        f"{found.path}: the column row_id holds an id twice (row {line} repeats an earlier one). "
        "Rename the column, or take it out, to have the rows named anew."
    )


class _Sample:
    """Every k-th row, with k doubled whenever the sample has become too large: even, whatever the length of the file."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._step = 1
        self._seen = 0
        self._parts: list[tuple[npt.NDArray[np.int64], pa.Table]] = []

    def add(self, table: pa.Table) -> None:
        """Take what is due of some rows."""
        places = np.arange(self._seen, self._seen + len(table))
        self._seen += len(table)
        self._take(places, table)
        while self._rows() > self._limits.sample_rows or self._bytes() > self._limits.sample_bytes:
            if self._rows() <= 1:
                break
            self._step *= 2
            parts, self._parts = self._parts, []
            for places, part in parts:
                self._take(places, part)

    def table(self, shapes: list[pa.Table]) -> pa.Table:
        """The rows of the sample."""
        tables = [table for _, table in self._parts]
        return concat([*tables, *(shapes if len(shapes) > 1 else [])])

    def _take(self, places: npt.NDArray[np.int64], table: pa.Table) -> None:
        due = places % self._step == 0
        if due.any():
            # `take` copies, so that the rows that are left out do not stay in memory.
            self._parts.append((places[due], table.take(pa.array(np.flatnonzero(due)))))

    def _rows(self) -> int:
        return sum(len(table) for _, table in self._parts)

    def _bytes(self) -> int:
        return sum(table.nbytes for _, table in self._parts)

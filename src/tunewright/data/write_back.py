"""Write the rows that stay as they stood in the file, each cell to the letter but for those that cleaning changed.

The file is read once more and copied row by row, so this needs the same little memory for a file of any size.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.data.clean import apply_text_steps
from tunewright.data.columns import as_text, split_cell
from tunewright.data.decided import DataSettings, Decided
from tunewright.data.marks import Ints
from tunewright.data.sources import SOURCES, LikeWriter, NativeRows, RowChunk, iter_rows
from tunewright.data.sources.json_text import DECODER
from tunewright.data.table import RESERVED, Uncounted

Added = Callable[[int, Ints], dict[str, list[Any]]]
"""Columns to add to some rows of the file: from the first place of a chunk and the places in it."""


def write_back(
    decided: Decided, outputs: Mapping[int, Path], *, output_N: Ints, settings: DataSettings,
    added: Added | None = None, with_row_id: bool = True,
) -> dict[int, int]:  # fmt: skip
    """Write each row to the output whose number stands in `output_N` (-1: none); how many rows each output has.

    Every output is whole or not there at all. Raises DataError where the format can't be written.
    """
    rows: Counter[int] = Counter()
    first = 0
    with contextlib.ExitStack() as stack:
        writers = {
            number: stack.enter_context(LikeWriter(_like(decided, path), path)) for number, path in outputs.items()
        }
        for chunk in iter_rows(decided.path, config=settings.read, source=decided.source, seen=Uncounted()):
            size = len(chunk.table)
            edit = _Edit(decided, chunk)
            chosen = output_N[first : first + size]
            for number, writer in writers.items():
                places = np.flatnonzero(chosen == number)
                columns = {} if added is None else added(first, places)
                if with_row_id and not edit.has_ids:
                    ids = decided.row_ids(first, first + size)
                    columns["row_id"] = [ids[place] for place in places.tolist()]
                writer.write(edit.rows(places), {_free(name, chunk): values for name, values in columns.items()})
                rows[number] += len(places)
            first += size
    assert first == len(output_N), f"{decided.path}: {len(output_N)} rows were read first and {first} now"
    return {number: rows[number] for number in outputs}


def _like(decided: Decided, path: Path) -> Any:
    if SOURCES[decided.source.kind].writer is None:
        raise DataError(
            f"{decided.path}: files of the format {decided.source.kind} are read, not written. "
            "Convert the file to CSV or JSON Lines first."
        )
    return decided.source


def _free(name: str, chunk: RowChunk) -> str:
    """A name that no column of the file has."""
    while name in chunk.table.column_names[len(RESERVED) :]:
        name += "_2"
    return name


class _Edit:
    """One chunk: the rows at some places, with their changed cells."""

    def __init__(self, decided: Decided, chunk: RowChunk) -> None:
        self._decided = decided
        self._chunk = chunk
        self._names = chunk.table.column_names[len(RESERVED) :]
        native = chunk.native
        own = native.batch.column_names if native.batch is not None else chunk.source.header
        holds_cells = bool(native.cells)
        self.has_ids = "row_id" in own if not native.records else all("row_id" in record for record in native.records)
        # The table leaves the file's own column of ids out, so the columns behind it have moved.
        shift = (
            own.index("row_id") if holds_cells and "row_id" in own and len(own) == len(self._names) + 1 else len(own)
        )
        self._at = {name: i + (i >= shift) for i, name in enumerate(self._names)}
        columns = decided.columns
        self._texts = [name for name in (columns.text, columns.text_pair) if name is not None and name in self._names]
        self._label = columns.label if columns.label in self._names else None

    def rows(self, places: Ints) -> RowChunk:
        """The rows at these places of the chunk."""
        native = take_rows(self._chunk.native, places)
        table = self._chunk.table.take(pa.array(places))
        for name, values in self._changed(table).items():
            _set(native, name, values, at=self._at[name])
            if native.batch is not None:
                column = native.batch.column_names.index(name)
                kind = native.batch.schema.field(column).type
                whole = native.batch.column(column).to_pylist()
                for row, value in values.items():
                    whole[row] = value
                native.batch = native.batch.set_column(column, name, pa.array(whole, kind))
        return replace(self._chunk, table=table, native=native)

    def _changed(self, table: pa.Table) -> dict[str, dict[int, Any]]:
        """For each column the cells that cleaning changed, by row."""
        found: dict[str, dict[int, Any]] = {}
        if self._decided.text_steps:
            for name in self._texts:
                for row, text in enumerate(table.column(name).to_pylist()):
                    if isinstance(text, str) and (after := apply_text_steps(text, self._decided.text_steps)) != text:
                        found.setdefault(name, {})[row] = after
        label = self._label
        if self._decided.meant and label is not None:
            for row, value in enumerate(table.column(label).to_pylist()):
                merged = self._merged(value)
                if merged is not None:
                    found.setdefault(label, {})[row] = merged
        return found

    def _merged(self, value: Any) -> Any:
        """The cell with its labels as they are meant, None where nothing changes."""
        meant, separator = self._decided.meant, self._decided.columns.label_separator
        if self._decided.columns.kind != "multi_label":
            return meant.get(as_text(value))
        labels = value if isinstance(value, list) else split_cell(value, separator) if isinstance(value, str) else []
        if meant.keys().isdisjoint(labels):
            return None
        after = list(dict.fromkeys(meant.get(label, label) for label in labels))
        if isinstance(value, list):
            return after
        return json.dumps(after, ensure_ascii=False) if separator is None else separator.join(after)


def take_rows(native: NativeRows, places: Ints) -> NativeRows:
    """The rows at some places, as their format has them."""

    def some(values: list[Any]) -> list[Any]:
        return [values[place] for place in places.tolist()] if values else []

    return replace(
        native, lines=some(native.lines), cells=some(native.cells), records=some(native.records),
        raws=some(native.raws), numbers=some(native.numbers), blanks=some(native.blanks),
        batch=None if native.batch is None else native.batch.take(pa.array(places)),
    )  # fmt: skip


def _set(native: NativeRows, name: str, values: Mapping[int, Any], *, at: int) -> None:
    for row, value in values.items():
        if native.cells:
            cells: Sequence[str] = native.cells[row]
            native.cells[row] = [*cells[:at], value, *cells[at + 1 :]]
        elif native.records:
            native.records[row] = {**native.records[row], name: value}
            if native.raws:
                native.raws[row] = with_value(native.raws[row], name, value)


def with_value(raw: str, name: str, value: object) -> str:
    """The text of a JSON object with one value replaced; everything else stays to the letter."""
    at = raw.index("{") + 1
    while True:
        at = _past_space(raw, at)
        key, at = DECODER.raw_decode(raw, at)
        start = _past_space(raw, _past_space(raw, at) + 1)
        _, end = DECODER.raw_decode(raw, start)
        if key == name:
            return raw[:start] + json.dumps(value, ensure_ascii=False) + raw[end:]
        at = _past_space(raw, end) + 1


def _past_space(raw: str, at: int) -> int:
    while raw[at] in " \t\r\n":
        at += 1
    return at

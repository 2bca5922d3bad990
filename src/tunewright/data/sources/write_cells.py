"""Write rows of cells as CSV or TSV: every cell to the letter, quoted only where reading it back needs that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tunewright.core.errors import DataError
from tunewright.data.sources.lines import BOMS
from tunewright.data.sources.types import Added, NativeRows, SourceFormat


class CellsWriter:
    """CSV and TSV in the source's encoding, delimiter, quoting and line ends."""

    def __init__(self, file: IO[bytes], source: SourceFormat, path: Path) -> None:
        self._put = TextOut(file, source, path).put
        self._source = source
        self._begun = False

    def write(self, rows: NativeRows, added: Added) -> None:
        """One line a row; before the first, the header if the source has one."""
        if not self._begun and self._source.has_header:
            self._put(format_row([*self._source.header, *added], self._source))
        self._begun = True
        columns = [[as_cell(value) for value in values] for values in added.values()]
        for i, cells in enumerate(rows.cells):
            self._put(format_row([*cells, *(column[i] for column in columns)], self._source))

    def close(self) -> None:
        """Nothing stands at the end of a CSV file."""


class TextOut:
    """Puts text into an open file in the source's encoding, after its byte order mark if it has one."""

    def __init__(self, file: IO[bytes], source: SourceFormat, path: Path) -> None:
        self._file, self._encoding, self._path = file, source.encoding, path
        if source.bom:
            file.write(BOMS[source.encoding])

    def put(self, text: str) -> None:
        """Write some text. Raises DataError for a character that the encoding lacks."""
        try:
            self._file.write(text.encode(self._encoding))
        except UnicodeEncodeError as error:
            shown = error.object[error.start : error.end]
            raise DataError(
                f"{self._path}: {shown!r} can't be written in {self._encoding}, the encoding of the input. "
                "Convert the input to UTF-8 first; then the output is UTF-8, too."
            ) from None


def format_row(cells: Sequence[str], source: SourceFormat) -> str:
    """One row of CSV or TSV with its line end, quoted where reading it back needs that."""
    delimiter = source.delimiter or ","
    if not source.quoting:
        broken = next((cell for cell in cells if any(mark in cell for mark in (delimiter, "\n", "\r"))), None)
        if broken is not None and source.delimiter is not None:
            raise DataError(f"{broken[:40]!r} can't be written: this file's quotes wrap no cells, so none may hold a tab or line end.")  # fmt: skip  # noqa: E501
        if source.delimiter is not None:
            return delimiter.join(cells) + source.newline
    quoted = []
    marks = (delimiter, '"', "\n", "\r")
    for cell in cells:
        layout = (source.skip_space and cell[:1] == " ") or (len(cells) == 1 and not cell)
        if layout or any(mark in cell for mark in marks):
            escaped = cell.replace("\\", "\\\\").replace('"', '\\"') if source.escape else cell.replace('"', '""')
            cell = f'"{escaped}"'
        quoted.append(cell)
    return delimiter.join(quoted) + source.newline


def as_cell(value: object) -> str:
    """A value as the text of a cell: strings as they are, nothing as the empty cell, lists of words joined by `;`."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ";".join(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)

"""The fast path of CSV: blocks of lines that can be read in one way only are read in one go.

Nearly all blocks of nearly all files are such. A block that is not, by any of the signs below, goes line by line through
`records`, which finds out what is wrong with which line; so both ways give the same rows, and a law holds them to it.
"""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache
from pathlib import Path

from tunewright.data.sources.joined import Joined
from tunewright.data.sources.lines import BOMS, Block, Line, decoded_lines, line_blocks, physical_lines
from tunewright.data.sources.records import BOM, Dialect, Lines
from tunewright.data.sources.types import SourceFormat

BLOCK_BYTES = 1 << 18


class BlockLines(Lines):
    """The lines of a file; where a block of them begins and is regular, all of it can be taken at once."""

    def __init__(self, path: Path, source: SourceFormat, dialect: Dialect) -> None:
        super().__init__(())
        self._source, self._dialect = source, dialect
        self._due: Block | None = None
        self._left = 0
        """Lines of the current block that were not given out yet."""
        if source.newline != "\r" and not source.encoding.startswith("utf-16"):
            skip = len(BOMS[source.encoding]) if source.bom else 0
            self._blocks = line_blocks(path, skip=skip, size=BLOCK_BYTES)
            self._due = next(self._blocks, None)
        else:
            self._lines = physical_lines(path, encoding=source.encoding, newline=source.newline, bom=source.bom)

    def __next__(self) -> Line:
        if not self._back and not self._left and self._due is not None:
            block, self._due = self._due, next(self._blocks, None)
            self._left = block.data.count(b"\n") + (not block.data.endswith(b"\n"))
            self._lines = decoded_lines(
                io.BytesIO(block.data), first=block.number, start=block.start, encoding=self._source.encoding,
                bom=self._source.bom,
            )  # fmt: skip
        if not self._back:
            self._left -= 1
        return super().__next__()

    def take_rows(self, joined: Joined) -> tuple[int, list[list[str]]] | None:
        """The rows of the next block, one a line, and the number of its first line; None where they are to be read one by one."""
        if self._left > 0 or self._due is None or not self.is_between_rows or not joined.is_at_first_header:
            return None
        rows = regular_rows(self._due.data, self._source, self._dialect)
        if rows is None or joined.may_hold_header(rows):
            return None
        number, self._due = self._due.number, next(self._blocks, None)
        return number, rows


def regular_rows(data: bytes, source: SourceFormat, dialect: Dialect) -> list[list[str]] | None:
    """The cells of each line of a block, or None unless every line is a whole row that can be read in one way only.

    That is: no character that is a sign of damage, no other line ends than the file's, each quoted cell closed in its
    own line with nothing behind it, and as many cells as the header has.
    """
    width, delimiter = len(source.header), dialect.delimiter
    if width < 2 or delimiter is None or len(delimiter) != 1 or dialect.escape or dialect.skip_space:
        return None
    if source.encoding != "utf-8" and not data.isascii():
        return None
    try:
        text = data.decode(source.encoding)
    except UnicodeDecodeError:
        return None
    if "\0" in text or BOM in text:
        return None
    if "\r" in text:
        if text.count("\r") != text.count("\r\n"):
            return None
        text = text.replace("\r\n", "\n")
    lines = text.removesuffix("\n").split("\n")
    if dialect.quoting and '"' in text:
        rows = _quoted(text, lines, delimiter)
    else:
        rows = [line.split(delimiter) for line in lines]
    return rows if rows is not None and set(map(len, rows)) == {width} else None


def _quoted(text: str, lines: list[str], delimiter: str) -> list[list[str]] | None:
    if _well_quoted(delimiter).fullmatch(text) is None:
        return None
    try:
        return list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:  # a cell longer than that reader takes
        return None


@lru_cache
def _well_quoted(delimiter: str) -> re.Pattern[str]:
    """Lines of cells that are quoted as a whole or do not begin with a quote."""
    end = re.escape(delimiter)
    cell = rf'(?:"(?:[^"\n]++|"")*+"|[^"\n{end}][^\n{end}]*+|)'
    return re.compile(rf"(?:{cell}[{end}\n])*+{cell}")

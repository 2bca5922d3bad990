r"""Cut physical lines into records of cells: CSV as RFC 4180 has it, strict about quotes, and safe against stray ones.

A quote that opens a cell may run over lines, so one stray quote could swallow the rest of a file. Here a record over
several lines must close its quote properly, and must not be made of lines that are rows in their own right; else only
its first line is set aside and reading goes on at the next one.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tunewright.data.sources.lines import Line, strip_end

MAX_LINES = 100_000
"""A quoted cell over more lines than this is taken for a quote that was never closed."""
MAX_CHARS = 1 << 25
MAX_WORK = 1 << 27
"""Characters looked at for one record: one that closes and opens quotes in thousands of lines is given up."""
ORPHAN_LINES = 1000
"""So far below a quote that is never closed, a line that would close it is still called an orphan."""

_SPECIAL = re.compile(r'["\\]')
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_OTHER_ENDS = re.compile(r"\r?\n|\r")
_RUNS = re.compile(r'"+')


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How cells are delimited and quoted."""

    delimiter: str | None
    quoting: bool = True
    escape: bool = False
    skip_space: bool = False


@dataclass(frozen=True, kw_only=True)
class RowShape:
    """What a row of this file looks like: how many cells, and the values of columns that have only a few."""

    width: int
    known: dict[int, frozenset[str]] = field(default_factory=dict)

    def looks_like_row(self, line: str, delimiter: str | None) -> bool:
        """Whether a single line, its quotes taken as plain characters, has the right cells."""
        cells = line.split(delimiter) if delimiter else [line]
        if len(cells) != self.width:
            return False
        return all(cells[i].strip(' "') in values for i, values in self.known.items())


class Record(NamedTuple):
    """One row, or what is set aside: then `reason` is not empty."""

    line: int
    start: int
    end: int
    cells: list[str]
    reason: str = ""
    detail: str = ""
    raw: str = ""


class _Problem(NamedTuple):
    reason: str
    detail: str


BOM = "\ufeff"
MARK = _Problem("bom_inside", "a byte order mark stands before the row, as where files were joined; take it out")
OPEN = _Problem("unclosed_quote", "a cell opens with a quote that is not closed")
INSIDE = _Problem("quote_inside_quotes", 'after a closing quote stands neither a delimiter nor the line\'s end; write a quote inside a quoted cell twice ("")')  # fmt: skip  # noqa: E501


def split_cells(text: str, dialect: Dialect) -> list[str] | _Problem:
    """The cells of a record, or what is wrong with it. `text` has no terminator at its end."""
    delimiter = dialect.delimiter
    if not dialect.quoting or '"' not in text:
        cells = text.split(delimiter) if delimiter else [text]
        return [cell.lstrip(" ") if i else cell for i, cell in enumerate(cells)] if dialect.skip_space else cells
    cells = []
    at, size, step = 0, len(text), len(delimiter or "")
    while True:
        if dialect.skip_space and cells:
            while text.startswith(" ", at):
                at += 1
        if text.startswith('"', at):
            end = _closing(text, at + 1, escape=dialect.escape)
            if end < 0:
                return OPEN
            cells.append(_unquote(text[at + 1 : end], escape=dialect.escape))
            at = end + 1
            if at == size:
                return cells
            if not delimiter or not text.startswith(delimiter, at):
                return INSIDE
            at += step
        else:
            end = text.find(delimiter, at) if delimiter else -1
            if end < 0:
                cells.append(text[at:])
                return cells
            cells.append(text[at:end])
            at = end + step


def _closing(text: str, at: int, *, escape: bool) -> int:
    """Where the quote closes, or -1."""
    if escape:
        while (match := _SPECIAL.search(text, at)) is not None:
            at = match.start()
            if text[at] == '"' and not text.startswith('""', at):
                return at
            at += 2
        return -1
    while (at := text.find('"', at)) >= 0:
        if not text.startswith('""', at):
            return at
        at += 2
    return -1


def _unquote(cell: str, *, escape: bool) -> str:
    if escape and "\\" in cell:
        return re.sub(r'\\(["\\])|""', lambda match: match.group(1) or '"', cell)
    return cell.replace('""', '"') if '"' in cell else cell


class Lines:
    """An iterator that lines can be put back to."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self._back: deque[Line] = deque()
        self.open_since = 0
        """The line where a quote was left open, while lines below may still belong to it."""

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._back.popleft() if self._back else next(self._lines)

    def put_back(self, lines: list[Line]) -> None:
        """Have these lines come next, in this order."""
        self._back.extendleft(reversed(lines))

    @property
    def is_between_rows(self) -> bool:
        """Whether no line above has to do with how the next one is read."""
        return not self._back and not self.open_since


def records(lines: Iterable[Line], *, dialect: Dialect, shape: RowShape | None = None) -> Iterator[Record]:
    """Every row of the lines in order, kept or set aside. A blank line comes as a record without cells."""
    source = lines if isinstance(lines, Lines) else Lines(lines)
    width = None if shape is None else shape.width
    for line in source:
        text = strip_end(line.text)
        if not text and not line.problem:
            yield Record(line.number, line.start, line.end, [])
            continue
        if line.problem:
            yield _aside([line], _Problem(line.reason, line.problem))
            continue
        mark = text.startswith(BOM)
        if mark:
            line = line._replace(text=line.text.lstrip(BOM))
            text = strip_end(line.text)
        found = split_cells(text, dialect)
        taken = [line]
        if found is OPEN and dialect.quoting:
            found, taken = _over_lines(line, source, dialect, shape)
        elif source.open_since and '"' in text and text.count('"') % 2 and isinstance(found, list):
            found = _Problem(
                "orphan_quote", f"this line seems to end the quoted cell that line {source.open_since} opens"
            )
        if isinstance(found, _Problem):
            opens = "".join(one.text for one in taken).count('"') % 2 == 1
            # Before the row is given out: who takes it may read on by another way (`BlockLines.take_rows`).
            source.open_since = taken[0].number if opens and found.reason != "orphan_quote" else 0
            yield _aside(taken, found)
            continue
        if source.open_since and ('"' in text or line.number > source.open_since + ORPHAN_LINES):
            source.open_since = 0
        spoilt = next((one for one in taken if one.problem), None)
        if spoilt is not None:
            yield _aside(taken, _Problem(spoilt.reason, spoilt.problem))
        elif any("\0" in one.text for one in taken):
            yield _aside(taken, _Problem("nul_character", "the row holds a NUL character, a sign of a damaged file"))
        elif mark:
            # The cells go along, so that the header of a file that was joined to another is known for what it is.
            yield _aside(taken, MARK)._replace(cells=found)
        elif width is not None and len(found) != width:
            yield _fit_width(taken, found, width, dialect)
        else:
            yield Record(line.number, line.start, taken[-1].end, found)


def _over_lines(
    first: Line, source: Lines, dialect: Dialect, shape: RowShape | None
) -> tuple[list[str] | _Problem, list[Line]]:
    """Read on until the quote closes. On any doubt only the first line is taken, the others go back."""
    taken, chars, work = [first], len(first.text), 0
    found: list[str] | _Problem = OPEN
    while found is OPEN and len(taken) < MAX_LINES and chars < MAX_CHARS and work < MAX_WORK:
        line = next(source, None)
        if line is None:
            break
        taken.append(line)
        chars += len(line.text)
        if _may_close(line.text, dialect):
            found = split_cells(strip_end("".join(one.text for one in taken)), dialect)
            work += chars
    if isinstance(found, list) and shape is not None and _is_swallowed(taken, dialect, shape):
        found = _Problem("stray_quote", f"the quote would swallow the {len(taken) - 1} lines below, which are rows")
    if isinstance(found, list):
        return found, taken
    if found is INSIDE:
        found = OPEN._replace(detail=f"{OPEN.detail}; the next quote, in line {taken[-1].number}, closes no cell")
    source.put_back(taken[1:])
    return found, [first]


def _may_close(text: str, dialect: Dialect) -> bool:
    """Whether a line inside an open cell can close it: doubled quotes alone can't."""
    if '"' not in text:
        return False
    if dialect.escape:
        text = _ESCAPED.sub("", text)
    return any(len(run) % 2 for run in _RUNS.findall(text))


def _is_swallowed(lines: list[Line], dialect: Dialect, shape: RowShape) -> bool:
    """Whether the lines of one record are rows in their own right, so that its opening quote must be a stray one."""
    if shape.width < 2:
        return False
    rows = sum(shape.looks_like_row(strip_end(line.text), dialect.delimiter) for line in lines)
    if shape.known:
        return rows == len(lines) or (len(lines) >= 4 and rows >= 0.5 * len(lines))
    return len(lines) >= 4 and rows >= 0.8 * len(lines)


def _fit_width(lines: list[Line], cells: list[str], width: int, dialect: Dialect) -> Record:
    """The row if only empty cells are too many, as spreadsheets leave them at the end; else set aside."""
    if len(cells) > width:
        if not any(cells[width:]):
            return Record(lines[0].number, lines[0].start, lines[-1].end, cells[:width])
        parts = _OTHER_ENDS.split(strip_end(lines[0].text)) if len(lines) == 1 else []
        if len(parts) > 1 and all(_has_width(split_cells(part, dialect), width) for part in parts):
            detail = f"{len(parts)} rows whose ends are other ones than those of the lines before"
            return _aside(lines, _Problem("mixed_line_ends", f"{detail}; save the file with one kind of line end"))
        detail = f"{len(cells)} cells where the header has {width}; a delimiter inside an unquoted cell?"
        return _aside(lines, _Problem("too_many_cells", detail))
    plural = "cell" if len(cells) == 1 else "cells"
    return _aside(lines, _Problem("too_few_cells", f"{len(cells)} {plural} where the header has {width}"))


def _has_width(found: list[str] | _Problem, width: int) -> bool:
    return isinstance(found, list) and len(found) == width


def _aside(lines: list[Line], problem: _Problem) -> Record:
    raw = strip_end("".join(line.text for line in lines))
    return Record(lines[0].number, lines[0].start, lines[-1].end, [], problem.reason, problem.detail, raw)

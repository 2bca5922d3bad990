"""Which delimiter, which quoting, and whether there is a header: tried on the first rows of the file."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from tunewright.core.sentence import Sentence
from tunewright.core.text import is_cjk
from tunewright.data import hints
from tunewright.data.sources.lines import Line
from tunewright.data.sources.records import Dialect, Record, RowShape, records

DELIMITERS = (",", "\t", ";", "|")
NAMED = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
SPELT = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe"}

_SAMPLE_LINES = 2000
_DOUBLED = re.compile(r'(?:^|\t)"[^\t]*""[^\t]*"(?:\t|\r?\n?$)')
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?$")


@dataclass(frozen=True, kw_only=True)
class _Trial:
    """How well the first rows read under one dialect."""

    dialect: Dialect
    width: int
    good: int
    bad: int
    header_names: int

    @property
    def score(self) -> float:
        return self.good / max(1, self.good + self.bad) + 0.5 * (self.header_names > 0)


def sample_lines(sample: str, newline: str) -> list[Line]:
    """The lines of the sample, numbered; byte positions are not known here and not needed."""
    end = "\r" if newline == "\r" else "\n"
    pieces = sample.split(end)
    return [Line(i, 0, 0, text + end) for i, text in enumerate(pieces, start=1) if text or i < len(pieces)]


def find_dialect(lines: list[Line], *, chosen: str | None, preferred: str) -> tuple[Dialect, str]:
    """The dialect and a sentence that says why. `preferred` decides between equals: the file's ending suggests it."""
    if chosen is not None:
        delimiter = NAMED.get(chosen, chosen)
        why = Sentence("delimiter {delimiter}: as asked for", delimiter=SPELT.get(delimiter, delimiter))
        return _find_quoting(lines, delimiter), why
    first, head = lines[:_SAMPLE_LINES], _head(lines)
    trials = [
        _try(first, _find_quoting(lines if delimiter == "\t" else first, delimiter))
        for delimiter in DELIMITERS
        if delimiter in head
    ]
    trials = [trial for trial in trials if trial.width > 1]
    best = max(trials, key=lambda t: (round(t.score, 2), t.dialect.delimiter == preferred, t.width), default=None)
    if best is None or best.score < 0.5:
        return _single_column(lines), Sentence("one column: no delimiter gives rows of equal width")
    why = Sentence(
        "delimiter {delimiter}: {good} of the first {total} rows have {width} cells",
        delimiter=SPELT[str(best.dialect.delimiter)], good=best.good, total=best.good + best.bad, width=best.width,
    )  # fmt: skip
    return best.dialect, why


def _head(lines: list[Line]) -> str:
    """The first line that is not blank, with those below it while a quote in it is open: a name may hold a line end."""
    start = next(i for i, line in enumerate(lines) if line.text.strip())
    head = lines[start].text
    for line in lines[start + 1 : start + 10]:
        if head.count('"') % 2 == 0:
            break
        head += line.text
    return head


def _try(lines: list[Line], dialect: Dialect) -> _Trial:
    read = [record for record in records(lines, dialect=dialect) if record.cells or record.reason]
    head = next((record.cells for record in read if record.cells), [""])
    width = _width(head, read)
    # A header's trailing empty names are layout, and so are a row's trailing empty cells.
    good = sum(
        len(record.cells) == width or (len(record.cells) > width and not any(record.cells[width:])) for record in read
    )
    names = sum(hints.is_known(cell) for cell in head)
    return _Trial(dialect=dialect, width=width, good=good, bad=len(read) - good, header_names=names)


def _width(head: list[str], read: list[Record]) -> int:
    """Cells of a row: as many as names, or one more where R numbers the rows in a column without a name."""
    return len(head) + numbered_without_name([record.cells for record in read if record.cells])


def numbered_without_name(rows: list[list[str]]) -> bool:
    """Whether all rows below the header have one cell more than it, and the first cells number the rows."""
    extra = [row for row in rows[1:] if len(row) == len(rows[0]) + 1 and row[0].isdigit()]
    return len(rows) > 2 and len(extra) >= 0.9 * (len(rows) - 1) and len({row[0] for row in extra}) == len(extra)


def _find_quoting(lines: list[Line], delimiter: str) -> Dialect:
    """How quotes are meant, for one delimiter."""
    plain = Dialect(delimiter=delimiter)
    spaced = re.compile(rf'{re.escape(delimiter)} +"')
    if delimiter != " " and sum(bool(spaced.search(line.text)) for line in lines) > 0:
        plain = _better(lines, plain, replace(plain, skip_space=True))
    if any('\\"' in line.text for line in lines):
        plain = _better(lines, plain, replace(plain, escape=True))
    if delimiter == "\t" and not _quotes_wrap(lines, plain):
        return replace(plain, quoting=False)
    return plain


def _better(lines: list[Line], first: Dialect, second: Dialect) -> Dialect:
    """The second dialect only where it leaves fewer rows unread."""
    return second if _try(lines, second).bad < _try(lines, first).bad else first


def _quotes_wrap(lines: list[Line], dialect: Dialect) -> bool:
    """Whether quotes in a tab-separated file wrap cells; in many such files a quote is a character like any other.

    The reading that breaks fewer rows is right. Where both break as few, a quoted header or a doubled quote inside a
    wrapped cell is the sign that quotes wrap.
    """
    if not any('"' in line.text for line in lines):
        return True
    wrapped, plain = _try(lines, dialect), _try(lines, replace(dialect, quoting=False))
    if wrapped.bad != plain.bad:
        return wrapped.bad < plain.bad
    return lines[0].text.startswith('"') or any(_DOUBLED.search(line.text) for line in lines)


def _single_column(lines: list[Line]) -> Dialect:
    """One cell a line. Quotes wrap cells only if every cell that starts with one ends with one."""
    quoted = Dialect(delimiter=None)
    broken = any(record.reason for record in records(lines, dialect=quoted))
    return Dialect(delimiter=None, quoting=not broken)


def find_header(rows: list[list[str]]) -> tuple[bool, str]:
    """Whether the first row names the columns, and why."""
    if not rows:
        return True, Sentence("header: the file is empty")
    first = rows[0]
    rest = [row for row in rows[1:] if row != first]  # joined files have their header again in the middle
    columns = [{row[i] for row in rest if i < len(row)} for i in range(len(first))]
    again = [cell for cell, column in zip(first, columns, strict=True) if cell.strip() and cell in column]
    known = [cell for cell in first if hints.is_known(cell) and cell not in again]
    prose = any(_is_prose(cell) for cell in first)
    if known and (not prose or 2 * len(known) >= len(first)):
        return True, Sentence("header: the first row has usual names ({names})", names=", ".join(known[:3]))
    if all(cell == str(i) for i, cell in enumerate(first)) and len(first) > 1:
        return True, Sentence("header: the first row counts the columns")
    if any(_NUMBER.match(cell.strip()) for cell in first):
        return False, Sentence("no header: the first row holds a number where a name would stand")
    if prose:
        return False, Sentence("no header: the first row holds a sentence where a name would stand")
    if len(first) > 1 and again:
        return False, Sentence("no header: a value of the first row comes again below it")
    if not rest:
        return False, Sentence("no header: the only row has no usual column names")
    return True, Sentence("header: the first row holds short words that do not come again")


def _is_prose(cell: str) -> bool:
    return (
        len(cell.split()) > 5
        or sum(map(is_cjk, cell)) > 10
        or cell.rstrip().endswith((".", "!", "?", "。", "！", "？"))
    )


def shape_of(rows: list[list[str]], width: int) -> RowShape:
    """What rows look like: columns with few, short values are known by those values.

    A value that is seen once is no evidence: the lines are looked at one by one, so it may stand inside a quoted cell.
    """
    fitting = [row for row in rows if len(row) == width]
    known = {}
    if width > 1 and len(fitting) >= 4:
        for index in range(width):
            counts = Counter(row[index].strip(' "') for row in fitting)
            repeated = sum(count for count in counts.values() if count > 1)
            short = sum(len(value) for value in counts) <= 40 * len(counts)
            if short and len(counts) <= 0.5 * len(fitting) and repeated >= 0.8 * len(fitting):
                known[index] = frozenset(value for value, count in counts.items() if count > 1)
    return RowShape(width=width, known=known)

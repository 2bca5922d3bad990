"""Comments and titles above the header of a table: how many lines to set aside before the first row is looked for."""

from __future__ import annotations

from tunewright.data import hints
from tunewright.data.sources.lines import Line, strip_end
from tunewright.data.sources.records import Dialect, records

MOST_LINES = 20
_LOOKED_AT = 200
_DELIMITERS = (",", "\t", ";", "|")


def lines_above_header(lines: list[Line]) -> int:
    """How many lines stand above the header; 0 wherever that is not certain.

    It is certain where the lines above have no cells at all, or start with `#`, and from the header on nearly all
    rows have as many cells as it has. A title is believed only above a header with usual names; a column of plain
    text with a comma here and there must stay one column.
    """
    for above in range(1, min(MOST_LINES, len(lines) - 2) + 1):
        texts = [text for line in lines[:above] if (text := strip_end(line.text)).strip()]
        if not texts:
            continue
        if any(text.count('"') % 2 for text in texts):
            return 0  # a name with a line end in it
        comments = all(text.startswith("#") for text in texts)
        for delimiter in _DELIMITERS:
            width = _width_below(lines[above : above + _LOOKED_AT], delimiter, names_needed=0 if comments else 2)
            if width and not any(text.count(delimiter) >= width - 1 for text in texts):
                return above
        if not comments and not _is_title(texts[-1]):
            return 0
    return 0


def _width_below(lines: list[Line], delimiter: str, *, names_needed: int) -> int:
    """Cells of a row from here on, where the first row is a header; 0 where it is none."""
    names = [name.strip(' "') for name in strip_end(lines[0].text).split(delimiter)]
    if len(names) < 2 or len(names[0]) > 100 or sum(map(hints.is_known, names)) < names_needed:
        return 0
    read = [row for row in records(lines, dialect=Dialect(delimiter=delimiter)) if row.cells or row.reason]
    head = read[0].cells
    fitting = sum(len(row.cells) == len(head) for row in read)
    if len(head) < 2 or len(read) < 3 or fitting < 0.9 * len(read) or head[0].startswith("#"):
        return 0
    return 0 if any(not name.strip() for name in head[:2]) else len(head)


def _is_title(text: str) -> bool:
    """A line without cells; a row of a table that has another width must not be passed over."""
    return not any(delimiter in text for delimiter in _DELIMITERS[1:]) and not hints.is_known(text)

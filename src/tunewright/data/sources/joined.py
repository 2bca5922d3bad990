"""Files that were joined have a header in the middle: the same one again, or one with the columns in another order, and
then no row below it means what the first header says."""

from __future__ import annotations

from functools import lru_cache

from tunewright.data import hints
from tunewright.data.sources.records import Record
from tunewright.data.sources.types import SourceFormat


class Joined:
    """Looks at every row below the header of one file, in order."""

    def __init__(self, source: SourceFormat) -> None:
        self._header = source.header
        self._names = [hints.plain(name) for name in source.header]
        self._delimiter = source.delimiter or ","
        self._other_since = 0

    @property
    def is_at_first_header(self) -> bool:
        """Whether the header that the file began with is the one that rows stand under now."""
        return not self._other_since

    def may_hold_header(self, rows: list[list[str]]) -> bool:
        """Whether any of the rows could be a header: one is all names, so a column in which no cell is one rules it out."""
        if self._header in rows:
            return True
        columns = sorted((set(column) for column in zip(*rows, strict=True)), key=len)
        return all(any(map(_is_name, column)) for column in columns)

    def judge(self, record: Record) -> Record:
        """The record, set aside where it is a header or stands under another one."""
        cells = record.cells
        if cells == self._header:
            self._other_since = 0
            return self._aside(record, "repeated_header", "the header again, as in files that were joined")
        if all(map(_is_name, cells)):
            names = [hints.plain(cell) for cell in cells]
            if len(set(names)) == len(names) and names != self._names:
                if sorted(names) == sorted(self._names):
                    self._other_since = record.line
                return self._aside(
                    record, "other_header", "another header, as in files that were joined; read the files one by one"
                )
        if self._other_since:
            detail = f"stands under the header of line {self._other_since}, which has the columns in another order"
            return self._aside(record, "under_other_header", detail)
        return record

    def _aside(self, record: Record, reason: str, detail: str) -> Record:
        return record._replace(reason=reason, detail=detail, raw=record.raw or self._delimiter.join(record.cells))


@lru_cache(maxsize=1 << 12)
def _is_known(cell: str) -> bool:
    return hints.is_known(cell)


def _is_name(cell: str) -> bool:
    """Whether a cell is a usual column name; asked of every row, so long cells are passed over."""
    return len(cell) < 32 and _is_known(cell)

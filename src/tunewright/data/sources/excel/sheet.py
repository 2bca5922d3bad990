"""The rows of a sheet: cells as texts by column, and what can't be told from the text alone."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree.ElementTree import Element

from tunewright.data.sources.excel.book import Book, cell_formats, elements, local, shared_texts, text_of
from tunewright.data.sources.excel.escapes import from_xml
from tunewright.data.sources.excel.values import Format, has_lost_digits, number_text

_PLACE = re.compile(r"([A-Z]{1,3})(\d+)$")
_LETTERS = re.compile(r"[A-Z]{1,3}$")
_FIRST_ROWS = 200

Merged = tuple[int, int, int, int]


class Cell(NamedTuple):
    """One cell that has something in it."""

    text: str
    is_number: bool = False
    problem: str = ""
    """A reason code, if there is something to say about it."""
    detail: str = ""


class Row(NamedTuple):
    """One row of the sheet, numbered as Excel does."""

    number: int
    cells: dict[int, Cell]
    """By the number of the column, from 1."""


@dataclass(kw_only=True)
class Survey:
    """What one pass over a sheet finds before its rows are read."""

    first_rows: list[Row] = field(default_factory=list)
    used_columns: set[int] = field(default_factory=set)
    merged: list[Merged] = field(default_factory=list)
    num_rows: int = 0
    hidden_rows: int = 0
    hidden_columns: list[int] = field(default_factory=list)


def survey(book: Book, part: str) -> Survey:
    """Look at a sheet once: merged cells are listed behind the rows that they merge."""
    found = Survey()
    reader = _CellReader(book)
    number = 0
    for element in elements(book.archive, part, "row", "mergeCell", "col"):
        name = local(element)
        if name == "mergeCell":
            merged = _range(element.get("ref", ""))
            if merged is not None:
                found.merged.append(merged)
        elif name == "col":
            if element.get("hidden") in ("1", "true"):
                first, last = int(element.get("min", "0")), int(element.get("max", "0"))
                found.hidden_columns += range(first, min(last, first + 100) + 1)
        else:
            number = int(element.get("r") or number + 1)
            columns = _used_columns(element)
            if columns:
                found.num_rows += 1
                found.used_columns.update(columns)
                found.hidden_rows += element.get("hidden") in ("1", "true")
                if len(found.first_rows) < _FIRST_ROWS:
                    found.first_rows.append(Row(number, reader.cells(element)))
    return found


def sheet_rows(book: Book, part: str) -> Iterator[Row]:
    """Every row that is stored, also those without a cell that has something in it."""
    reader = _CellReader(book)
    number = 0
    for element in elements(book.archive, part, "row"):
        number = int(element.get("r") or number + 1)
        yield Row(number, reader.cells(element))


class _CellReader:
    """Turns cells into texts; holds the workbook's shared texts and styles."""

    def __init__(self, book: Book) -> None:
        self._texts = shared_texts(book)
        self._formats = cell_formats(book)
        self._since_1904 = book.since_1904

    def cells(self, row: Element) -> dict[int, Cell]:
        """The cells of a row that have something in them, by column."""
        found: dict[int, Cell] = {}
        for column, element in _placed(row):
            cell = self._cell(element)
            if cell is not None:
                found[column] = cell
        return found

    def _cell(self, element: Element) -> Cell | None:
        kind = element.get("t", "n")
        stored: str | None = None
        has_formula = False
        for child in element:
            name = child.tag
            if name.endswith("}v"):
                stored = child.text
            elif name.endswith("}is") and kind == "inlineStr":
                text = text_of(child)
                return Cell(text) if text else None
            elif name.endswith("}f"):
                has_formula = True
        if not stored:
            if has_formula and kind != "str":
                return Cell("", problem="formula_without_value", detail="a formula that was never computed")
            return None
        if kind == "s":
            return self._shared(stored)
        if kind == "b":
            return Cell("TRUE" if stored.strip() in ("1", "true") else "FALSE")
        if kind == "e":
            return Cell(stored, problem="error_cell", detail=f"{stored}, an error of its formula")
        if kind == "n":
            return self._number(stored.strip(), element.get("s"))
        return Cell(from_xml(stored))  # `str`, a formula's text, and `d`, a date in ISO form

    def _shared(self, stored: str) -> Cell | None:
        number = int(stored) if stored.strip().isdigit() else -1
        if not 0 <= number < len(self._texts):
            return Cell("", problem="missing_text", detail=f"text number {stored}, which the workbook does not have")
        return Cell(self._texts[number]) if self._texts[number] else None

    def _number(self, stored: str, style: str | None) -> Cell:
        number = int(style) if style and style.isdigit() else 0
        shown = self._formats[number] if number < len(self._formats) else Format()
        try:
            text = number_text(stored, shown, since_1904=self._since_1904)
        except (ValueError, OverflowError):
            return Cell(stored, problem="bad_number", detail=f"{stored!r}, which is no number or date")
        if shown.shows == "number" and has_lost_digits(text):
            detail = f"{text}: Excel keeps 15 digits of a number, so the last ones may not be those that were typed"
            return Cell(text, problem="digits_lost", detail=detail)
        # What zeros in front or a date makes of a number can't be written back as a number.
        return Cell(text, is_number=shown.shows == "number" and not (shown.zeros and text.startswith("0")))


def _placed(row: Element) -> Iterator[tuple[int, Element]]:
    """The cells of a row that are not empty, with the numbers of their columns."""
    column = 0
    for element in row:
        letters = element.get("r", "").rstrip("0123456789")
        column = column_number(letters) if letters else column + 1
        if len(element):
            yield column, element


def _used_columns(row: Element) -> list[int]:
    return [column for column, _ in _placed(row)]


@functools.cache
def column_number(letters: str) -> int:
    """1 for `A`, 27 for `AA`. Raises ValueError for what names no column."""
    if not _LETTERS.match(letters):
        raise ValueError(f"{letters!r} is no column")
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number


def _range(reference: str) -> Merged | None:
    """`A2:A5` as first row, first column, last row, last column."""
    ends = [_PLACE.match(end) for end in reference.split(":")]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        return None
    (top, left), (bottom, right) = ((int(end[2]), column_number(end[1])) for end in ends if end)
    return (top, left, bottom, right)

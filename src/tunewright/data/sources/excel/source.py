"""A sheet as a source: which one, where its table starts, its rows as cells of text.

A cell is what a person sees: text as typed, whole numbers with all their digits, dates in ISO form, formulas by the value
that was last computed. The value of cells merged downwards stands in each of their rows.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tunewright.core.errors import DataError, nearest
from tunewright.core.sentence import Sentence
from tunewright.data.sources.dialect import find_header
from tunewright.data.sources.excel.book import Book, SheetPart, opened
from tunewright.data.sources.excel.sheet import Cell, Row, Survey, sheet_rows, survey
from tunewright.data.sources.excel.write import column_letters
from tunewright.data.sources.limits import check_archive
from tunewright.data.sources.types import (
    Look,
    NativeRows,
    Note,
    Quarantined,
    ReadConfig,
    Scan,
    Sheet,
    SourceFormat,
)

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NO_VALUE = ("error_cell", "formula_without_value", "missing_text", "bad_number")
"""Problems of a cell that leave it without a value."""

_OTHER_OFFICE = {
    "content.xml": "an OpenDocument file",
    "word/document.xml": "a Word document",
    "ppt/presentation.xml": "a PowerPoint presentation",
    "xl/workbook.bin": "a binary workbook (.xlsb)",
}


def recognise(look: Look) -> str | None:
    """A ZIP archive with a workbook in it. Raises DataError for relatives that can't be read, with what to do."""
    if look.head.startswith(_OLE):
        raise DataError(_old_office(look))
    if not look.head.startswith(b"PK"):
        return None
    try:
        with zipfile.ZipFile(look.path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        if look.path.suffix.lower() in (".xlsx", ".xlsm"):
            raise DataError(
                f"{look.path}: the workbook is damaged: the end of the file is missing. Copy it again."
            ) from None
        return None
    if any(name.rpartition("/")[2] == "workbook.xml" for name in names):
        return Sentence("a workbook in a ZIP archive")
    for part, what in _OTHER_OFFICE.items():
        if part in names:
            raise DataError(f"{look.path}: this is {what}. Save its table as .xlsx or CSV UTF-8.")
    return None


def _old_office(look: Look) -> str:
    # The names of what is inside stand in UTF-16 in the first sectors, or else near the end.
    with look.path.open("rb") as file:
        start = file.read(1 << 20)
        file.seek(max(0, look.path.stat().st_size - (1 << 20)))
        names = start + file.read()
    if "EncryptedPackage".encode("utf-16-le") in names:
        return (
            f"{look.path}: this workbook is protected with a password. Open it in Excel, take the password away "
            "(File, Info, Protect Workbook), and save it again."
        )
    if "__substg1.0_".encode("utf-16-le") in names or look.path.suffix.lower() == ".msg":
        return f"{look.path}: this is a message of Outlook (.msg). Save it as .eml, which other mail programs do."
    return (
        f"{look.path}: this is a file of an old Office (such as .xls). Open it in Excel or LibreOffice and save it as "
        ".xlsx or CSV UTF-8."
    )


def detect(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """The sheet, the row with the names, the columns that hold anything."""
    with opened(path) as book:
        check_archive(path, book.archive, config)
        sheet, found, why = _choose_sheet(book, config.sheet)
        if not found.first_rows:
            raise DataError(f"{path}: sheet `{sheet.name}` is empty. A header row and one row a text are needed.")
    at, reasons = _table_start(found)
    first = found.first_rows[at:]
    columns = sorted(found.used_columns)
    _fill_header(first[0], found)
    has_header, why_header = find_header([[_text(row, column) for column in columns] for row in first])
    if config.header is not None:
        has_header = config.header == "first_row"
        why_header = Sentence("header: the first row, as asked for" if has_header else "header: none, as asked for")
    header = [_text(first[0], column) if has_header else "" for column in columns]
    names = [name or f"column_{column_letters(column)}" for name, column in zip(header, columns, strict=True)]
    place = Sheet(
        name=sheet.name, part=sheet.part, columns=columns, merged=found.merged, first_row=first[0].number
    )  # fmt: skip
    return SourceFormat(
        kind="xlsx", header=names, has_header=has_header, input_digest=scan.digest, sheet=place,
        reasons=[*scan.reasons, why, *reasons, why_header, *_hidden(book, sheet, found), *_merged(found)],
    )  # fmt: skip


def rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The rows in chunks. A row with no value at all is blank; one with characters that are none is set aside."""
    sheet = source.sheet
    assert sheet is not None
    chunk = NativeRows()
    due = sheet.first_row + source.has_header
    last = due - 1
    with opened(path) as book:
        for row in _with_merged(sheet_rows(book, sheet.part), sheet):
            if row.number < due:
                continue
            chunk.blank_lines += row.number - last - 1
            last = row.number
            _add(chunk, row, sheet.columns, path, source)
            if len(chunk.lines) + len(chunk.quarantined) >= rows_per_chunk:
                yield chunk
                chunk = NativeRows()
    yield chunk


def _add(chunk: NativeRows, row: Row, columns: Sequence[int], path: Path, source: SourceFormat) -> None:
    found = [row.cells.get(column) for column in columns]
    if not any(cell is not None for cell in found):
        chunk.blank_lines += 1
        return
    cells = [cell.text if cell is not None else "" for cell in found]
    broken = next(((i, problem) for i, text in enumerate(cells) if (problem := _no_text(text))), None)
    if broken is not None:
        place, (reason, detail) = broken
        chunk.quarantined.append(
            Quarantined(
                path=str(path), line=row.number, byte_start=0, byte_end=0, reason_code=reason,
                detail=f"cell {column_letters(columns[place])}{row.number}: {detail}", raw="\t".join(cells),
            )
        )  # fmt: skip
        return
    chunk.lines.append(row.number)
    chunk.cells.append(cells)
    chunk.numbers.append([i for i, cell in enumerate(found) if cell is not None and cell.is_number])
    chunk.blanks.append([i for i, cell in enumerate(found) if cell is not None and cell.problem in _NO_VALUE])
    for column, cell in zip(columns, found, strict=True):
        if cell is not None and cell.problem:
            detail = f"cell {column_letters(column)}{row.number} holds {cell.detail}"
            chunk.notes.append(Note(path=str(path), line=row.number, code=cell.problem, detail=detail))


def _no_text(text: str) -> tuple[str, str] | None:
    if "\0" in text:
        return "nul_character", "a NUL character, a sign of a damaged file"
    if not text.isascii() and any(0xD800 <= ord(char) <= 0xDFFF for char in text):
        return "lone_surrogate", "half of a surrogate pair is no character"
    return None


def _choose_sheet(book: Book, name: str | None) -> tuple[SheetPart, Survey, str]:
    names = [sheet.name for sheet in book.sheets]
    if name is not None:
        if name not in names:
            raise DataError(
                f"{book.path}: there is no sheet `{name}`.{nearest(name, names)} The sheets are: {', '.join(names)}."
            )
        sheet = book.sheets[names.index(name)]
        return sheet, survey(book, sheet.part), Sentence("sheet `{sheet}`: as asked for", sheet=name)
    for sheet in sorted(book.sheets, key=lambda sheet: sheet.is_hidden):
        found = survey(book, sheet.part)
        if found.num_rows:
            others = [other for other in names if other != sheet.name]
            why = Sentence("sheet `{sheet}`: the first with rows", sheet=sheet.name)
            if others:
                why = Sentence(
                    "sheet `{sheet}`: the first with rows; others: {others} (--set data.read.sheet=NAME)",
                    sheet=sheet.name, others=", ".join(others),
                )  # fmt: skip
            return sheet, found, why
    raise DataError(f"{book.path}: no sheet has any rows. A header row and one row a text are needed.")


def _table_start(found: Survey) -> tuple[int, list[str]]:
    """The place of the first row of the table among the first rows: lines of title above it have fewer cells."""
    widths = [len(row.cells) for row in found.first_rows]
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    at = next(i for i, width in enumerate(widths) if width >= min(usual, max(2, 0.6 * usual)))
    if at == 0 or at > 10:
        return 0, []
    titles = "; ".join(" ".join(cell.text for cell in row.cells.values())[:60] for row in found.first_rows[:at])
    row = found.first_rows[at].number
    return at, [Sentence("the table starts at row {row}; above it stands: {titles}", row=row, titles=titles)]


def _fill_header(header: Row, found: Survey) -> None:
    """A name merged over several columns is the name of each."""
    for top, left, bottom, right in found.merged:
        if top <= header.number <= bottom and left in header.cells:
            header.cells.update(dict.fromkeys(range(left, min(right, left + 100) + 1), header.cells[left]))


def _with_merged(rows: Iterator[Row], sheet: Sheet) -> Iterator[Row]:
    """Rows in which the value of cells that are merged downwards stands in each row, not in the first alone."""
    starting: dict[int, list[tuple[int, int, int, int]]] = {}
    for merged in sheet.merged:
        if merged[2] > merged[0]:
            starting.setdefault(merged[0], []).append(merged)
    open_: dict[int, tuple[int, Cell]] = {}
    for row in rows:
        for column, (last, cell) in list(open_.items()):
            if row.number > last:
                del open_[column]
            else:
                row.cells.setdefault(column, cell)
        for _, left, bottom, _ in starting.get(row.number, ()):
            if left in row.cells:
                open_[left] = (bottom, row.cells[left])
        yield row


def _hidden(book: Book, sheet: SheetPart, found: Survey) -> list[str]:
    reasons: list[str] = []
    sheets = [other.name for other in book.sheets if other.is_hidden and other.name != sheet.name]
    if sheets:
        reasons.append(Sentence("hidden sheets, not read: {sheets}", sheets=", ".join(sheets)))
    if sheet.is_hidden:
        reasons.append(Sentence("sheet `{sheet}` is hidden", sheet=sheet.name))
    if found.hidden_rows:
        reasons.append(
            Sentence("hidden or filtered out in Excel, read like the others: {rows} rows", rows=found.hidden_rows)
        )
    hidden = [column_letters(column) for column in found.hidden_columns if column in found.used_columns]
    if hidden:
        reasons.append(Sentence("hidden columns, read like the others: {columns}", columns=", ".join(hidden)))
    return reasons


def _merged(found: Survey) -> list[str]:
    down = sorted(merged for merged in found.merged if merged[2] > merged[0])
    if not down:
        return []
    top, left, bottom, right = down[0]
    first = f"{column_letters(left)}{top}:{column_letters(right)}{bottom}"
    return [
        Sentence(
            "cells merged downwards: {count}, the first {first}; the value stands in each of the rows",
            count=len(down), first=first,
        )
    ]  # fmt: skip


def _text(row: Row, column: int) -> str:
    cell = row.cells.get(column)
    return cell.text if cell is not None else ""

"""Write a workbook with one sheet in which every cell is text: an id stays `007`, and `=1+1` is never a formula.

The few parts that a workbook needs are written straight into the ZIP archive, row by row, so that memory stays flat, the
same rows give the same bytes, and no text is cut or altered on its way.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from tunewright.core.errors import DataError
from tunewright.core.folder import writing
from tunewright.data.sources.excel.escapes import to_xml
from tunewright.data.sources.types import Added, NativeRows, SourceFormat
from tunewright.data.sources.write_cells import as_cell

MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384
MAX_CHARACTERS = 32_767
"""What a sheet and a cell of Excel can hold."""

_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]")


def write_xlsx(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[str]], *,
    choices: Mapping[str, Sequence[str]] | None = None, widths: Mapping[str, float] | None = None,
) -> None:  # fmt: skip
    """A workbook for people: the header frozen and bold, a drop-down list for each column in `choices`.

    `widths` are in characters, by column; others are 16 wide. Raises DataError where Excel could not hold it.
    """
    with writing(path) as aside, aside.open("wb") as file:
        sheet = SheetOut(file, path, header=header, choices=choices or {}, widths=widths or {})
        try:
            for cells in rows:
                sheet.write(cells)
        finally:
            sheet.close()


class ExcelWriter:
    """Rows like those of a workbook that was read, with columns added. Cells that were numbers are numbers again."""

    def __init__(self, file: IO[bytes], source: SourceFormat, path: Path) -> None:
        self._file, self._source, self._path = file, source, path
        self._sheet: SheetOut | None = None

    def write(self, rows: NativeRows, added: Added) -> None:
        """One row of the sheet for each."""
        sheet = self._sheet or self._begin(list(added))
        columns = list(added.values())
        for i, cells in enumerate(rows.cells):
            new = [column[i] for column in columns]
            numbers = set(rows.numbers[i]) if rows.numbers else set()
            numbers |= {len(cells) + k for k, value in enumerate(new) if _is_number(value)}
            sheet.write([*cells, *map(as_cell, new)], numbers=numbers)

    def close(self) -> None:
        """The parts around the sheet, without which it is no workbook."""
        (self._sheet or self._begin([])).close()

    def _begin(self, added: list[str]) -> SheetOut:
        header = [*self._source.header, *added] if self._source.has_header else None
        name = self._source.sheet.name if self._source.sheet else "Sheet1"
        self._sheet = SheetOut(self._file, self._path, header=header, name=name)
        return self._sheet


class SheetOut:
    """An open workbook: rows go to its sheet until `close`."""

    def __init__(
        self, file: IO[bytes], path: Path, *, header: Sequence[str] | None, name: str = "Sheet1",
        choices: Mapping[str, Sequence[str]] | None = None, widths: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self._path = path
        self._name = _NOT_IN_NAMES.sub("_", name)[:31].strip("'") or "Sheet1"
        self._header = list(header or ())
        self._choices = {column: list(values) for column, values in (choices or {}).items()}
        unknown = [column for column in (*self._choices, *(widths or {})) if column not in self._header]
        assert not unknown, f"no such column: {unknown}"
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._out = self._zip.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True)
        self._rows = 0
        self._put(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">')
        if header is not None:
            self._put('<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>')
        self._put("</sheetView></sheetViews>" + _columns(self._header, widths) + "<sheetData>")
        if header is not None:
            self.write(self._header, style=_BOLD)

    def write(self, cells: Sequence[str], *, numbers: set[int] | None = None, style: int | None = None) -> None:
        """One row; the cells at the places in `numbers` are numbers, all others text."""
        self._rows += 1
        row = self._rows
        if row > MAX_ROWS or len(cells) > MAX_COLUMNS:
            raise DataError(
                f"{self._path}: a sheet of Excel holds {MAX_ROWS:,} rows and {MAX_COLUMNS:,} columns, and these are "
                "more. Give an output that ends in .csv."
            )
        parts = [f'<row r="{row}">']
        for i, cell in enumerate(cells):
            at = f"{column_letters(i + 1)}{row}"
            if numbers and i in numbers:
                parts.append(f'<c r="{at}"><v>{to_xml(cell)}</v></c>')
            elif cell or style is not None:
                if len(cell.encode("utf-16-le", "surrogatepass")) > 2 * MAX_CHARACTERS:
                    raise DataError(
                        f"{self._path}: the text for cell {at} has {len(cell):,} characters, and a cell of Excel holds "
                        f"{MAX_CHARACTERS:,}. Give an output that ends in .csv."
                    )
                kept = _TEXT if style is None else style
                text = f'<t xml:space="preserve">{to_xml(cell)}</t>'
                parts.append(f'<c r="{at}" s="{kept}" t="inlineStr"><is>{text}</is></c>')
        self._put("".join(parts) + "</row>")

    def close(self) -> None:
        """Finish the sheet and write the other parts."""
        self._put("</sheetData>" + self._validations() + "</worksheet>")
        self._out.close()
        hidden = self._hidden_lists()
        names = [(self._name, "")]
        if hidden:
            # Two sheets can't share a name, whatever its case.
            names.append(("choices" if self._name.casefold() != "choices" else "choices_2", ' state="hidden"'))
            self._add("xl/worksheets/sheet2.xml", _lists_sheet(hidden))
        for part, text in _frame(names).items():
            self._add(part, text)
        self._zip.close()

    def _validations(self) -> str:
        """A list for each column of `choices`: in place where it is short, else on a hidden sheet."""
        found = []
        hidden = list(self._hidden_lists())
        for column, values in self._choices.items():
            letter = column_letters(self._header.index(column) + 1)
            if column in hidden:
                sheet = "choices" if self._name.casefold() != "choices" else "choices_2"
                at = column_letters(hidden.index(column) + 1)
                formula = f"{sheet}!${at}$1:${at}${len(values)}"
            else:
                formula = '"' + ",".join(values) + '"'
            found.append(
                f'<dataValidation type="list" allowBlank="1" showErrorMessage="1" '
                f'sqref="{letter}2:{letter}{max(2, self._rows)}"><formula1>{to_xml(formula)}</formula1></dataValidation>'
            )
        return f'<dataValidations count="{len(found)}">{"".join(found)}</dataValidations>' if found else ""

    def _hidden_lists(self) -> dict[str, list[str]]:
        """The lists that can't stand in place: longer than 255 characters, or with a comma or quote in a choice."""
        return {
            column: values
            for column, values in self._choices.items()
            if len(",".join(values)) > 255 or any(mark in value for value in values for mark in ',"\n\r')
            or any(value != value.strip() for value in values)
        }  # fmt: skip

    def _put(self, xml: str) -> None:
        self._out.write(xml.encode("utf-8"))

    def _add(self, part: str, xml: str) -> None:
        self._zip.writestr(_entry(part), xml.encode("utf-8"))


def column_letters(number: int) -> str:
    """`A` for 1, `AA` for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_TEXT, _BOLD = 1, 2
"""Styles of a cell: number format `@`, so that what is typed into it stays text, and the same in bold."""

_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="3">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


def _columns(header: Sequence[str], widths: Mapping[str, float] | None) -> str:
    if not header:
        return ""
    given = widths or {}
    columns = (
        f'<col min="{i}" max="{i}" width="{given.get(name, 16)}" style="{_TEXT}" customWidth="1"/>'
        for i, name in enumerate(header, start=1)
    )
    return f"<cols>{''.join(columns)}</cols>"


def _lists_sheet(lists: Mapping[str, Sequence[str]]) -> str:
    """One list a column."""
    rows = []
    for i in range(max(map(len, lists.values()))):
        cells = (
            f'<c r="{column_letters(k)}{i + 1}" s="{_TEXT}" t="inlineStr"><is><t xml:space="preserve">'
            f"{to_xml(values[i])}</t></is></c>"
            for k, values in enumerate(lists.values(), start=1)
            if i < len(values)
        )
        rows.append(f'<row r="{i + 1}">{"".join(cells)}</row>')
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'


def _frame(sheets: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The parts that make an archive of sheets a workbook."""
    numbered = list(enumerate(sheets, start=1))
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{_SPREADSHEET}.worksheet+xml"/>'
        for i, _ in numbered
    )
    listed = "".join(
        f'<sheet name="{_attribute(name)}" sheetId="{i}"{state} r:id="rId{i}"/>' for i, (name, state) in numbered
    )
    targets = "".join(
        f'<Relationship Id="rId{i}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i, _ in numbered
    )
    styles = f'<Relationship Id="rId{len(sheets) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    return {
        "[Content_Types].xml": (
            f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/>{overrides}'
            f'<Override PartName="/xl/styles.xml" ContentType="{_SPREADSHEET}.styles+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{targets}{styles}</Relationships>'
        ),
        "xl/styles.xml": _STYLES,
    }  # fmt: skip


def _attribute(text: str) -> str:
    return to_xml(text).replace('"', "&quot;")


def _entry(name: str) -> zipfile.ZipInfo:
    """A member with the oldest date that ZIP knows: the same rows give the same bytes."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value and abs(value) < 1e15

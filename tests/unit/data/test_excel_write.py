"""Workbooks that are written: read back by another library, no cell is altered and none is a formula."""

from __future__ import annotations

import zipfile
from pathlib import Path

import openpyxl
import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources.excel import write_xlsx
from tunewright.data.sources.excel.escapes import from_xml, to_xml

ROWS = [
    ["007", "a plain text", "退款"],
    ["12345678901234567", "第二行\nnext line", "bug"],
    ["1e5", "  spaces \t and tab ", ""],
    ["TRUE", "a & b < c > d \"e\" 'f'", "2024-01-31"],
]


def cells(path: Path) -> list[list[str | None]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path).worksheets[0].rows]


def test_every_cell_is_text_to_the_letter(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, ["id", "文本", "label"], ROWS)
    assert cells(path) == [["id", "文本", "label"], *[[cell or None for cell in row] for row in ROWS]]
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert {cell.data_type for row in sheet.rows for cell in row if cell.value is not None} == {"s"}
    assert sheet["A2"].number_format == "@"  # what a person types over it stays text, too


@pytest.mark.parametrize(
    "start", ["=1+1", '=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0"]
)
def test_what_starts_like_a_formula_is_text(tmp_path: Path, start: str) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [start], [[start]])
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert (sheet["A1"].data_type, sheet["A2"].data_type, sheet["A2"].value) == ("s", "s", start)
    with zipfile.ZipFile(path) as archive:
        assert b"<f" not in archive.read("xl/worksheets/sheet1.xml").replace(b"<fo", b"")


def test_header_is_frozen_and_bold(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, ["id", "text"], [["1", "a"]], widths={"text": 80})
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert (sheet.freeze_panes, sheet["A1"].font.b, sheet["A2"].font.b) == ("A2", True, False)
    assert sheet.column_dimensions["B"].width == 80


@pytest.mark.parametrize(
    ("values", "formula"),
    [
        (["yes", "no"], '"yes,no"'),
        (["退款", "故障"], '"退款,故障"'),
        (["a,b", "c"], "choices!$A$1:$A$2"),
        ([f"label number {i}" for i in range(40)], "choices!$A$1:$A$40"),
    ],
)
def test_a_choice_list_is_in_place_or_on_a_hidden_sheet(tmp_path: Path, values: list[str], formula: str) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, ["id", "label"], [["1", values[0]], ["2", ""]], choices={"label": values})
    book = openpyxl.load_workbook(path)
    (validation,) = book.worksheets[0].data_validations.dataValidation
    assert (validation.formula1, str(validation.sqref)) == (formula, "B2:B3")
    if formula.startswith("choices"):
        assert book["choices"].sheet_state == "hidden"
        assert [row[0].value for row in book["choices"].rows] == values


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        write_xlsx(tmp_path / name, ["id", "text", "label"], ROWS, choices={"label": ["x", "y,z"]})
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_what_a_cell_can_not_hold_is_refused_and_no_file_is_left(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cell B2 has 40,000 characters"):
        write_xlsx(tmp_path / "a.xlsx", ["id", "text"], [["1", "x" * 40_000]])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text", ["\r\n", "\x00\x08\x1f", "_x000D_", "_x005F_x000D_", "\ud800", "\U0001f600", "a_x_b", "\ufffe"]
)
def test_characters_that_xml_lacks_go_there_and_back(text: str) -> None:
    assert from_xml(to_xml(text)) == text
    assert to_xml(text).encode("utf-8")

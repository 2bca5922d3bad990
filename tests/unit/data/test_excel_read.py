"""Workbooks that are read: made by another library, every cell comes back as the text that a person sees."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import LikeWriter, ReadConfig, ReadResult, find_source, iter_rows, read


def book(path: Path, *rows: Sequence[Any], change: Callable[[Any, Any], None] | None = None) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(workbook, sheet)
    workbook.save(path)
    return path


def rewrite(path: Path, part: str, change: Callable[[str], str]) -> Path:
    """Change one part of a workbook as no library would."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part].decode("utf-8")).encode("utf-8")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def with_shared_texts(path: Path) -> Path:
    """The same workbook as Excel itself saves it: texts in a part of their own, which the cells refer to by number."""
    texts: list[str] = []

    def refer(match: re.Match[str]) -> str:
        texts.append(match[1])
        return f't="s"><v>{len(texts) - 1}</v>'

    sheet = "xl/worksheets/sheet1.xml"
    rewrite(path, sheet, lambda xml: re.sub(r't="inlineStr"><is>(.*?)</is>', refer, xml, flags=re.DOTALL))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(path, "a") as archive:
        shared = "".join(f"<si>{text}</si>" for text in texts)
        archive.writestr("xl/sharedStrings.xml", f'<?xml version="1.0"?><sst xmlns="{main}">{shared}</sst>')
    return path


def columns(result: ReadResult) -> dict[str, list[str]]:
    return {name: result.table[name].to_pylist() for name in result.table.column_names[2:]}


def one_cell(path: Path, value: Any, number_format: str | None = None) -> ReadResult:
    def change(workbook: Any, sheet: Any) -> None:
        if number_format is not None:
            sheet["B2"].number_format = number_format

    return read(book(path, ["text", "value"], ["a plain text", value], change=change))


@pytest.mark.parametrize(
    ("value", "number_format", "seen"),
    [
        ("007", None, "007"),
        (7, "000", "007"),
        (7, None, "7"),
        (4.5, "0", "4.5"),
        (0.1 + 0.2, None, "0.3"),
        (123456789012345, None, "123456789012345"),
        (-3, "0000", "-0003"),
        (True, None, "TRUE"),
        (False, None, "FALSE"),
        (dt.date(2024, 1, 31), None, "2024-01-31"),
        (dt.datetime(2024, 1, 31, 10, 30), None, "2024-01-31T10:30:00"),
        (dt.time(10, 30), None, "10:30:00"),
        (dt.timedelta(hours=26, minutes=5), None, "26:05:00"),
        (45322, "yyyy年m月d日", "2024-01-31"),
        (45322.4375, 'd. mmmm yyyy" um "hh:mm', "2024-01-31T10:30:00"),
        (45322, "[$-804]m/d/yy", "2024-01-31"),
        (1, "d/m/yyyy", "1900-01-01"),
        (61, "d/m/yyyy", "1900-03-01"),
        (12.5, '0.0" days"', "12.5"),
        (1234.5, "#,##0.00 [$€-407]", "1234.5"),
        ("NA", None, "NA"),
        ("null", None, "null"),
        ("TRUE", None, "TRUE"),
        ("1e5", None, "1e5"),
        (" two  spaces ", None, " two  spaces "),
        ("第一行\n第二行", None, "第一行\n第二行"),
        ("x005F_ stays", None, "x005F_ stays"),
    ],
)  # fmt: skip
def test_a_cell_is_what_a_person_sees(tmp_path: Path, value: Any, number_format: str | None, seen: str) -> None:
    result = one_cell(tmp_path / "a.xlsx", value, number_format)
    assert result.table["value"].to_pylist() == [seen]
    assert not result.notes


def test_digits_that_excel_has_lost_are_said(tmp_path: Path) -> None:
    result = one_cell(tmp_path / "a.xlsx", 12345678901234567)
    (note,) = result.notes
    assert (note.line, note.code) == (2, "digits_lost")
    assert "cell B2" in note.detail
    assert not one_cell(tmp_path / "b.xlsx", "12345678901234567").notes


def test_a_formula_gives_the_value_that_was_last_computed(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["text", "value"], ["a", "=1+1"], ["b", "=2+2"], ["c", 3])
    (missing, _) = read(path).notes
    assert (missing.line, missing.code) == (2, "formula_without_value")
    computed = lambda xml: re.sub(r"<f>1\+1</f><v(?: ?/|></v)>", "<f>1+1</f><v>2</v>", xml)  # noqa: E731
    result = read(rewrite(path, "xl/worksheets/sheet1.xml", computed))
    assert result.table["value"].to_pylist() == ["2", "", "3"]
    assert [note.line for note in result.notes] == [3]


def test_an_error_is_no_value_and_its_cell_is_named(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["text", "label"], ["a", "x"], ["b", "#N/A"], ["c", "y"])
    result = read(path)
    assert columns(result) == {"text": ["a", "b", "c"], "label": ["x", "", "y"]}
    (note,) = result.notes
    assert (note.line, note.code, note.detail) == (3, "error_cell", "cell B3 holds #N/A, an error of its formula")
    out = tmp_path / "b.xlsx"
    with LikeWriter(find_source(path), out) as writer:
        for chunk in iter_rows(path):
            writer.write(chunk, {"prediction": ["p"] * 3})
    assert [row[1].value for row in openpyxl.load_workbook(out).active.rows] == ["label", "x", "#N/A", "y"]


def test_rows_are_numbered_as_excel_numbers_them_and_titles_are_passed_over(tmp_path: Path) -> None:
    rows = [["Tickets of the year 2024"], [], ["id", "text", "label"], ["1", "a", "x"], [], ["2", "b", "y"]]
    result = read(book(tmp_path / "a.xlsx", *rows))
    assert result.table["origin"].to_pylist() == [{"path": str(tmp_path / "a.xlsx"), "line": n} for n in (4, 6)]
    assert columns(result) == {"id": ["1", "2"], "text": ["a", "b"], "label": ["x", "y"]}
    assert any("row 3; above it stands: Tickets of the year 2024" in reason for reason in result.source.reasons)
    assert result.blank_lines == 1


def test_the_value_of_cells_merged_downwards_stands_in_each_row(tmp_path: Path) -> None:
    rows = [["类别", "内容"], ["退款", "a"], [None, "b"], [None, "c"], ["故障", "d"], [None, "e"]]

    def merge(workbook: Any, sheet: Any) -> None:
        sheet.merge_cells("A2:A4")
        sheet.merge_cells("A5:A6")

    result = read(book(tmp_path / "a.xlsx", *rows, change=merge))
    assert columns(result) == {"类别": ["退款"] * 3 + ["故障"] * 2, "内容": list("abcde")}
    assert "cells merged downwards: 2, the first A2:A4; the value stands in each of the rows" in result.source.reasons


def test_the_first_visible_sheet_with_rows_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    def change(workbook: Any, sheet: Any) -> None:
        sheet.sheet_state = "hidden"
        workbook.create_sheet("empty")
        data = workbook.create_sheet("数据")
        data.append(["text", "label"])
        data.append(["from the third sheet", "x"])
        data.row_dimensions[2].hidden = True

    path = book(tmp_path / "a.xlsx", ["text", "label"], ["from the hidden sheet", "y"], change=change)
    result = read(path)
    assert result.table["text"].to_pylist() == ["from the third sheet"]
    assert (
        result.source.reasons[1]
        == "sheet `数据`: the first with rows; others: Sheet, empty (--set data.read.sheet=NAME)"
    )
    assert "hidden sheets, not read: Sheet" in result.source.reasons
    assert "hidden or filtered out in Excel, read like the others: 1 row" in result.source.reasons
    assert read(path, config=ReadConfig(sheet="Sheet")).table["text"].to_pylist() == ["from the hidden sheet"]
    with pytest.raises(DataError, match="Did you mean `Sheet`"):
        read(path, config=ReadConfig(sheet="sheet1"))
    with pytest.raises(DataError, match="sheet `empty` is empty"):
        read(path, config=ReadConfig(sheet="empty"))


def test_columns_without_name_and_value_are_left_out_and_one_with_values_gets_its_letter(tmp_path: Path) -> None:
    rows = [["text", None, "label", None], ["a", None, "x", "stray"], ["b", None, "y", None]]
    assert columns(read(book(tmp_path / "a.xlsx", *rows))) == {
        "text": ["a", "b"], "label": ["x", "y"], "column_D": ["stray", ""],
    }  # fmt: skip


def test_written_with_columns_added_ids_stay_text_and_numbers_stay_numbers(tmp_path: Path) -> None:
    path, out = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    rows = [["id", "text", "n"], ["007", "=1+1", 4.5], ["12345678901234567", "中文", 12]]
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    workbook.active["B2"].data_type = "s"
    workbook.save(path)
    with LikeWriter(find_source(path), out) as writer:
        for chunk in iter_rows(path, rows_per_chunk=1):
            writer.write(chunk, {"prediction": ["-x"] * len(chunk.table), "confidence": [0.25] * len(chunk.table)})
    sheet = openpyxl.load_workbook(out).active
    assert [[cell.value for cell in row] for row in sheet.rows] == [
        [*rows[0], "prediction", "confidence"], [*rows[1], "-x", 0.25], [*rows[2], "-x", 0.25],
    ]  # fmt: skip
    assert [cell.data_type for cell in sheet[2]] == ["s", "s", "n", "s", "n"]
    assert read(out).table["text"].to_pylist() == read(path).table["text"].to_pylist()


def test_readings_of_japanese_cells_are_not_part_of_the_text(tmp_path: Path) -> None:
    path = with_shared_texts(book(tmp_path / "a.xlsx", ["text", "label"], ["東京", "x"]))
    assert read(path).table["text"].to_pylist() == ["東京"]
    with_reading = '<si><r><t>東</t></r><r><t>京</t></r><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si>'
    rewrite(path, "xl/sharedStrings.xml", lambda xml: re.sub(r"<si><t>東京</t></si>", with_reading, xml))
    assert read(path).table["text"].to_pylist() == ["東京"]


def test_days_may_be_counted_from_1904(tmp_path: Path) -> None:
    def change(workbook: Any, sheet: Any) -> None:
        workbook.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    path = book(tmp_path / "a.xlsx", ["text", "date"], ["a", dt.date(2024, 1, 31)], change=change)
    assert read(path).table["date"].to_pylist() == ["2024-01-31"]

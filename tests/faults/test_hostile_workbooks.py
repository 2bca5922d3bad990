"""Workbooks that are damaged, protected, of another program, or made to do harm: refused in words, never a crash."""

from __future__ import annotations

import contextlib
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.data.test_excel_read import book, rewrite, with_shared_texts
from tunewright.core.errors import DataError
from tunewright.data.sources import ReadConfig, read

ROWS = [["text", "label"], *[[f"text number {i} 中文", "ab"[i % 2]] for i in range(60)]]
SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("bomb", [LAUGHS, OUTSIDE], ids=["entities that grow", "a file from outside"])
def test_entities_are_refused_in_every_part(tmp_path: Path, part: str, bomb: str) -> None:
    path = with_shared_texts(book(tmp_path / "a.xlsx", *ROWS))
    rewrite(path, part, lambda xml: bomb + xml.partition("?>")[2] if xml.startswith("<?xml") else bomb + xml)
    with pytest.raises(DataError, match=r"a\.xlsx: the workbook's XML defines entities"):
        read(path)


def test_a_workbook_that_would_fill_the_memory_is_refused_with_the_numbers(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", *ROWS)
    rewrite(path, SHEET, lambda xml: xml.replace("<sheetData>", "<sheetData>" + " " * 80_000_000))
    with pytest.raises(DataError, match=r"times as many are unpacked.*data\.read\.max_unpack_ratio="):
        read(path)
    assert len(read(path, config=ReadConfig(max_unpack_ratio=2000)).table) == 60


def test_a_protected_workbook_and_an_old_one_are_told_apart(tmp_path: Path) -> None:
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    old, locked = tmp_path / "a.xls", tmp_path / "b.xlsx"
    old.write_bytes(ole + "Workbook".encode("utf-16-le") + bytes(500))
    locked.write_bytes(ole + "EncryptedPackage".encode("utf-16-le") + bytes(500))
    with pytest.raises(DataError, match=r"a\.xls: this is a file of an old Office.*save it as \.xlsx"):
        read(old)
    with pytest.raises(DataError, match=r"b\.xlsx: this workbook is protected with a password"):
        read(locked)


@pytest.mark.parametrize(
    ("part", "message"),
    [("content.xml", "OpenDocument"), ("word/document.xml", "Word"), ("xl/workbook.bin", r"\.xlsb")],
)
def test_relatives_are_refused_by_name(tmp_path: Path, part: str, message: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype" if part == "content.xml" else "[Content_Types].xml", "x")
        archive.writestr(part, "x")
    with pytest.raises(DataError, match=message):
        read(path)


def test_a_text_that_the_workbook_lacks_and_a_date_that_is_none_are_located(tmp_path: Path) -> None:
    def as_dates(workbook: Any, sheet: Any) -> None:
        sheet["B2"].number_format = sheet["B3"].number_format = "yyyy-mm-dd"

    rows = [["text", "when"], ["a", 1], ["b", 45322]]
    path = with_shared_texts(book(tmp_path / "a.xlsx", *rows, change=as_dates))
    rewrite(
        path,
        SHEET,
        lambda xml: xml.replace("<v>2</v>", "<v>999</v>").replace(
            '<v>1</v></c></row><row r="3"', '<v>-1</v></c></row><row r="3"'
        ),
    )
    result = read(path)
    assert [(note.line, note.code) for note in result.notes] == [(2, "missing_text"), (2, "bad_number")]
    assert result.table["text"].to_pylist() == ["", "b"]
    assert result.table["when"].to_pylist() == ["", "2024-01-31"]


def test_a_cell_with_a_nul_is_set_aside_with_its_name(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ["text", "label"], ["good", "x"], ["ba_x0000_d", "y"], ["half _xD800_", "x"])
    result = read(path)
    assert [(bad.line, bad.reason_code) for bad in result.quarantined] == [(3, "nul_character"), (4, "lone_surrogate")]
    assert result.quarantined[0].detail.startswith("cell A3")
    assert result.read == 3


def test_any_damage_is_read_or_said_never_raised(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", *ROWS)
    whole = path.read_bytes()
    chance = random.Random(17)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        if chance.random() < 0.5:
            del data[chance.randrange(len(data)) :]
        for _ in range(chance.randrange(1, 6)):
            if data:
                data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            read(path)
        except DataError:
            refused += 1
    assert refused > 150


def test_xml_of_another_kind_inside_is_said(tmp_path: Path) -> None:
    path = with_shared_texts(book(tmp_path / "a.xlsx", *ROWS))
    chance = random.Random(23)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(200):
        name = chance.choice(
            [SHEET, "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"]
        )
        text = bytearray(parts[name])
        for _ in range(3):
            text[chance.randrange(len(text))] = chance.choice(b'<>"=&/0a9 ')
        with zipfile.ZipFile(path, "w") as archive:
            for other, data in parts.items():
                archive.writestr(other, bytes(text) if other == name else data)
        with contextlib.suppress(DataError):
            read(path)

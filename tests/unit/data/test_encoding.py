"""The encoding is found from the bytes alone."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import ReadConfig, read

SIMPLIFIED = "评论,标签\n这家酒店的服务不错，房间很大,好评\n太差了，再也不来,差评\n东西收到了，质量还可以,好评\n"
TRADITIONAL = (
    "評論,標籤\n這間酒店的服務態度不錯，但是房間太小,好評\n太差了，再也不來,差評\n東西收到了，質量還可以,好評\n"
)
GERMAN = "Text,Kategorie\nDer Käse schmeckt gut – danke,gut\nÜble Größe und böse,schlecht\nSchön für 5 €,gut\n"
RUSSIAN = "текст,метка\nОчень хорошая гостиница и номер,хорошо\nПлохо, больше не приеду сюда,плохо\n".replace(", ", " ")


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        (SIMPLIFIED, "utf-8", "utf-8"),
        (SIMPLIFIED, "utf-8-sig", "utf-8"),
        (SIMPLIFIED, "gb18030", "gb18030"),
        (SIMPLIFIED, "gbk", "gb18030"),
        (SIMPLIFIED, "utf-16", "utf-16-le"),
        (SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (SIMPLIFIED, "utf-16-be", "utf-16-be"),
        (SIMPLIFIED.replace("酒店", "上" * 30), "utf-16-le", "utf-16-le"),
        ("text,label\nI can’t pay,a\nthe “café” is closed,b\n", "gb18030", "gb18030"),
        ("text,label\nI can’t pay,a\nthe “café” is closed,b\n", "cp1252", "cp1252"),
        (TRADITIONAL, "big5", "big5"),
        (TRADITIONAL, "gb18030", "gb18030"),
        (GERMAN, "cp1252", "cp1252"),
        (GERMAN.replace("–", "-").replace("€", "Euro"), "latin-1", "cp1252"),
        (GERMAN, "utf-16-le", "utf-16-le"),
        (RUSSIAN, "cp1251", "cp1251"),
    ],
)
def test_encoding_is_found_and_characters_come_back(tmp_path: Path, text: str, encoding: str, found: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    result = read(path)
    assert result.source.encoding == found
    first = [list(row.values())[2:] for row in result.table.to_pylist()]
    assert first == [line.split(",") for line in text.splitlines()[1:]]
    assert result.table.column_names[2:] == text.splitlines()[0].split(",")


def test_byte_order_mark_is_kept_in_mind_and_out_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(codecs.BOM_UTF8 + b"text,label\na,b\n")
    result = read(path)
    assert result.source.bom
    assert result.source.header == ["text", "label"]


def test_one_spoilt_line_in_utf8_is_located_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    good = "".join(f"das ist schön {i},gut\n" for i in range(10)).encode()
    path.write_bytes(b"text,label\n" + good + b"caf\xe9,gut\n" + good)
    result = read(path)
    assert len(result.table) == 20
    (bad,) = result.quarantined
    assert (bad.line, bad.reason_code) == (12, "undecodable_bytes")
    assert path.read_bytes()[bad.byte_start : bad.byte_end] == b"caf\xe9,gut\n"
    assert bad.raw == "caf\\xe9,gut"


def test_late_chinese_in_an_ascii_file_is_still_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        b"text,label\n" + b"plain words here,a\n" * 80_000 + "这家酒店的服务不错,b\n".encode("gb18030") * 5
    )
    result = read(path)
    assert result.source.encoding == "gb18030"
    assert not result.quarantined


def test_chosen_encoding_is_used_and_an_unknown_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(GERMAN.encode("cp1252"))
    assert read(path, config=ReadConfig(encoding="iso-8859-15")).source.encoding == "iso8859-15"
    with pytest.raises(DataError, match="no encoding `klingon`"):
        read(path, config=ReadConfig(encoding="klingon"))

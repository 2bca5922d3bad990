"""What every source must keep to; a new format is tested by standing in SOURCES."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import (
    SOURCES,
    LikeWriter,
    ReadConfig,
    SourceFormat,
    default_output,
    find_source,
    iter_rows,
    read,
    write_like,
    written_as,
)

ROWS = {
    "id": ["007", "008", "009", "010"],
    "text": ["a plain text", 'with "quotes", commas; and | bars', "中文，第二行\u2028same line", " spaces \u00a0 "],
    "label": ["x", "y", "", "x"],
}


_MAIL = (
    "From: a@b.c\nSubject: =?utf-8?B?6YCA5qy+?=\nDate: Wed, 31 Jan 2024 10:30:00 +0100\n"
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\na plain text\n中文\n"
).encode()

READ_ONLY: dict[str, tuple[str, bytes, dict[str, list[str]]]] = {
    "fasttext": (
        "a.ft", "__label__x a plain text\n__label__x __label__y 中文\n\n__label__z third\n".encode(),
        {"label": ["x", "x;y", "z"], "text": ["a plain text", "中文", "third"]},
    ),
    "eml": ("a.eml", _MAIL, {"subject": ["退款"], "text": ["a plain text\n中文"], "from": ["a@b.c"]}),
    "mbox": (
        "a.mbox", b"".join(b"From x@y Wed Jan 31 10:30:00 2024\n" + _MAIL + b"\n" for _ in range(3)),
        {"subject": ["退款"] * 3, "text": ["a plain text\n中文"] * 3, "from": ["a@b.c"] * 3},
    ),
    "text": ("a.text", "a plain text, and\n中文\n\n third\n".encode(), {"text": ["a plain text, and", "中文", " third"]}),
}  # fmt: skip
"""Formats that no column can be added to, each with a file and what is in it."""


@pytest.fixture(params=[name for name in SOURCES if name not in READ_ONLY])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    source = SOURCES[request.param]
    path = tmp_path / f"a{source.suffixes[0]}"
    delimiter = {"csv": ",", "tsv": "\t"}.get(request.param)
    write_like(SourceFormat(kind=source.name, delimiter=delimiter), path, ROWS)
    return path


def test_cells_come_back_as_written_with_ids_that_no_format_changes(written: Path, tmp_path: Path) -> None:
    result = read(written)
    assert {name: result.table[name].to_pylist() for name in ROWS} == ROWS
    other = tmp_path / "other.jsonl"
    write_like(SourceFormat(kind="jsonl"), other, ROWS)
    assert result.table["row_id"].to_pylist() == read(other).table["row_id"].to_pylist()


def test_format_is_found_and_described(written: Path) -> None:
    source = find_source(written)
    assert SOURCES[source.kind].suffixes[0] == written.suffix
    assert source.reasons
    assert len(source.input_digest) == 32


def test_passes_are_the_whole(written: Path) -> None:
    whole = read(written)
    parts = list(iter_rows(written, rows_per_chunk=3))
    assert [row for part in parts for row in part.table.to_pylist()] == whole.table.to_pylist()
    assert max(len(part.table) for part in parts) == 3


def test_added_columns_leave_the_others_alone(written: Path) -> None:
    out = written.with_name(f"out{written.suffix}")
    with LikeWriter(find_source(written), out) as writer:
        for part in iter_rows(written, rows_per_chunk=3):
            writer.write(part, {"prediction": ["p"] * len(part.table)})
    table = read(out).table
    assert {name: table[name].to_pylist() for name in ROWS} == ROWS
    assert set(table["prediction"].to_pylist()) == {"p"}


def test_unknown_format_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,b\n")
    with pytest.raises(DataError, match="Did you mean `jsonl`"):
        read(path, config=ReadConfig(format="jsnl"))


@pytest.fixture(params=list(READ_ONLY))
def given(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    name, data, _ = READ_ONLY[request.param]
    (tmp_path / name).write_bytes(data)
    return tmp_path / name, request.param


def test_a_format_that_is_only_read_is_found_and_read_in_passes(given: tuple[Path, str]) -> None:
    path, kind = given
    assert SOURCES[kind].writer is None
    assert find_source(path).kind == kind
    whole = read(path).table
    expected = READ_ONLY[kind][2]
    assert {name: whole[name].to_pylist() for name in expected} == expected
    parts = [row for part in iter_rows(path, rows_per_chunk=2) for row in part.table.to_pylist()]
    assert [row["row_id"] for row in parts] == whole["row_id"].to_pylist()
    assert all(row["origin"]["path"] == str(path) and row["origin"]["line"] > 0 for row in parts)


def test_a_format_that_is_only_read_says_so_and_comes_out_as_csv(given: tuple[Path, str], tmp_path: Path) -> None:
    path, kind = given
    source = find_source(path)
    with (
        pytest.raises(DataError, match=r"columns can't be added.*\.csv or \.jsonl"),
        LikeWriter(source, tmp_path / "out.x"),
    ):
        pass
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    out = default_output(path, source, word="predicted")
    assert out.suffix == ".csv"
    with LikeWriter(written_as(source, out, where=path), out) as writer:
        for part in iter_rows(path, rows_per_chunk=2):
            writer.write(part, {"prediction": ["p"] * len(part.table)})
    expected = READ_ONLY[kind][2]
    table = read(out).table
    assert {name: table[name].to_pylist() for name in expected} == expected
    assert set(table["prediction"].to_pylist()) == {"p"}

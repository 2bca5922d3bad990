"""Dirty files: every bad row is located with a reason, the others are read, and the counts add up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tunewright.core.errors import DataError
from tunewright.data.sources import ReadConfig, ReadResult, iter_rows, read

GOOD = [f"message number {i} reads very well, für 中文" for i in range(12)]


def clean_lines(n: int = 12) -> list[bytes]:
    return [f'"{GOOD[i % 12]}",{"a" if i % 3 else "b"},{i}\n'.encode() for i in range(n)]


# What stands in line 8 of an otherwise clean file with three columns, and the reason it must get.
DIRT = {
    "one cell too many": (b"a text, unquoted,b,1\n", "too_many_cells"),
    "one cell too few": (b"a text,b\n", "too_few_cells"),
    "a lone word": (b"hello\n", "too_few_cells"),
    "quote never closed": (b'"a text,b,1\n', "unclosed_quote"),
    "quote never closed in the last cell": (b'a text,b,"1\n', "unclosed_quote"),
    "bare quotes inside a quoted cell": (b'"he said "hi" twice",b,1\n', "quote_inside_quotes"),
    "letters after the closing quote": (b'"a text"x,b,1\n', "quote_inside_quotes"),
    "space after the closing quote": (b'"a text" ,b,1\n', "quote_inside_quotes"),
    "latin-1 byte in utf-8": (b'"caf\xe9",b,1\n', "undecodable_bytes"),
    "utf-8 character cut in half": (b'"\xe4\xbd",b,1\n', "undecodable_bytes"),
    "overlong utf-8": (b'"\xc0\xaf",b,1\n', "undecodable_bytes"),
    "encoded surrogate": (b'"\xed\xa0\x80",b,1\n', "undecodable_bytes"),
    "gb18030 line in utf-8": ("这家酒店,b,1\n".encode("gb18030"), "undecodable_bytes"),
    "nul byte": (b"a\x00text,b,1\n", "nul_character"),
    "semicolons instead of commas": (b"a text;b;1\n", "too_few_cells"),
    "a line of json": (b'{"text": "a", "label": "b", "id": 1, "x": 2}\n', "too_many_cells"),
    "a conflict mark": (b"<<<<<<< HEAD\n", "too_few_cells"),
    "control-Z of old systems": (b"\x1a\n", "too_few_cells"),
}


@pytest.mark.parametrize("case", DIRT)
@pytest.mark.parametrize("place", ["middle", "end"])
def test_dirt_is_located_and_costs_one_row(tmp_path: Path, case: str, place: str) -> None:
    dirt, reason = DIRT[case]
    lines = clean_lines()
    lines.insert(6 if place == "middle" else 12, dirt if place == "middle" else dirt.rstrip(b"\n"))
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label,id\n" + b"".join(lines))
    result = read(path)
    (bad,) = result.quarantined
    assert (bad.line, bad.reason_code) == (8 if place == "middle" else 14, reason)
    assert path.read_bytes()[bad.byte_start : bad.byte_end].rstrip(b"\n") == dirt.rstrip(b"\n")
    assert result.table["text"].to_pylist() == GOOD
    assert result.read == 13


def test_many_stray_quotes_each_cost_their_own_line(tmp_path: Path) -> None:
    lines = [f"plain words number {i} here,{'a' if i % 3 else 'b'},{i}\n" for i in range(3000)]
    stray = set(range(10, 3000, 37))
    for i in stray:
        lines[i] = '"' + lines[i]
    path = tmp_path / "a.csv"
    path.write_text("text,label,id\n" + "".join(lines))
    result = read(path)
    assert {bad.line - 2 for bad in result.quarantined} == stray
    assert len(result.table) == 3000 - len(stray)


def test_stray_quote_before_properly_quoted_rows_costs_its_own_line(tmp_path: Path) -> None:
    lines = clean_lines(40)
    lines[20] = b'"' + lines[20][1:].replace(b'"', b"")
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label,id\n" + b"".join(lines))
    result = read(path)
    assert [bad.line for bad in result.quarantined] == [22]
    assert len(result.table) == 39


def test_a_file_of_nothing_but_dirt_is_an_error_with_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("no json\nnor this\n")
    with pytest.raises(DataError, match=r"no row could be read, 2 are broken\. The first: line 1"):
        read(path)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00" * 50, b'"', b"\x89PNG\r\n\x1a\n\x00\xff"]
)
@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_files_that_are_no_tables_end_in_a_data_error_or_rows(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    try:
        check_sums(read(path))
    except DataError as refusal:
        message = str(refusal)
        assert str(path) in message  # either outcome is right, but a refusal must name the file


def check_sums(result: ReadResult) -> None:
    assert result.read == len(result.table) + len(result.quarantined)
    lines = [row["line"] for row in result.table["origin"].to_pylist()]
    bad = [row.line for row in result.quarantined]
    assert lines == sorted(set(lines))
    assert bad == sorted(set(bad))
    assert not set(lines) & set(bad)
    assert len(set(result.table["row_id"].to_pylist())) == len(result.table)


PIECES = [
    *(
        b'"',
        b'""',
        b",",
        b";",
        b"\n",
        b"\r\n",
        b"\r",
        b"\t",
        b" ",
        b"a",
        b"text",
        b"b\n",
        b",b\n",
        b'",b\n',
        b'\n"',
        b"\\",
    ),
    *(b'\\"', b"\xe9", b"\x00", "中".encode(), "中".encode("gb18030"), b"\xef\xbb\xbf", b"{", b"}", b"x,a\n"),
]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_read_is_kept_plus_quarantined_on_random_dirt(tmp_path: Path, pieces: list[bytes]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,label\nsome words,a\nmore words,b\n" + b"".join(pieces))
    result = read(path)
    check_sums(result)
    covered = [bad.line for bad in result.quarantined] + [row["line"] for row in result.table["origin"].to_pylist()]
    if "\n" in result.source.newline and b'"' not in b"".join(pieces):
        # Without quotes every physical line is a row of its own, is set aside, or is blank: none is lost.
        physical = path.read_bytes().split(b"\n")
        blank = [line for line in physical[:-1] if line in (b"", b"\r")]
        rest = 1 if physical[-1] not in (b"", b"\r") else 0
        assert len(covered) + len(blank) + 1 == len(physical) - 1 + rest
        assert result.blank_lines == len(blank) + (physical[-1] == b"\r")
    chunks = list(iter_rows(path, rows_per_chunk=3))
    assert [row for chunk in chunks for row in chunk.table.to_pylist()] == result.table.to_pylist()
    assert [bad for chunk in chunks for bad in chunk.quarantined] == result.quarantined


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "jsonl", "json"]))
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    try:
        result = read(path)
    except DataError:
        return
    check_sums(result)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON_VALUES | st.sampled_from(["{", "}", "\\"]), min_size=1, max_size=8), st.booleans())
def test_json_lines_of_any_values_add_up(tmp_path: Path, values: list[object], ascii_only: bool) -> None:
    path = tmp_path / "a.jsonl"
    lines = [json.dumps({"text": "first"}), *(json.dumps(value, ensure_ascii=ascii_only) for value in values)]
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    result = read(path, config=ReadConfig(format="jsonl"))
    check_sums(result)
    assert result.read == len(lines)
    assert len(result.table) >= 1 + sum(
        isinstance(v, dict) and "\0" not in str(v) and "\\x00" not in repr(v) for v in values
    )

"""Laws of the fast path of CSV: blocks that are read in one go give what reading line by line gives."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dirt.catalogue import CATALOGUE
from tests.dirt.mutate import mutate
from tunewright.core.errors import DataError
from tunewright.data.sources import ReadConfig, delimited, find_source, regular
from tunewright.data.sources.types import NativeRows

PIECES = [
    "plain", "", '"quoted"', '"a, b"', '"say ""no"""', '"over\nlines"', '"open', 'in"side', '"a"b', " space", "007", "好",
    "text", "label", "\ufeffmark", "x\0y", "tab\t", "cr\r", "\u2028", "\\", '\\"', "a\rb",
]  # fmt: skip
WIDTHS = [3, 3, 3, 3, 3, 3, 3, 3, 2, 4, 1]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Rows of three cells, nearly all of which are plain, with any trouble between them."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    delimiter = draw(st.sampled_from([",", "\t", ";"]))
    trouble = draw(st.sampled_from([0.0, 0.02, 0.2]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [delimiter.join(["id", "text", "label"])]
    for i in range(draw(st.integers(1, 60))):
        if chance.random() < trouble:
            lines.append(delimiter.join(chance.choice(PIECES) for _ in range(chance.choice(WIDTHS))))
        elif chance.random() < trouble:
            lines.append(chance.choice(["", lines[0], delimiter.join(["label", "id", "text"])]))
        else:
            quoted = chance.random() < 0.3
            lines.append(delimiter.join([str(i), f'"row {i}, ""so"""' if quoted else f"row {i}", chance.choice("ab")]))
    text = end.join(lines) + draw(st.sampled_from([end, ""]))
    return text.encode(draw(st.sampled_from(["utf-8", "gb18030"])), "replace")


def both_ways(data: bytes, ending: str, *, rows_per_chunk: int, block_bytes: int) -> tuple[list[NativeRows], ...]:
    """The chunks with the fast path and without it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"file.{ending}"
        path.write_bytes(data)
        source = find_source(path, config=ReadConfig())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(regular, "BLOCK_BYTES", block_bytes)
            fast = list(delimited.rows(path, source, rows_per_chunk))
            patch.setattr(regular, "regular_rows", lambda *_: None)
            slow = list(delimited.rows(path, source, rows_per_chunk))
    return fast, slow


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=files(), rows_per_chunk=st.sampled_from([1, 7, 4096]), block_bytes=st.sampled_from([1, 40, 200, 1 << 18]))
def test_the_fast_path_reads_what_reading_line_by_line_reads(
    data: bytes, rows_per_chunk: int, block_bytes: int
) -> None:
    try:
        fast, slow = both_ways(data, "csv", rows_per_chunk=rows_per_chunk, block_bytes=block_bytes)
    except DataError:  # no table at all
        return
    assert fast == slow


@pytest.mark.parametrize("block_bytes", [1, 18, 30, 1 << 18])
def test_a_quote_that_the_last_line_of_a_block_leaves_open_counts_in_the_next(block_bytes: int) -> None:
    data = b'text,label\n"a" b","c"\nends",\n' + b"x,y\n" * 40
    fast, slow = both_ways(data, "csv", rows_per_chunk=4096, block_bytes=block_bytes)
    assert fast == slow
    assert [row.reason_code for row in slow[0].quarantined] == ["quote_inside_quotes", "orphan_quote"]


def dirty_tables() -> Iterator[tuple[str, str, bytes]]:
    for dirt in CATALOGUE:
        if dirt.kind in ("csv", "tsv"):
            yield dirt.name, dirt.kind, dirt.data


@pytest.mark.parametrize(("name", "ending", "data"), list(dirty_tables()))
def test_every_class_of_dirt_is_met_the_same_way_by_both(name: str, ending: str, data: bytes) -> None:
    chance = random.Random(name)
    for spoilt in (data, mutate(data, chance, other=data)):
        try:
            fast, slow = both_ways(spoilt, ending, rows_per_chunk=5, block_bytes=64)
        except DataError:
            continue
        assert fast == slow


def test_the_fast_path_is_taken_and_a_wrong_one_would_be_noticed(tmp_path: Path) -> None:
    lines = ["id,text,label", *(f'{i},"row, {i}",a' if i % 3 else f"{i},row {i},b" for i in range(500))]
    data = "\n".join([*lines, ""]).encode()
    taken: list[int] = []
    whole = regular.regular_rows

    def spying(*asked: object) -> list[list[str]] | None:
        rows = whole(*asked)  # type: ignore[arg-type]
        taken.append(0 if rows is None else len(rows))
        return rows

    def one_short(*asked: object) -> list[list[str]] | None:
        rows = whole(*asked)  # type: ignore[arg-type]
        return rows and rows[:-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regular, "regular_rows", spying)
        path = tmp_path / "file.csv"
        path.write_bytes(data)
        source = find_source(path)
        patch.setattr(regular, "BLOCK_BYTES", 500)
        chunks = list(delimited.rows(path, source, 64))
    assert sum(taken) > 450
    assert sum(len(chunk.lines) for chunk in chunks) == 500
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regular, "regular_rows", one_short)
        patch.setattr(regular, "BLOCK_BYTES", 500)
        assert list(delimited.rows(path, source, 64)) != chunks

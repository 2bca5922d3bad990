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
    find_source,
    iter_rows,
    read,
    write_like,
)

ROWS = {
    "id": ["007", "008", "009", "010"],
    "text": ["a plain text", 'with "quotes", commas; and | bars', "中文，第二行\u2028same line", " spaces \u00a0 "],
    "label": ["x", "y", "", "x"],
}


@pytest.fixture(params=list(SOURCES))
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

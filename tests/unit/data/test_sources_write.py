"""A file written like its source: same format and encoding, every old cell to the letter, new columns at the end."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import LikeWriter, find_source, iter_rows, read, write_like

CSV = '工单,text,label\r\n007,"a, ""b""\nc",x\r\n008, d ,y\r\n009,e,\r\n'


def add_predictions(path: Path, out: Path, *, value: str = "p") -> None:
    with LikeWriter(find_source(path), out) as writer:
        for chunk in iter_rows(path, rows_per_chunk=2):
            n = len(chunk.table)
            writer.write(chunk, {"prediction": [value] * n, "confidence": [0.5] * n})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_csv_is_written_back_to_the_byte_but_for_the_new_columns(tmp_path: Path, encoding: str) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(CSV.encode(encoding))
    add_predictions(path, out)
    expected = CSV.replace("label\r\n", "label,prediction,confidence\r\n")
    for end in ("x", "y", "e,"):
        expected = expected.replace(f"{end}\r\n", f"{end},p,0.5\r\n")
    assert out.read_bytes() == expected.encode(encoding)


def test_json_lines_keep_every_number_as_it_was_written(tmp_path: Path) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    path.write_text('{"id": 1.10, "text": "\\u00e9"}\n{ "n": 12345678901234567890 }\n{}\n')
    add_predictions(path, out)
    tail = '"prediction": "p", "confidence": 0.5}'
    assert out.read_text().splitlines() == [
        '{"id": 1.10, "text": "\\u00e9", ' + tail,
        '{ "n": 12345678901234567890, ' + tail,
        "{" + tail,
    ]


def test_json_list_stays_a_list(tmp_path: Path) -> None:
    path, out = tmp_path / "a.json", tmp_path / "b.json"
    path.write_text(json.dumps([{"text": str(i)} for i in range(5)], indent=1))
    add_predictions(path, out)
    assert json.loads(out.read_text()) == [{"text": str(i), "prediction": "p", "confidence": 0.5} for i in range(5)]


def test_parquet_gains_columns(tmp_path: Path) -> None:
    path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pq.write_table(pa.table({"text": ["a", "b", "c"], "n": [1, 2, 3]}), path)
    add_predictions(path, out)
    assert pq.read_table(out).to_pylist()[2] == {"text": "c", "n": 3, "prediction": "p", "confidence": 0.5}


def test_file_without_header_stays_without(tmp_path: Path) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("This is the first text.\nThis is the second, longer text.\n")
    add_predictions(path, out)
    assert out.read_text() == 'This is the first text.,p,0.5\n"This is the second, longer text.",p,0.5\n'


def test_character_that_the_encoding_lacks_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes("text,label\nKäse,a\nÖl,b\n".encode("cp1252"))
    with pytest.raises(DataError, match="UTF-8"):
        add_predictions(path, out, value="好")
    assert list(tmp_path.iterdir()) == [path]


def test_whole_columns_are_written_and_read_back(tmp_path: Path) -> None:
    path, out = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_bytes(CSV.encode("gb18030"))
    write_like(find_source(path), out, {"text": ['x "y"', "a\nb"], "label": ["1", None]})
    table = read(out).table
    assert table["text"].to_pylist() == ['x "y"', "a\nb"]
    assert table["label"].to_pylist() == ["1", ""]

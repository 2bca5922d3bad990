"""JSON Lines, JSON, Parquet, folders: values keep their meaning, broken rows are named, file names give the split."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import read


def test_json_lines_keep_types_where_all_agree(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"text": "a", "label": 1, "tags": ["x"], "mixed": 1}\n{"text": "b", "label": 0, "tags": [], "mixed": "1"}\n'
    )
    table = read(path).table
    assert table.schema.field("label").type == pa.int64()
    assert table["tags"].to_pylist() == [["x"], []]
    assert table["mixed"].to_pylist() == ["1", "1"]


def test_ids_of_twenty_digits_keep_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 12345678901234567890, "text": "a"}\n{"id": 7, "text": "b"}\n')
    assert read(path).table["id"].to_pylist() == ["12345678901234567890", "7"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "a"', "bad_json"),
        ("just words", "bad_json"),
        ("[1, 2]", "not_an_object"),
        ("null", "not_an_object"),
        ('{"text": "a", "text": "b"}', "duplicate_key"),
        ('{"text": "\\ud800"}', "lone_surrogate"),
        ('{"text": "\\u0000"}', "nul_character"),
        ('{"n": ' + "9" * 5000 + "}", "bad_json"),
        ("[" * 100_000, "nested_too_deeply"),
    ],
)
def test_broken_json_line_is_set_aside_with_its_reason(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x"}\n\n' + line + '\n{"text": "y"}\n')
    result = read(path)
    assert [(bad.line, bad.reason_code, bad.raw) for bad in result.quarantined] == [(3, reason, line)]
    assert result.table["text"].to_pylist() == ["x", "y"]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]),
        json.dumps([{"text": "a", "label": "x"}, {"text": "b", "label": "y"}], indent=2),
        json.dumps({"version": 1, "data": [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]}),
        json.dumps({"text": ["a", "b"], "label": ["x", "y"]}),
    ],
)
def test_json_comes_in_four_shapes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    table = read(path).table
    assert table["text"].to_pylist() == ["a", "b"]
    assert table["label"].to_pylist() == ["x", "y"]


def test_broken_object_in_a_json_list_costs_itself_only(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[\n {"text": "a"},\n {"text": b},\n {"text": "c"},\n 7,\n {"text": "d"}\n]\n')
    result = read(path)
    assert result.table["text"].to_pylist() == ["a", "c", "d"]
    assert [(bad.line, bad.reason_code) for bad in result.quarantined] == [(3, "bad_json"), (5, "not_an_object")]


def test_parquet_keeps_its_columns_and_numbers_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    labels = pa.array(["x", "y", "x"]).dictionary_encode()
    pq.write_table(pa.table({"text": ["a", "b", "a"], "label": labels, "struct": [{"n": 1}] * 3}), path)
    table = read(path).table
    assert table["label"].to_pylist() == ["x", "y", "x"]
    assert table["struct"][0].as_py() == '{"n": 1}'
    assert [row["line"] for row in table["origin"].to_pylist()] == [1, 2, 3]
    assert table["row_id"][2].as_py() == table["row_id"][0].as_py() + "+1"


def test_damaged_parquet_is_an_error_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + bytes(100))
    with pytest.raises(DataError, match="Parquet"):
        read(path)


def test_folder_fills_the_split_from_file_names(tmp_path: Path) -> None:
    for name in ("train", "dev", "test"):
        (tmp_path / f"my_{name}.jsonl").write_text(json.dumps({"text": name, "label": 1}) + "\n")
    (tmp_path / "labels.json").write_text('["no", "yes"]')
    (tmp_path / "README.txt").write_text("about these files")
    result = read(tmp_path)
    assert result.table["split"].to_pylist() == ["train", "validation", "test"]
    assert result.table["text"].to_pylist() == ["train", "dev", "test"]


def test_folder_with_two_files_for_one_split_is_refused(tmp_path: Path) -> None:
    for name in ("train_a", "train_b"):
        (tmp_path / f"{name}.csv").write_text("text,label\na,b\n")
    with pytest.raises(DataError, match=r"2 files say that they are the train split: train_a\.csv, train_b\.csv"):
        read(tmp_path)


def test_same_bytes_have_the_same_digest_under_any_name(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("text,label\na,b\n")
    assert read(tmp_path / "a.csv").source.input_digest == read(tmp_path / "b.csv").source.input_digest

"""Where and in which format rows with columns added are written."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import openpyxl
import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import (
    LikeWriter,
    SourceFormat,
    default_output,
    find_source,
    iter_rows,
    read,
    write_like,
    written_as,
)

ROWS = {"id": ["007", "008"], "text": ["a, b", "=中文"], "label": ["x", "y"]}


def predict(path: Path, output: Path | None = None) -> Path:
    source = find_source(path, several="first")
    output = output or default_output(path, source, word="predicted")
    with LikeWriter(written_as(source, output, where=path), output) as writer:
        for chunk in iter_rows(path, rows_per_chunk=1):
            writer.write(chunk, {"prediction": ["p"] * len(chunk.table), "confidence": [0.5] * len(chunk.table)})
    return output


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("in.csv", "in.predicted.csv"),
        ("in.csv.gz", "in.predicted.csv.gz"),
        ("in.v2.jsonl.zst", "in.v2.predicted.jsonl.zst"),
        ("in.zip", "in.predicted.zip"),
        ("in.xlsx", "in.predicted.xlsx"),
    ],
)
def test_the_output_stands_beside_the_input_and_is_like_it(tmp_path: Path, name: str, expected: str) -> None:
    path = tmp_path / name
    kind = {".xlsx": "xlsx", ".zst": "jsonl"}.get(path.suffix, "csv")
    compression = {".gz": "gzip", ".zst": "zstd", ".zip": "zip"}.get(path.suffix)
    write_like(SourceFormat(kind=kind, delimiter=",", compression=compression, member="a.csv"), path, ROWS)
    out = predict(path)
    assert out == tmp_path / expected
    assert (find_source(out).kind, find_source(out).compression) == (kind, compression)
    table = read(out).table
    assert {column: table[column].to_pylist() for column in ROWS} == ROWS
    assert table["prediction"].to_pylist() == ["p", "p"]


@pytest.mark.parametrize("first", [".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx"])
@pytest.mark.parametrize("second", [".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx", ".csv.gz", ".jsonl.zst"])
def test_an_ending_of_another_format_converts(tmp_path: Path, first: str, second: str) -> None:
    kind = first.lstrip(".")
    path = tmp_path / f"in{first}"
    write_like(SourceFormat(kind=kind, delimiter="\t" if kind == "tsv" else ","), path, ROWS)
    out = predict(path, tmp_path / f"out{second}")
    table = read(out).table
    assert {column: table[column].to_pylist() for column in ROWS} == ROWS
    assert [str(value) for value in table["confidence"].to_pylist()] == ["0.5", "0.5"]
    assert find_source(out).kind == second.split(".")[1]


def test_what_an_ending_should_mean_does_not_matter_where_both_have_it(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("id\ttext\tlabel\n1\ta, b\tx\n2\tc\ty\n")
    assert predict(path).read_text().splitlines()[1] == "1\ta, b\tx\tp\t0.5"


def test_objects_with_other_keys_further_down_are_no_table(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b", "more": 1}\n')
    with pytest.raises(DataError, match=r"not all rows have the column `more`.*from 2 on.*\.jsonl"):
        predict(path, tmp_path / "out.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.jsonl"]


def test_one_file_of_an_archive_is_answered_beside_the_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/train.csv", "text,label\na,b\n")
        archive.writestr("x/test.csv", "text,label\nc,d\n")
    out = predict(Path(f"{tmp_path}/a.zip!x/test.csv"))
    assert out == tmp_path / "test.predicted.csv"
    assert out.read_text() == "text,label,prediction,confidence\nc,d,p,0.5\n"


def test_several_files_become_one(tmp_path: Path) -> None:
    folder = tmp_path / "tickets"
    folder.mkdir()
    (folder / "a.csv").write_text("text,label\na,b\n")
    (folder / "b.csv").write_text("label,text\nd,c\n")
    out = predict(folder)
    assert out == tmp_path / "tickets.predicted.csv"
    assert read(out).table["text"].to_pylist() == ["a", "c"]


def test_an_id_of_a_workbook_stays_text_in_every_output(tmp_path: Path) -> None:
    path = tmp_path / "in.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["id", "内容"])
    book.active.append(["007", "文本"])
    book.save(path)
    assert gzip.decompress(predict(path, tmp_path / "out.csv.gz").read_bytes()).decode() == (
        "id,内容,prediction,confidence\n007,文本,p,0.5\n"
    )
    sheet = openpyxl.load_workbook(predict(path)).active
    assert [(cell.value, cell.data_type) for cell in sheet[2]] == [("007", "s"), ("文本", "s"), ("p", "s"), (0.5, "n")]

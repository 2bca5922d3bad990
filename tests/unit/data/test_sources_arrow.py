"""Arrow's own files, and the folders that `datasets` saves."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import LikeWriter, find_source, iter_rows, read

TABLE = pa.table({"text": [f"text {i} 中文" for i in range(50)], "label": [i % 3 for i in range(50)]})


def write_stream(path: Path, table: pa.Table, *, rows: int = 7) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)


def write_file(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)


@pytest.mark.parametrize("kind", ["file", "stream", "feather", "lz4"])
def test_every_way_to_write_arrow_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("a.feather" if kind in ("feather", "lz4") else "a.arrow")
    if kind == "stream":
        write_stream(path, TABLE)
    elif kind == "file":
        write_file(path, TABLE)
    else:
        pyarrow.feather.write_feather(TABLE, path, compression="lz4" if kind == "lz4" else "uncompressed")
    result = read(path)
    assert result.source.kind == "arrow"
    assert result.table.select(["text", "label"]).to_pydict() == TABLE.to_pydict()
    assert result.table["origin"][49].as_py()["line"] == 50
    out = tmp_path / "out.arrow"
    with LikeWriter(find_source(path), out) as writer:
        for chunk in iter_rows(path, rows_per_chunk=5):
            writer.write(chunk, {"prediction": ["p"] * len(chunk.table)})
    assert find_source(out).is_stream == (kind == "stream")
    assert read(out).table.select(["text", "label"]).to_pydict() == TABLE.to_pydict()


def test_dictionaries_and_large_strings_are_plain_values(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": pa.array(["a", "b", "a"], pa.large_string()),
            "label": pa.array(["x", "y", "x"]).dictionary_encode(),
            "empty": pa.nulls(3),
        }
    )
    write_stream(tmp_path / "a.arrow", table)
    result = read(tmp_path / "a.arrow").table
    assert result["label"].to_pylist() == ["x", "y", "x"]
    assert result.schema.field("text").type == pa.string()


def test_what_datasets_saves_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    whole = datasets.Dataset.from_dict(TABLE.to_pydict())
    whole.save_to_disk(tmp_path / "one", num_shards=3)
    result = read(tmp_path / "one")
    assert result.table["text"].to_pylist() == TABLE["text"].to_pylist()
    assert "file" not in result.table.column_names
    datasets.DatasetDict({"train": whole.select(range(40)), "test": whole.select(range(40, 50))}).save_to_disk(
        tmp_path / "splits"
    )
    result = read(tmp_path / "splits")
    assert result.table["split"].to_pylist() == ["train"] * 40 + ["test"] * 10
    assert result.table["text"].to_pylist() == TABLE["text"].to_pylist()


def test_the_layout_of_a_saved_set_is_known_without_the_library(tmp_path: Path) -> None:
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    for split, rows in (("train", TABLE[:40]), ("test", TABLE[40:])):
        write_stream(tmp_path / split / "data-00000-of-00001.arrow", rows)
        write_stream(tmp_path / split / "cache-0123456789abcdef.arrow", rows)
        (tmp_path / split / "state.json").write_text("{}")
        (tmp_path / split / "dataset_info.json").write_text("{}")
    assert read(tmp_path).table["split"].to_pylist() == ["train"] * 40 + ["test"] * 10


@pytest.mark.parametrize("suffix", [".arrow", ".parquet"])
def test_bytes_that_are_no_text_are_set_aside_with_row_and_column(tmp_path: Path, suffix: str) -> None:
    bad = pa.array([b"good", b"caf\xe9", b"fine"]).view(pa.string())
    table = pa.table({"text": bad, "label": ["a", "b", "c"]})
    path = tmp_path / f"a{suffix}"
    if suffix == ".arrow":
        write_file(path, table)
    else:
        pq.write_table(table, path)
    result = read(path)
    (row,) = result.quarantined
    assert (row.line, row.reason_code, row.raw) == (2, "undecodable_bytes", "caf\\xe9\tb")
    assert "column `text` holds bytes" in row.detail
    assert result.table["text"].to_pylist() == ["good", "fine"]
    assert [origin["line"] for origin in result.table["origin"].to_pylist()] == [1, 3]


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_any_damage_is_read_or_said_never_raised(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.arrow"
    days = pa.array(range(50), pa.int32()).cast(pa.date32())
    table = TABLE.append_column("day", days).append_column("time", days.cast(pa.timestamp("s")))
    table = table.append_column("tags", pa.array([["a", "b"]] * 50)).append_column("more", pa.array([{"k": 1}] * 50))
    (write_stream if kind == "stream" else write_file)(path, table)
    whole = path.read_bytes()
    chance = random.Random(17)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        if chance.random() < 0.3:
            del data[chance.randrange(8, len(data)) :]
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            read(path)
        except DataError:
            refused += 1
    assert refused > 40


def test_old_feather_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.feather").write_bytes(b"FEA1" + bytes(60))
    with pytest.raises(DataError, match="old Feather file"):
        read(tmp_path / "a.feather")

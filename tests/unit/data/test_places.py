"""What a person may name: a file, a folder, a pattern, a compressed file, an archive, one file of an archive."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tunewright.core.errors import DataError
from tunewright.data.columns import find_columns
from tunewright.data.sources import LikeWriter, ReadResult, find_source, iter_rows, read

ROWS = [(f"00{i}", f"text number {i}, 中文", "ab"[i % 2]) for i in range(30)]


def csv(rows: list[tuple[str, ...]] = ROWS, header: str = "id,text,label") -> bytes:
    return "\n".join([header, *(",".join(f'"{cell}"' for cell in row) for row in rows), ""]).encode("utf-8")


def ids(result: ReadResult) -> list[str]:
    return list(result.table["id"].to_pylist())


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".zst": zstd, ".bz2": bz2.compress, ".xz": lzma.compress,
}  # fmt: skip


@pytest.mark.parametrize("suffix", PACK)
def test_a_compressed_file_is_the_file_in_it(tmp_path: Path, suffix: str) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / f"a.csv{suffix}"
    plain.write_bytes(csv())
    packed.write_bytes(PACK[suffix](csv()))
    one, other = read(plain), read(packed)
    assert one.table["row_id"] == other.table["row_id"]
    assert one.source.input_digest == other.source.input_digest
    assert other.table["origin"][3].as_py() == {"path": str(packed), "line": 5}
    assert other.source.reasons[0].startswith("compressed with")


@pytest.mark.parametrize("suffix", PACK)
def test_parts_that_were_compressed_one_after_the_other_are_all_read(tmp_path: Path, suffix: str) -> None:
    data = csv()
    path = tmp_path / f"a.csv{suffix}"
    path.write_bytes(PACK[suffix](data[:200]) + PACK[suffix](data[200:]))
    assert ids(read(path)) == [row[0] for row in ROWS]


@pytest.mark.parametrize("suffix", [*PACK, ".zip"])
def test_written_with_columns_added_it_is_compressed_again(tmp_path: Path, suffix: str) -> None:
    path, out = tmp_path / f"a.csv{suffix}", tmp_path / f"b.csv{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inner/a.csv", csv())
    else:
        path.write_bytes(PACK[suffix](csv()))
    with LikeWriter(find_source(path), out) as writer:
        for chunk in iter_rows(path, rows_per_chunk=7):
            writer.write(chunk, {"prediction": ["p"] * len(chunk.table)})
    table = read(out).table
    assert table["id"].to_pylist() == [row[0] for row in ROWS]
    assert set(table["prediction"].to_pylist()) == {"p"}
    assert find_source(out).compression == find_source(path).compression
    assert find_source(out).member == find_source(path).member


def test_dirt_in_a_compressed_file_is_located_in_what_was_compressed(tmp_path: Path) -> None:
    data = csv().replace(b'"007",', b"")
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(data))
    (bad,) = read(path).quarantined
    assert (bad.path, bad.line, bad.reason_code) == (str(path), 9, "too_few_cells")
    assert data[bad.byte_start : bad.byte_end].decode().strip() == bad.raw


def test_splits_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tickets/README.md", "hello")
        archive.writestr("tickets/train.csv", csv(ROWS[:20]))
        archive.writestr("tickets/test.csv", csv(ROWS[20:]))
        archive.writestr("__MACOSX/tickets/._train.csv", b"\0\5\x16\7")
    result = read(path)
    assert ids(result) == [row[0] for row in ROWS]
    assert result.table["split"].to_pylist() == ["train"] * 20 + ["test"] * 10
    assert result.table["origin"][0].as_py() == {"path": f"{path}!tickets/train.csv", "line": 2}
    assert "in the archive, but no data files: tickets/README.md" in result.source.reasons
    one = read(Path(f"{path}!tickets/test.csv"))
    assert ids(one) == [row[0] for row in ROWS[20:]]
    with pytest.raises(DataError, match=r"no `tickets/tset\.csv`.*Did you mean `tickets/test\.csv`"):
        read(Path(f"{path}!tickets/tset.csv"))
    with pytest.raises(DataError, match="there are 2 data files here"):
        find_source(path)


def test_files_of_a_folder_with_equal_columns_are_joined(tmp_path: Path) -> None:
    for name, rows in (("shop", ROWS[:10]), ("phone", ROWS[10:])):
        (tmp_path / f"{name}.csv").write_bytes(csv(rows))
    result = read(tmp_path)
    assert ids(result) == [row[0] for row in ROWS[10:] + ROWS[:10]]
    assert result.table["file"].to_pylist() == ["phone"] * 20 + ["shop"] * 10
    assert find_columns(result.table).label == "label"  # and never `file`, unless asked for
    assert "2 files are read one behind the other, the first is phone.csv" in result.source.reasons
    parts = [row for chunk in iter_rows(tmp_path, rows_per_chunk=7) for row in chunk.table["row_id"].to_pylist()]
    assert parts == result.table["row_id"].to_pylist()


def test_a_pattern_is_the_files_that_match(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.tsv"):
        (tmp_path / name).write_bytes(csv([(name, "some text here", "x")]))
    assert ids(read(tmp_path / "*.csv")) == ["a.csv", "b.csv"]
    (tmp_path / "train.csv").write_bytes(csv(ROWS[:5]))
    (tmp_path / "test.csv").write_bytes(csv(ROWS[5:]))
    assert set(read(tmp_path / "t*.csv").table["split"].to_pylist()) == {"train", "test"}
    with pytest.raises(DataError, match="no file matches"):
        read(tmp_path / "*.json")
    (tmp_path / "[x].csv").write_bytes(csv([("brackets", "some text here", "x")]))
    assert ids(read(tmp_path / "[x].csv")) == ["brackets"]


def test_files_with_other_columns_are_refused_with_the_difference(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(csv())
    (tmp_path / "b.csv").write_bytes(csv(header="id,body,label"))
    with pytest.raises(DataError, match=r"b\.csv has other columns than .*a\.csv: it lacks `text`; has `body`"):
        read(tmp_path)


def test_several_files_in_the_folder_of_a_split_are_that_split(tmp_path: Path) -> None:
    for folder, name, rows in (("train", "a", ROWS[:10]), ("train", "b", ROWS[10:20]), ("test", "a", ROWS[20:])):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.csv").write_bytes(csv(rows))
    (tmp_path / "notes.csv").write_bytes(csv())
    result = read(tmp_path)
    assert result.table["split"].to_pylist() == ["train"] * 20 + ["test"] * 10
    assert "not read, because their names say no split: notes.csv" in result.source.reasons

"""Data sets of the hub: the layout of their repositories, the cache, and what is refused. No network."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tunewright.core.errors import DataError
from tunewright.data.sources import ReadConfig, pinned, read, short_name

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROWS = pa.table({"text": [f"text {i}" for i in range(10)], "label": ["a", "b"] * 5})


def write_repository(folder: Path, card: str | None = None, **files: pa.Table) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in files.items():
        path = folder / name.replace("__", "/").replace("_of_", "-of-")
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path.with_name(f"{path.name}.parquet"))
    if card is not None:
        (folder / "README.md").write_text(card, encoding="utf-8")
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from huggingface_hub import constants

    folder = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("looked at the network"))
    repository = folder / "datasets--someone--reviews"
    write_repository(
        repository / "snapshots" / COMMIT, **{"data__train-00000_of_00001": ROWS, "data__test-00000_of_00001": ROWS[:4]}
    )
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return folder


def test_the_layout_of_shards_is_read_by_split(tmp_path: Path) -> None:
    shards = {
        "data__train-00000_of_00002": ROWS[:5],
        "data__train-00001_of_00002": ROWS[5:],
        "data__test-00000_of_00001": ROWS[:2],
    }
    table = read(write_repository(tmp_path / "r", "# A data set", **shards)).table
    assert table["split"].to_pylist() == ["train"] * 10 + ["test"] * 2
    assert table["text"].to_pylist()[:10] == ROWS["text"].to_pylist()


CARD = """---
license: mit
configs:
- config_name: english
  data_files:
  - split: train
    path: en/part-*.parquet
  - split: test
    path: [en/held.parquet]
- config_name: 中文
  data_files: {train: zh/a.parquet, unsupervised: zh/b.parquet}
---
# A data set
"""


def test_the_card_says_which_files_are_which_split_of_which_subset(tmp_path: Path) -> None:
    files = {"en__part-1": ROWS[:3], "en__part-2": ROWS[3:6], "en__held": ROWS[6:], "zh__a": ROWS[:2], "zh__b": ROWS}
    folder = write_repository(tmp_path / "r", CARD, **files)
    table = read(folder, config=ReadConfig(subset="english")).table
    assert table["split"].to_pylist() == ["train"] * 6 + ["test"] * 4
    result = read(folder, config=ReadConfig(subset="中文"))
    assert result.table["text"].to_pylist() == ["text 0", "text 1"]
    assert "splits that are not read: unsupervised" in result.source.reasons
    with pytest.raises(DataError, match=r"2 subsets: english, 中文.*--set data\.read\.subset=english"):
        read(folder)
    with pytest.raises(DataError, match="Did you mean `english`"):
        read(folder, config=ReadConfig(subset="englsh"))


@pytest.mark.parametrize("path", ["../../secret.parquet", "/etc/passwd"])
def test_a_card_can_not_name_files_outside(tmp_path: Path, path: str) -> None:
    card = f"---\nconfigs:\n- config_name: default\n  data_files: {path}\n---\n"
    with pytest.raises(DataError, match="outside of the data set"):
        read(write_repository(tmp_path / "r", card, train=ROWS))


@pytest.mark.parametrize("card", ["---\n: : [\n---\n", "---\nconfigs: 3\n---\n", "---\nno end", "no head"])
def test_a_card_that_says_nothing_of_files_is_no_hindrance(tmp_path: Path, card: str) -> None:
    assert len(read(write_repository(tmp_path / "r", card, train=ROWS)).table) == 10


def test_a_program_that_makes_the_data_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "r.py").write_text("raise SystemExit('it was run')")
    with pytest.raises(DataError, match=r"made by a program \(r\.py\).*never run"):
        read(tmp_path / "r")


@pytest.mark.parametrize("name", ["hub:someone/reviews", "someone/reviews", f"hub:someone/reviews@{COMMIT}"])
def test_what_is_in_the_cache_is_read_without_network_and_pinned(cache: Path, name: str) -> None:
    table = read(Path(name)).table
    assert table["split"].to_pylist() == ["train"] * 10 + ["test"] * 4
    assert pinned(Path(name)) == Path(f"hub:someone/reviews@{COMMIT}")
    assert short_name(Path(name)) == "someone-reviews"


def test_what_is_not_there_says_so_and_a_local_name_never_means_the_hub(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"hub:someone/other: .*HF_HUB_OFFLINE is set"):
        read(Path("hub:someone/other"))
    with pytest.raises(DataError, match=r"is named `hub:owner/name`"):
        read(Path("hub:reviews"))
    for name in (tmp_path / "missing", Path("someone/reviews.csv")):
        with pytest.raises(DataError, match="there is no such file or folder"):
            read(name)

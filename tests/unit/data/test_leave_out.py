"""Rows that are named are gone from train, and stay where they are tested on; each is in the ledger."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tunewright.core.errors import DataError
from tunewright.data.leave_out import leave_out
from tunewright.data.ledger import Ledger

ORIGIN = pa.struct([("path", pa.string()), ("line", pa.int64())])


def table() -> pa.Table:
    return pa.table({
        "row_id": ["a", "b", "c", "d"], "split": ["train", "train", "test", None],
        "origin": pa.array([{"path": "x.csv", "line": line} for line in range(2, 6)], ORIGIN),
    })  # fmt: skip


def named(folder: Path, *ids: str) -> Path:
    path = folder / "left_out.csv"
    path.write_text("row_id\n" + "".join(f"{one}\n" for one in ids), encoding="utf-8")
    return path


def test_training_rows_go_and_others_stay(tmp_path: Path) -> None:
    ledger = Ledger()
    kept = leave_out(table(), named(tmp_path, "b", "c", "d", "elsewhere"), ledger=ledger)
    assert kept.column("row_id").to_pylist() == ["a", "c", "d"]
    assert [(entry.row_id, entry.line, entry.reason_code) for entry in ledger.entries] == [("b", 3, "left_out")]


def test_a_file_of_other_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none of its rows is in the data"):
        leave_out(table(), named(tmp_path, "elsewhere"), ledger=Ledger())

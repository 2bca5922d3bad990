from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tunewright.core.errors import FolderError
from tunewright.evaluate import test_ledger as ledger

ROWS = ["r1", "r2", "r3"]


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEWRIGHT_HOME", str(tmp_path / "home"))


def test_each_run_counts_once_whatever_the_order_of_rows() -> None:
    assert ledger.record(ROWS, "run-1") == 1
    assert ledger.record(ROWS[::-1], "run-2") == 2
    assert ledger.record(ROWS, "run-1") == 2
    assert ledger.record(ROWS[:2], "run-1") == 1
    assert [entry["run"] for entry in ledger.history(ROWS)] == ["run-1", "run-2"]


def test_processes_at_the_same_time_lose_nothing() -> None:
    code = (
        "import sys; from tunewright.evaluate.test_ledger import record\n"
        "for i in range(25): record(['r1', 'r2', 'r3'], f'{sys.argv[1]}-{i}')"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(name)]) for name in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    assert len(ledger.history(ROWS)) == 75


def test_no_row_id_is_stored(tmp_path: Path) -> None:
    ledger.record(["secret-row"], "run-1")
    stored = "".join(str(path) + path.read_text() for path in (tmp_path / "home").rglob("*.json"))
    assert "secret-row" not in stored
    json.dumps(ledger.history(["secret-row"]))


def test_a_home_that_cannot_be_written_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TUNEWRIGHT_HOME", str(tmp_path / "file"))
    with pytest.raises(FolderError, match="TUNEWRIGHT_HOME"):
        ledger.record(ROWS, "run-1")

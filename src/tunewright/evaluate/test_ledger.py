"""How often a test set was scored. A test set that is looked at often stops being a test.

Keyed by the digest of the sorted row ids, kept in the user's data directory (`TUNEWRIGHT_HOME` overrides), as one
small file per run: creating a file is atomic, so processes that record at the same time need no lock and lose nothing.
No text and no row id is stored.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

from tunewright.core.errors import FolderError
from tunewright.core.folder import read_json, user_home, write_json
from tunewright.core.text import digest


def record(row_ids: Iterable[str], run: str) -> int:
    """Write down that `run` scored these rows; gives how many runs have, this one included.

    The same run twice counts once, so a run that was killed and resumed is one look.

    Raises `FolderError` where the user's data directory can't be written.
    """
    folder = _folder(row_ids)
    entry = folder / f"{digest(run)}.json"
    try:
        if not entry.exists():
            write_json(entry, {"run": run, "time": time.time()})
        return len(list(folder.glob("*.json")))
    except OSError as error:
        raise FolderError(
            f"{folder}: can't write the test ledger ({error.strerror}). "
            "Set TUNEWRIGHT_HOME to a folder that can be written."
        ) from error


def history(row_ids: Iterable[str]) -> list[dict[str, object]]:
    """All runs that scored these rows, oldest first, as `{run, time}`; what a run keeps as its copy."""
    entries = []
    for path in _folder(row_ids).glob("*.json"):
        try:
            entries.append(read_json(path))
        except (OSError, json.JSONDecodeError):
            continue
    return sorted(entries, key=lambda entry: (float(entry["time"]), str(entry["run"])))


def _folder(row_ids: Iterable[str]) -> Path:
    return user_home() / "test_ledger" / digest(*sorted(row_ids))

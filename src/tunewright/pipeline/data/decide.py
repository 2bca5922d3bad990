"""What `data clean` and `data split` share: a place for what is only needed on the way, and the choice of the way."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

import psutil

from tunewright.core.errors import TunewrightError
from tunewright.core.folder import discard, not_written, writing
from tunewright.data.decided import DataSettings, Decided, decide_in_memory
from tunewright.data.passes import decide_in_passes

IN_PASSES_FROM_BYTES = 256 << 20
"""Files from this size on are read in passes: held in memory, rows take up to ten times their size on disk."""
_PACKED = 4
_PACKED_SUFFIXES = (".gz", ".zst", ".zip", ".parquet", ".xz", ".bz2")


class Workspace:
    """A context: a folder beside the output for what is only needed on the way; gone when it ends."""

    def __init__(self, beside: Path) -> None:
        self._beside = beside

    def __enter__(self) -> Workspace:
        self._beside.mkdir(parents=True, exist_ok=True)
        for left in self._beside.glob(".rows.*.part"):
            if not psutil.pid_exists(int(left.name.split(".")[2])):
                discard(left)  # of a process that was killed
        self.path = Path(tempfile.mkdtemp(prefix=f".rows.{os.getpid()}.", suffix=".part", dir=self._beside))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        discard(self.path)

    @property
    def ledger(self) -> Path:
        """What became of each row."""
        return self.path / "ledger.parquet"

    @property
    def quarantine(self) -> Path:
        """Rows that could not be read."""
        return self.path / "quarantine.jsonl"

    def keep_quarantine(self, path: Path, decided: Decided) -> Path | None:
        """Put the rows that could not be read at a path; None where there are none, and then no old ones stay there."""
        if not any(account.quarantined for account in decided.accounts):
            discard(path)
            return None
        with writing(path) as aside:
            shutil.copyfile(self.quarantine, aside)
        return path


def decide(path: Path, *, settings: DataSettings, workspace: Workspace) -> Decided:
    """The verdicts on all rows of a file: in memory, or for a big file in passes."""
    if not needs_passes(path):
        return decide_in_memory(
            path, settings=settings, ledger_path=workspace.ledger, quarantine_path=workspace.quarantine
        )
    try:
        return decide_in_passes(
            path, settings=settings, ledger_path=workspace.ledger, quarantine_path=workspace.quarantine,
            folder=workspace.path,
        )  # fmt: skip
    except OSError as error:
        if isinstance(error, TunewrightError) or error.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise
        raise not_written(workspace.path, error) from error


def needs_passes(path: Path) -> bool:
    """Whether a file is so large that its rows would fill the memory of a small machine."""
    if not path.is_file():
        return False
    unpacked = path.stat().st_size * (_PACKED if path.suffix.lower() in _PACKED_SUFFIXES else 1)
    return unpacked >= IN_PASSES_FROM_BYTES

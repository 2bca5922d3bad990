"""What `data clean` and `data split` share: a place for what is only needed on the way, and the choice of the way."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from tunewright.core.folder import discard, writing
from tunewright.data.decided import DataSettings, Decided, decide_in_memory


class Workspace:
    """A context: a folder beside the output for what is only needed on the way; gone when it ends."""

    def __init__(self, beside: Path) -> None:
        self._beside = beside

    def __enter__(self) -> Workspace:
        self._beside.mkdir(parents=True, exist_ok=True)
        # Its name is one that `remove_torn` knows, so what a killed process leaves is removed by the next.
        self.path = Path(tempfile.mkdtemp(prefix=".rows.", suffix=".part", dir=self._beside))
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
    """The verdicts on all rows of a file."""
    return decide_in_memory(path, settings=settings, ledger_path=workspace.ledger, quarantine_path=workspace.quarantine)

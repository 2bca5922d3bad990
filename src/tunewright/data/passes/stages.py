"""The ledger of a big file: each stage's entries go to a file of their own as they come, and are joined at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq

from tunewright.core.folder import writing
from tunewright.data.ledger import SCHEMA, Entry, StageAccount, entry_table

_ENTRIES_AT_A_TIME = 8192


class Stages:
    """All stages, in the order in which they were opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stages: list[OpenStage] = []

    def open(self, name: str) -> OpenStage:
        """A stage to add entries to; rows may come in any order of stages."""
        stage = OpenStage(name, self._folder / f"stage_{len(self._stages):02d}.parquet")
        self._stages.append(stage)
        return stage

    @property
    def accounts(self) -> list[StageAccount]:
        """The sums of all stages."""
        return [stage.account for stage in self._stages]

    def write(self, path: Path) -> None:
        """The ledger: stage after stage, row after row."""
        with writing(path) as aside, pq.ParquetWriter(aside, SCHEMA) as writer:
            for stage in self._stages:
                with pq.ParquetFile(stage.path) as file:
                    for batch in file.iter_batches(_ENTRIES_AT_A_TIME):
                        writer.write_batch(batch)


class OpenStage:
    """One stage: `add` its entries in the order of rows, then `close` it with its sums."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self._writer = pq.ParquetWriter(path, SCHEMA)
        self._waiting: list[Entry] = []
        self._actions: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._changed = 0
        self._last_changed: str | None = None
        self._account: StageAccount | None = None

    @property
    def account(self) -> StageAccount:
        """The sums, once the stage is closed."""
        assert self._account is not None, f"stage {self.name} was not closed"
        return self._account

    def add(self, entries: Sequence[Entry]) -> None:
        """Entries of further rows; those of one row come together."""
        for entry in entries:
            self._actions[entry.action] += 1
            self._reasons[entry.reason_code] += 1
            if entry.action == "changed" and entry.row_id != self._last_changed:
                self._changed += 1
                self._last_changed = entry.row_id
        self._waiting += entries
        if len(self._waiting) >= _ENTRIES_AT_A_TIME:
            self._flush()

    def close(self, *, read: int, kept: int) -> None:
        """Check that read = kept + quarantined + dropped, and remember the sums."""
        quarantined, dropped = self._actions["quarantined"], self._actions["dropped"]
        assert read == kept + quarantined + dropped, (
            f"stage {self.name}: read {read} rows, but kept {kept}, quarantined {quarantined} and dropped {dropped}"
        )
        self._flush()
        self._writer.close()
        self._account = StageAccount(
            stage=self.name, read=read, kept=kept, quarantined=quarantined, dropped=dropped, changed=self._changed,
            reasons=dict(self._reasons),
        )  # fmt: skip

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(entry_table(self._waiting))
            self._waiting = []

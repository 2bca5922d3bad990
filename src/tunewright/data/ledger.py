"""The data account: what happened to each row, and sums that must add up.

Rows of the ledger: `row_id, path, line, stage, action, reason_code, field, before, after`. Per stage the account is
`read = kept + quarantined + dropped`; `Ledger.close_stage` raises when it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.folder import read_json, write_json, writing

Action = Literal["quarantined", "dropped", "changed", "noted"]

SCHEMA = pa.schema(
    [
        ("row_id", pa.string()),
        ("path", pa.string()),
        ("line", pa.int64()),
        ("stage", pa.string()),
        ("action", pa.string()),
        ("reason_code", pa.string()),
        ("field", pa.string()),
        ("before", pa.string()),
        ("after", pa.string()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened to one row. `row_id` is None for what could not be read as a row."""

    row_id: str | None
    path: str
    line: int
    stage: str
    action: Action
    reason_code: str
    field: str | None = None
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, kw_only=True)
class StageAccount:
    """The sums of one stage; `changed` counts kept rows with at least one changed field."""

    stage: str
    read: int
    kept: int
    quarantined: int
    dropped: int
    changed: int
    reasons: dict[str, int]
    """Entries per reason code."""


@dataclass
class Ledger:
    """Collects entries stage by stage; the only mutable thing that stages share, and only ever appended to."""

    entries: list[Entry] = field(default_factory=list)
    accounts: list[StageAccount] = field(default_factory=list)

    def close_stage(self, stage: str, *, read: int, kept: int, entries: list[Entry]) -> StageAccount:
        """Add a stage's entries and check its sums: read = kept + quarantined + dropped."""
        gone = {"quarantined": 0, "dropped": 0}
        changed: set[str | None] = set()
        reasons: dict[str, int] = {}
        for entry in entries:
            reasons[entry.reason_code] = reasons.get(entry.reason_code, 0) + 1
            if entry.action in gone:
                gone[entry.action] += 1
            elif entry.action == "changed":
                changed.add(entry.row_id)
        assert read == kept + gone["quarantined"] + gone["dropped"], (
            f"stage {stage}: read {read} rows, but kept {kept}, quarantined {gone['quarantined']} "
            f"and dropped {gone['dropped']}"
        )
        account = StageAccount(stage=stage, read=read, kept=kept, changed=len(changed), reasons=reasons, **gone)
        self.entries.extend(entries)
        self.accounts.append(account)
        return account

    @classmethod
    def read(cls, *, ledger_path: Path, account_path: Path) -> Ledger:
        """What `write` wrote."""
        entries = [Entry(**row) for row in pq.read_table(ledger_path).to_pylist()]
        return cls(entries=entries, accounts=[StageAccount(**account) for account in read_json(account_path)])

    def write(self, *, ledger_path: Path, account_path: Path | None = None) -> None:
        """Write the entries as Parquet and, where a path is given, the accounts as JSON."""
        with writing(ledger_path) as aside:
            pq.write_table(entry_table(self.entries), aside)
        if account_path is not None:
            write_json(account_path, [asdict(account) for account in self.accounts])


def add_stage(stage: str, *, read: int, kept: int, entries: list[Entry], ledger_path: Path, account_path: Path) -> None:
    """A stage behind those of a ledger on disk; one of that name, left by an earlier attempt, is replaced."""
    if not entries and not account_path.exists():
        return
    ledger = Ledger.read(ledger_path=ledger_path, account_path=account_path)
    if not entries and all(account.stage != stage for account in ledger.accounts):
        return  # nothing happened to any row
    ledger.entries = [entry for entry in ledger.entries if entry.stage != stage]
    ledger.accounts = [account for account in ledger.accounts if account.stage != stage]
    ledger.close_stage(stage, read=read, kept=kept, entries=entries)
    ledger.write(ledger_path=ledger_path, account_path=account_path)


def entry_table(entries: Sequence[Entry]) -> pa.Table:
    """Entries as the ledger's columns."""
    return pa.table([[getattr(entry, name) for entry in entries] for name in SCHEMA.names], schema=SCHEMA)

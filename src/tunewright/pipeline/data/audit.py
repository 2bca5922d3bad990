"""`tunewright data audit`: read a file, find its columns, and say what is wrong with it. Nothing is changed or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.data.audit import Audit, AuditConfig, audit
from tunewright.data.columns import ColumnPlan, ColumnsConfig, find_columns, to_fields
from tunewright.data.ledger import Entry
from tunewright.data.sources import ReadResult, read
from tunewright.data.table import fingerprint


@dataclass(frozen=True, kw_only=True)
class FileAudit:
    """What an audit of a file found, and how the file was read."""

    read: ReadResult
    columns: ColumnPlan
    audit: Audit
    fingerprint: str
    """Of the content, whatever the path and the order of rows."""

    def to_json(self) -> dict[str, Any]:
        """One object for `--json`: the audit, the columns, the account of the reading."""
        return {
            "file": {
                "kind": self.read.source.kind, "encoding": self.read.source.encoding, "read": self.read.read,
                "kept": len(self.read.table), "quarantined": len(self.read.quarantined),
            },
            "fingerprint": self.fingerprint,
            "columns": self.columns.reasons,
            **self.audit.to_json(),
        }  # fmt: skip


def audit_file(path: Path, *, text: str | None = None, label: str | None = None) -> FileAudit:
    """Audit one file. Raises DataError where it can't be read, or where a column that was named is missing."""
    result = read(path)
    columns = find_columns(result.table, chosen=ColumnsConfig(text=text, label=label))
    notes: list[Entry] = []
    fields = to_fields(result.table, columns, entries=notes)
    return FileAudit(
        read=result, columns=columns, audit=audit(fields, kind=columns.kind, config=AuditConfig()),
        fingerprint=fingerprint(fields),
    )  # fmt: skip

"""`tunewright data audit`: read files, find their columns, and say what is wrong with them. Nothing in them is changed.

found = audit_files(["reviews.csv"], label="stars")
found.findings[0].message, found.suspects.found[:10]
write_relabelling(found, "relabel.xlsx")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tunewright.core.folder import write_text
from tunewright.data.audit import Audit, AuditConfig, Finding, audit
from tunewright.data.audit.suspects import Suspects
from tunewright.data.columns import ColumnPlan, ColumnsConfig, find_columns, to_fields
from tunewright.data.ledger import Entry
from tunewright.data.relabel import Relabelling, relabelling, write_relabelling_file
from tunewright.data.sources import ReadResult
from tunewright.data.table import fingerprint
from tunewright.pipeline.data.several import read_several
from tunewright.pipeline.describe import describe_findings, describe_suspects, unread_columns
from tunewright.pipeline.suspects import suspects_of
from tunewright.report.audit_page import render_audit
from tunewright.report.numbers import Language
from tunewright.tasks import ROW_TASKS


@dataclass(frozen=True, kw_only=True)
class FileAudit:
    """What an audit of some files found, and how they were read."""

    paths: tuple[str, ...]
    read: ReadResult
    columns: ColumnPlan
    fields: pa.Table
    audit: Audit
    suspects: Suspects | None
    """None where labels were not judged."""
    fingerprint: str
    """Of the content, whatever the path and the order of rows."""

    @property
    def findings(self) -> list[Finding]:
        """The audit's findings and that of the suspected labels."""
        suspected = self.suspects.finding if self.suspects else None
        return [*self.audit.findings, *([suspected] if suspected else [])]

    def to_json(self, *, private: bool = False, most_rows: int | None = None) -> dict[str, Any]:
        """One object: all findings with row ids and places, suspects, columns, the account of the reading."""
        shown = self.audit.to_json()
        shown["findings"] = describe_findings(self.findings, self.fields, texts=not private, most_rows=most_rows)
        suspects = None if self.suspects is None else describe_suspects(self.suspects, None if private else self.fields)
        return {
            "files": list(self.paths),
            "file": {
                "kind": self.read.source.kind, "encoding": self.read.source.encoding, "read": self.read.read,
                "kept": len(self.read.table), "quarantined": len(self.read.quarantined),
            },
            "fingerprint": self.fingerprint, "task": self.columns.kind, "language": self.columns.language,
            "columns": self.columns.reasons,
            "used": {name: getattr(self.columns, name) for name in ("text", "text_pair", "label", "group", "split")},
            **shown, "suspects": suspects,
        }  # fmt: skip


def audit_files(
    paths: Sequence[str | Path], *, text: str | None = None, label: str | None = None, group: str | None = None,
    split: str | None = None, task: str | None = None, model: str | None = None, sample: int | None = None,
    config: AuditConfig | None = None,
) -> FileAudit:  # fmt: skip
    """Audit a file, several, or a folder with one for each split.

    `model` is a folder, a hub id or `starter`: its tokenizer counts tokens, its features judge labels as well. `sample`
    bounds the rows that suspected labels, languages and tokens are looked for in. Raises DataError where a file can't
    be read or a column that was named is missing.
    """
    config = config or AuditConfig()
    if sample is not None:
        sizes = dict.fromkeys(("label_error_rows", "language_rows", "token_rows"), sample)
        config = AuditConfig.model_validate(config.model_dump() | sizes)
    result = read_several([Path(path) for path in paths])
    kind = None if task is None else ROW_TASKS[task].kind
    chosen = ColumnsConfig(text=text, label=label, group=group, split=split, task=kind)
    columns = find_columns(result.table, chosen=chosen)
    notes: list[Entry] = []
    fields = to_fields(result.table, columns, entries=notes)
    reader = None
    if model is not None:
        from tunewright.pipeline.model_reader import model_reader

        reader = model_reader(model)
    found = audit(
        fields, kind=columns.kind, config=config, others=unread_columns(result.table, columns),
        count_tokens=reader.count_tokens if reader else None,
    )  # fmt: skip
    texts = fields.column("text")
    suspects = suspects_of(
        fields, kind=columns.kind, near_groups=found.near_groups, config=config,
        features=None if reader is None else lambda places: reader.features(
            texts.take(pa.array(places)).to_pylist(),
            fields.column("text_pair").take(pa.array(places)).to_pylist() if columns.text_pair else None,
        ),
    )  # fmt: skip
    return FileAudit(
        paths=tuple(map(str, paths)), read=result, columns=columns, fields=fields, audit=found, suspects=suspects,
        fingerprint=fingerprint(fields),
    )  # fmt: skip


def write_relabelling(found: FileAudit, path: str | Path) -> Relabelling:
    """Write the rows whose label is in doubt to a table for people, `.xlsx` or `.csv`; `apply` takes it back."""
    rows = relabelling(
        found.fields, audit=found.audit, suspects=found.suspects, separator=found.columns.label_separator
    )
    write_relabelling_file(rows, Path(path))
    return rows


def write_audit_page(found: FileAudit, path: str | Path, *, language: Language, private: bool) -> None:
    """The audit as one offline HTML page."""
    write_text(Path(path), render_audit(found.to_json(private=private), language=language, private=private))

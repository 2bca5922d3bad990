"""`tunewright data audit` of chats, prompts with completions, and parallel text: their own checks instead of labels'."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.core.text import digest
from tunewright.data.audit.records import SHOWN_ROWS, Finding
from tunewright.data.audit.shapes import AUDITED_FORMS, audit_rows
from tunewright.data.shapes import ShapeRead, content, find_shape, read_shape
from tunewright.pipeline.shaped import SURE


@dataclass(frozen=True, kw_only=True)
class ShapeAudit:
    """What an audit of a file of a shape found, and how the file was read."""

    read: ShapeRead
    findings: list[Finding]
    fingerprint: str
    """Of the content, whatever the path and the order of rows."""

    def to_json(self) -> dict[str, Any]:
        """One object for `--json`."""
        return {
            "file": {
                "shape": self.read.found.shape.name, "form": self.read.found.shape.form, "read": self.read.read,
                "kept": len(self.read.rows), "refused": len(self.read.refused),
                "reasons": dict(Counter(one.reason_code for one in self.read.refused)),
            },
            "fingerprint": self.fingerprint,
            "how": self.read.found.reasons,
            "rows": len(self.read.rows),
            "findings": [finding.to_json(most_rows=SHOWN_ROWS) for finding in self.findings],
        }  # fmt: skip

    def in_words(self) -> str:
        """The findings for people, what was refused first."""
        refused = [f"{one.path}:{one.line}: {one.detail}" for one in self.read.refused[:5]]
        lines = [*self.read.found.reasons, f"{len(self.read.rows):,} of {self.read.read:,} rows could be read"]
        lines += [f"  error  {line}" for line in refused]
        lines += [f"{finding.severity:>7}  {finding.message}\n         {finding.fix}" for finding in self.findings]
        return "\n".join(lines if self.findings or refused else [*lines, "nothing was found"])


def audit_shaped_file(
    path: Path, *, shape: str | None = None, dataset: str | None = None, languages: tuple[str, str] | None = None
) -> ShapeAudit | None:
    """Audit a file of chats or parallel text; None where it is something else, such as labelled texts.

    Raises: DataError where it can't be read, and for preference data.
    """
    found = find_shape(path, shape=shape, dataset=dataset, languages=languages)
    if found.shape.form not in AUDITED_FORMS or (shape is None and found.confidence < SURE):
        return None
    read = read_shape(path, shape=shape, dataset=dataset, languages=languages)
    return ShapeAudit(
        read=read, findings=audit_rows(read.rows),
        fingerprint=digest(*sorted(digest(content(row)) for row in read.rows)),
    )  # fmt: skip

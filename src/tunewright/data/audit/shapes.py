"""The audit of chats and of parallel text: what `audit` is for labelled text."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from tunewright.data.audit.dialogues import DIALOGUE_AUDITS
from tunewright.data.audit.pairs import PAIR_AUDITS
from tunewright.data.audit.records import Finding
from tunewright.data.shapes.arrow import from_table
from tunewright.data.shapes.types import Completion, Dialogue, Message, Pair, Row

AUDITED_FORMS = ("dialogue", "completion", "pair")


def audit_shape(table: pa.Table) -> list[Finding]:
    """Everything found in a table of canonical rows; nothing for forms without an audit of their own."""
    return audit_rows(from_table(table))


def audit_rows(rows: list[Row]) -> list[Finding]:
    """`audit_shape` of rows. A prompt with its completion is looked at as a dialogue of two turns."""
    pairs = [row for row in rows if isinstance(row, Pair)]
    chats = [_as_dialogue(row) if isinstance(row, Completion) else row for row in rows]
    dialogues = [row for row in chats if isinstance(row, Dialogue)]
    findings = [finding for check in PAIR_AUDITS.values() if pairs for finding in check(pairs)]
    return findings + [finding for check in DIALOGUE_AUDITS.values() if dialogues for finding in check(dialogues)]


def _as_dialogue(row: Completion) -> Dialogue:
    turns = (Message(role="user", content=row.prompt), Message(role="assistant", content=row.completion))
    return replace(Dialogue(messages=turns), row_id=row.row_id, path=row.path, line=row.line, columns=row.columns)

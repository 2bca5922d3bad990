"""Which mails answer each other: by the ids they refer to, and, where a reply has none, by their subject.

Mails of one thread quote each other, so a split that cuts through a thread tests on what was trained on.
"""

from __future__ import annotations

import re

import pyarrow as pa

from tunewright.core.text import fold
from tunewright.data.table import set_column

_REPLY = re.compile(
    r"^\s*(?:\[[^\]]{1,30}\]\s*)?(?:re|aw|antw|antwort|sv|fw|fwd|wg|tr|rv|ref|回复|回覆|答复|答覆|转发|轉寄|轉發)"
    r"\s*(?:\[\d+\]|\(\d+\))?\s*[:：]\s*",
    re.IGNORECASE,
)


def find_threads(table: pa.Table) -> pa.Table:
    """The table with its column `thread` found anew over all its rows: the same name for all mails of one thread."""
    if not {"message_id", "references", "subject"} <= set(table.column_names):
        return table
    ids, references, subjects = (table.column(name).to_pylist() for name in ("message_id", "references", "subject"))
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(one: str, other: str) -> None:
        first, second = sorted((root(one), root(other)))
        parent[second] = first  # the smaller name, so that the order of the mails does not matter

    orphans = {
        plain_subject(subject)
        for subject, refers in zip(subjects, references, strict=True)
        if not refers and is_reply(subject or "")
    }
    names = []
    for row, (own, refers, subject) in enumerate(zip(ids, references, subjects, strict=True)):
        name = f"id:{own}" if own else f"row:{row}"
        names.append(name)
        for other in (refers or "").split():
            join(name, f"id:{other}")
        bare = plain_subject(subject)
        if bare and bare in orphans:
            join(name, f"subject:{bare}")
    found = [root(name) for name in names]
    firsts: dict[str, str] = {}
    for name, own, subject in zip(found, ids, subjects, strict=True):
        # A thread goes by the smallest id in it, or by its subject where no mail has an id.
        firsts[name] = min(firsts.get(name, "\uffff"), own or f"subject: {plain_subject(subject)}")
    return set_column(table, "thread", pa.array([firsts[name] for name in found], pa.string()))


def thread_of(message_id: str, references: str, subject: str) -> str:
    """A first guess from one mail alone: the oldest id it refers to, its own id, or its subject."""
    first = references.split()[0] if references else ""
    if first:
        return first
    return f"subject: {plain_subject(subject)}" if is_reply(subject) or not message_id else message_id


def is_reply(subject: str) -> bool:
    """Whether a subject says that the mail answers or forwards another, in one of several languages."""
    return bool(_REPLY.match(subject))


def plain_subject(subject: str | None) -> str:
    """The subject without `Re:`, `AW:`, `回复：` in front, case and space folded."""
    text = subject or ""
    while (shorter := _REPLY.sub("", text, count=1)) != text:
        text = shorter
    return fold(text)

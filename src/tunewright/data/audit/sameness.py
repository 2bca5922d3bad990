"""What too many rows have in common: a fixed beginning or end, one text, no words at all, one group."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from tunewright.core.text import is_cjk
from tunewright.data.audit.records import AuditConfig, Finding, View

_WORD = re.compile(r"\w")
_LEAST_ROWS = 20
_BOILERPLATE_SHARE = 0.05
_FRAME = {"latin": 30, "cjk": 12}
"""Characters that a fixed beginning or end must have: shorter ones are how people begin (`How do I`, `请问`)."""
_FRAME_SAMPLE = 50_000
_DOMINANT_TEXT = 0.02
_DOMINANT_GROUP = 0.2


def boilerplate(view: View, config: AuditConfig) -> list[Finding]:
    """A beginning or an end that many different texts share word for word: a signature, a form, a prompt."""
    found = []
    for place, code in (("begin", "same_beginning"), ("end", "same_end")):
        rows, length = _most_shared(view, at_end=place == "end")
        if not rows:
            continue
        found.append(
            Finding(
                code=code, severity="info", count=len(rows), row_ids=view.ids(rows),
                message=f"{len(rows):,} texts {place} with the same {length:,} characters.",
                fix="If it says nothing about the label, take it out before training and before predicting: it uses up "
                "the length that the model reads, and makes different texts look alike.",
                values={"characters": length},
            )
        )  # fmt: skip
    return found


def no_words(view: View, config: AuditConfig) -> list[Finding]:
    """Texts of punctuation, symbols or one repeated character alone."""
    rows = [
        row for row, key in enumerate(view.key)
        if key and (not _WORD.search(key) or (len(key) >= 4 and len(set(key)) == 1))
    ]  # fmt: skip
    if not rows:
        return []
    return [
        Finding(
            code="no_words", severity="info", count=len(rows), row_ids=view.ids(rows),
            message=f"{len(rows):,} texts hold no word: punctuation, symbols, or one character repeated.",
            fix="Look at them: where the label can't be seen in the text, leave the row out of the file.",
        )
    ]  # fmt: skip


def dominant_text(view: View, config: AuditConfig) -> list[Finding]:
    """One text that makes up a good part of all rows: a default answer, a form sent empty."""
    largest = max(view.exact, key=len, default=[])
    if len(largest) < max(_LEAST_ROWS, _DOMINANT_TEXT * len(view.key)):
        return []
    return [
        Finding(
            code="dominant_text", severity="warning", count=len(largest), row_ids=view.ids(largest),
            message=f"One text stands in {len(largest):,} of {len(view.key):,} rows ({len(largest) / len(view.key):.0%}).",
            fix="Of those with the same label one is kept in training (`clean.exact_duplicates: drop`); where a program "
            "wrote them, leave them out of the file.",
            command="tunewright data clean FILE --output OUT --set clean.exact_duplicates=drop", values={"rows": len(view.key)},
        )
    ]  # fmt: skip


def dominant_group(view: View, config: AuditConfig) -> list[Finding]:
    """One group (customer, author) with a good part of all rows: the score will be about that group."""
    counts = Counter(group for group in view.group if group is not None)
    grouped = sum(counts.values())
    if len(counts) < 2:
        return []
    name, most = counts.most_common(1)[0]
    if most < max(_LEAST_ROWS, _DOMINANT_GROUP * grouped):
        return []
    return [
        Finding(
            code="dominant_group", severity="warning", count=most,
            row_ids=view.ids([row for row, group in enumerate(view.group) if group == name]),
            message=f"One group holds {most:,} of {grouped:,} rows ({most / grouped:.0%}).",
            fix="It goes to one side of the split as a whole, which bends the sizes; and the score says most about it. "
            "Take fewer of its rows, or group by a finer column with `--group`.",
            command="tunewright run FILE --group COLUMN", values={"rows": grouped},
        )
    ]  # fmt: skip


def _most_shared(view: View, *, at_end: bool) -> tuple[list[int], int]:
    """Rows of different texts with one beginning (or end), and how many characters they share; the largest such set.

    Which beginning it is, is found in a sample; then all rows are counted that have it.
    """
    seen: set[str] = set()
    frames: Counter[str] = Counter()
    for row in view.sample(_FRAME_SAMPLE):
        key = view.key[row]
        width = _FRAME["cjk" if any(map(is_cjk, key[:40])) else "latin"]
        frame = key[-width:] if at_end else key[:width]
        # A text that stands twice counts once: repeats are another finding.
        if len(key) > width + 5 and key not in seen:
            seen.add(key)
            frames[frame] += 1
    if not frames:
        return [], 0
    frame, sampled = frames.most_common(1)[0]
    if sampled < max(_LEAST_ROWS, _BOILERPLATE_SHARE * len(seen)):
        return [], 0
    rows = [row for row, key in enumerate(view.key) if (key.endswith(frame) if at_end else key.startswith(frame))]
    return rows, _common_length([view.key[row][::-1] if at_end else view.key[row] for row in rows])


def _common_length(texts: Sequence[str]) -> int:
    """Characters that all texts begin with: those of the first and the last in alphabetical order."""
    first, last = min(texts), max(texts)
    return next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))

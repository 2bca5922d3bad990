"""The differences of two versions as text: the sums first, then the first rows of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_LONGEST = 60


def diff_text(found: Mapping[str, Any], *, say: Callable[..., str], shown: int, private: bool) -> str:
    """What `FilesDiff.to_json` holds; at most `shown` rows of each kind."""
    lines = [say("diff.rows", before=found["before_rows"], after=found["after_rows"], by=say(f"diff.by_{found['by']}"))]
    lines.append(f"  {found['before_fingerprint']} → {found['after_fingerprint']}")
    lines.append(
        say(
            "diff.sums", same=found["same_rows"], changed=found["changed_rows"], added=len(found["added"]),
            removed=len(found["removed"]), moved=len(found["moved"]),
        )
    )  # fmt: skip
    for name in ("new_columns", "lost_columns"):
        if found[name]:
            lines.append(f"{say(f'diff.{name}')}: {', '.join(found[name])}")
    for kind in ("changed", "moved"):
        for change in found[kind][:shown]:
            cells = "" if private else f": {_short(change['before'])} → {_short(change['after'])}"
            lines.append(f"  ~ {change['before_place']}  {change['field']}{cells}")
        lines += _more(found[kind], shown, say)
    for kind, sign in (("removed", "-"), ("added", "+")):
        for row in found[kind][:shown]:
            cells = "" if private else "  " + " | ".join(_short(cell) for cell in row["cells"].values())
            lines.append(f"  {sign} {row['place']}{cells}")
        lines += _more(found[kind], shown, say)
    return "\n".join(lines)


def _more(rows: list[Any], shown: int, say: Callable[..., str]) -> list[str]:
    return ["    " + say("diff.more", n=len(rows) - shown)] if len(rows) > shown else []


def _short(cell: str | None) -> str:
    text = "∅" if cell is None else " ".join(cell.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"

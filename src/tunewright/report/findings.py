"""What the audit found, as sentences: the same for the page, the terminal and the events of a run, in both languages.

A finding brings its English sentence along; the other language, and a private report, say it by its code and values.
"""

from __future__ import annotations

import html
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tunewright.report.numbers import count
from tunewright.report.words import Words

SEVERITIES = ("error", "warning", "info")
"""The worst first."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A finding in one language."""

    message: str | Markup
    fix: str | Markup
    command: str
    """With the file in it; empty where no command does it."""


def worst_first(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Findings by severity, and in their own order within one."""
    order = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(findings, key=lambda finding: order.get(str(finding.get("severity")), len(order)))


def say(finding: Mapping[str, Any], words: Words, *, file: str = "FILE", private: bool = False) -> Said:
    """A finding as `audit.json` has it, in the language of the words. A private one names no label and no column."""
    message, fix = by_code(finding, "finding", words), by_code(finding, "fix", words)
    if words.language == "en" and not private:
        # The audit's own sentences name labels and columns; ours by code don't.
        message, fix = finding.get("message") or message, finding.get("fix") or fix
    written = "" if private else str(finding.get("message") or "")
    command = str(finding.get("command") or "").replace("FILE", shlex.quote(file), 1)
    return Said(message=message or written or str(finding.get("code")), fix=fix or "", command=command)


def by_code(finding: Mapping[str, Any], group: str, words: Words) -> Markup | None:
    """Our sentence for a finding, or None where there is none. A leak's code ends with the two splits it is between."""
    code = str(finding.get("code"))
    values = {name: count(value) if isinstance(value, int) else value for name, value in _values(finding).items()}
    values["n"] = count(finding.get("count") or 0)
    for kind in ("near_leak", "leak"):
        if code.startswith(f"{kind}_") and len(parts := code.removeprefix(f"{kind}_").split("_")) == 2:
            first, second = (words.name("split", part) for part in parts)
            return words.find(f"{group}.{kind}", **values | {"first": first, "second": second})
    if "judge" in values:
        values["judge"] = words.name("judge", str(values["judge"]))
    return words.find(f"{group}.{code}", **values)


def _values(finding: Mapping[str, Any]) -> dict[str, Any]:
    values = finding.get("values")
    return dict(values) if isinstance(values, Mapping) else {}


def unmarked(text: str | Markup) -> str:
    """A sentence for where there is no markup: names of settings between backticks."""
    return html.unescape(str(text).replace("<code>", "`").replace("</code>", "`")).replace("\u00a0", " ")

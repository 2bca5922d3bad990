"""The page that bench/dirt.py writes, docs/dirt.md: what may become of a file, how often it did, and a table for each format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

from tests.dirt.catalogue import CATALOGUE
from tests.dirt.record import Dirt

SECONDS = 60.0
"""For one file."""
MISSING = "\x00missing"
"""What stands for a missing value among letters."""

LOCATED, READ, REFUSED = "located", "read right", "refused rightly"
WHOLE, LINE = "whole file refused", "whole file refused, the line named"
LOST, CHANGED = "rows lost silently", "values changed silently"
TAKEN, NO_TABLE = "damage taken for data", "no table, read as one"
CRASHED = "crashed or hung"
OUTCOMES = {
    LOCATED: "the damaged rows are named by line and reason, all others are read to the letter",
    READ: "nothing is damaged, it only looks so, and all is read to the letter",
    REFUSED: "the file holds no table, and an error or an empty table says so",
    LINE: "one error for the whole file, in which the line of the damage stands; no row is read",
    WHOLE: "one error for the whole file, and where the damage is must be found by hand; no row is read",
    LOST: "rows are missing, and there was no error",
    CHANGED: "a value is not what stands in the file, and there was no error",
    TAKEN: "all good rows are there, and the damaged ones stand among them as if they were good",
    NO_TABLE: "rows are made of a picture, a page of HTML or the like",
    CRASHED: f"the process ended, or took longer than {SECONDS:.0f} seconds",
}
SUMS = {
    "right (the first three)": (LOCATED, READ, REFUSED),
    "wrong without an error": (LOST, CHANGED, TAKEN, NO_TABLE),
}
FORMATS = {
    "CSV and TSV": ("csv", "tsv"), "JSON Lines": ("jsonl",), "JSON": ("json",), "Parquet": ("parquet",),
}  # fmt: skip
HEAD = """\
# Dirty files: what becomes of them

<!-- Made by bench/dirt.py: run it after a change to tests/dirt. -->

{files} files, each with one class of dirt, read by Tunewright, pandas and datasets as a user would, with their defaults.
{today}; {versions}; `python bench/dirt.py`.

In a class the bytes of the file are fixed, and so are the rows that must come out of it, the lines that can't be read, and
the reason: [tests/dirt](../tests/dirt/catalogue.py). The catalogue was made for Tunewright and its tests hold it to it, so
Tunewright's own column is no surprise; what the other two do with the same files is the news. They are made for other ends:
they find out types, and refuse a file rather than leave a row out. With options (`dtype=str`, `keep_default_na=False`,
`encoding=...`) they do better, where you know beforehand what is wrong.

A value counts as changed where its letters are others: `7` read as a number is right; `007` read as 7 is not, nor is `1.10`
read as 1.1, although in JSON that is the same number. Made-up names may be others than ours, an empty cell may be missing,
and blank lines may be skipped. Some of what Tunewright sets aside another reader may call text with good reason, such as a
NUL character.
"""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a file."""

    outcome: str
    detail: str = ""
    lines: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()


def page(verdicts: dict[str, list[Verdict]]) -> str:
    """The whole page as Markdown."""
    versions = ", ".join(f"{name} {version(name.lower())}" for name in verdicts)
    lines = [
        HEAD.format(files=len(CATALOGUE), today=f"{date.today():%Y-%m-%d}", versions=versions),
        "## In short", "",
        *table(["what becomes of the file", *verdicts, "meaning"], [
            [outcome, *(str(how_many(found, outcome)) for found in verdicts.values()), meaning]
            for outcome, meaning in OUTCOMES.items()
        ]),
        *table(["", *verdicts], [
            [name, *(f"{how_many(found, *outcomes)} of {len(CATALOGUE)}" for found in verdicts.values())]
            for name, outcomes in SUMS.items()
        ]),
    ]  # fmt: skip
    for title, endings in FORMATS.items():
        rows = [
            [dirt.name, *ours(dirt, own), *(theirs(verdicts[name][i]) for name in ("pandas", "datasets"))]
            for i, (dirt, own) in enumerate(zip(CATALOGUE, verdicts["Tunewright"], strict=True))
            if dirt.ending in endings
        ]
        head = ["class", "Tunewright: line", "reason code", "pandas", "datasets"]
        lines += [f"## {title}: {len(rows)} classes", "", *table(head, rows)]
    return "\n".join(lines).rstrip() + "\n"


def how_many(verdicts: Sequence[Verdict], *outcomes: str) -> int:
    """Files of which one of these became."""
    return sum(verdict.outcome in outcomes for verdict in verdicts)


def ours(dirt: Dirt, verdict: Verdict) -> tuple[str, str]:
    """Where it was found and why; in Parquet a row has a number and no line."""
    if verdict.outcome == LOCATED:
        return ("row " if dirt.ending == "parquet" else "") + ranges(verdict.lines), ", ".join(
            f"`{reason}`" for reason in verdict.reasons
        )
    says = {READ: "read to the letter", REFUSED: "refused: no table"}.get(verdict.outcome, theirs(verdict))
    return "", says


def theirs(verdict: Verdict) -> str:
    return f"{verdict.outcome}: {verdict.detail}" if verdict.detail else verdict.outcome


def ranges(lines: Sequence[int]) -> str:
    """`3, 5-9`, and no more than four of them."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line - parts[-1][1] in (0, 1):
            parts[-1][1] = line
        else:
            parts.append([line, line])
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in parts]
    return ", ".join(shown) if len(shown) <= 4 else ", ".join([*shown[:2], "...", shown[-1]])


def code(value: Any) -> str:
    """A value in the page: short, with what can't be seen written out."""
    if value == MISSING:
        return "missing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text).replace("`", "'")
    return f"`{text if len(text) <= 36 else text[:35] + '…'}`" if text.strip() else "empty"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines] + [""]

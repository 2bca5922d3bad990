"""Findings and suspected labels as blocks of a page: the same in the report of a run and on the audit's own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Code, Column, Facts, Folded, Mistake, Mistakes, Paragraph, Table
from tunewright.report.context import as_code
from tunewright.report.findings import say, worst_first
from tunewright.report.numbers import count, fixed
from tunewright.report.words import Words

SUSPECTS_SHOWN = 20
LONGEST = 300
"""Characters of an example that are shown; its line says where the rest is."""


def finding_blocks(
    findings: Sequence[Mapping[str, Any]], words: Words, *, private: bool, file: str, show_caption: bool = True
) -> list[Block]:
    """A table of all findings, the worst first, and behind a line each the rows and the command."""
    if not findings:
        return [Paragraph(text=words("data.clean"), tone="quiet")]
    ordered = [(finding, say(finding, words, file=file, private=private)) for finding in worst_first(findings)]
    rows = tuple(
        (
            Cell(text=words.heading("severity", str(finding.get("severity"))),
                 tone="wrong" if finding.get("severity") == "error" else "quiet"),
            Cell(text=as_code(said.message), note=as_code(said.fix)),
            count(finding.get("count") or 0),
        )
        for finding, said in ordered
    )  # fmt: skip
    table = Table(
        caption=words("data.findings"),
        columns=(
            Column(title="", kind="tag", narrow=False), Column(title=words("column.finding")),
            Column(title=words("column.count"), kind="number"),
        ),
        rows=rows, show_caption=show_caption,
    )  # fmt: skip
    details: list[Block] = []
    for finding, said in ordered:
        inside = [*_examples(finding, words), *([Code(text=said.command)] if said.command else [])]
        if inside:
            details.append(Folded(summary=as_code(said.message), blocks=tuple(inside)))
    return [table, *([Folded(summary=words("audit.examples"), blocks=tuple(details))] if details else [])]


def suspect_blocks(suspects: Mapping[str, Any] | None, words: Words, *, private: bool, file: str) -> list[Block]:
    """The surest suspected labels with what the judge would have said, and how to correct them."""
    found = [suspect for suspect in (suspects or {}).get("found") or () if isinstance(suspect, dict)]
    if not suspects or not found:
        return []
    shown = found[:SUSPECTS_SHOWN]
    said = words(
        "suspects.said", n=count(len(shown)), all=count(suspects.get("num_found") or len(found)),
        judged=count(suspects["judged"]), judge=words.name("judge", str(suspects["judge"])),
        agreement=f"{fixed(100 * suspects['agreement'], 0)}%",
    )  # fmt: skip
    listed = Mistakes(
        mistakes=tuple(_suspect(suspect, words, private=private) for suspect in shown),
        gold=words("suspects.label"), prediction=words("suspects.suggested"), wrong="gold",
    )  # fmt: skip
    return [Paragraph(text=said), listed, Paragraph(text=words("suspects.next", file=file), tone="quiet")]


def _suspect(suspect: Mapping[str, Any], words: Words, *, private: bool) -> Mistake:
    texts = [] if private else [str(suspect[name]) for name in ("text", "text_pair") if suspect.get(name)]
    text = "\n—\n".join(texts)
    more = len(text) - LONGEST
    return Mistake(
        where=str(words("mistakes.where", file=_name(suspect.get("path")), line=suspect.get("line"))),
        gold=", ".join(suspect.get("label") or ()) or "∅", prediction=", ".join(suspect.get("suggested") or ()) or "∅",
        confidence=str(words("mistakes.sure", sure=fixed(100 * float(suspect["confidence"]), 0))),
        text=text[:LONGEST] + "…" if more > 0 else text,
        more=str(words("mistakes.longer", n=count(more))) if more > 0 else "",
    )  # fmt: skip


def _examples(finding: Mapping[str, Any], words: Words) -> list[Block]:
    """Rows by their line, with their texts where the file of the audit holds any."""
    if finding.get("code") == "suspected_labels":
        return []  # they stand in a list of their own
    examples = [example for example in finding.get("examples") or () if isinstance(example, dict)]
    rows = tuple(
        (words("mistakes.where", file=_name(example.get("path")), line=example.get("line")), _shown(example))
        for example in examples
    )
    if not rows:
        return []
    more = int(finding.get("num_rows") or len(rows)) - len(rows)
    rest: list[Block] = [Paragraph(text=words("audit.more", n=count(more)), tone="quiet")] if more > 0 else []
    return [Facts(rows=rows), *rest]


def _shown(example: Mapping[str, Any]) -> Markup | str:
    text = " — ".join(str(example[name]) for name in ("text", "text_pair") if example.get(name))
    label = example.get("label")
    said = ", ".join(label) if isinstance(label, list) else "" if label is None else str(label)
    return f"{text[:LONGEST]}{'…' if len(text) > LONGEST else ''}{f' → {said}' if said else ''}"


def _name(path: Any) -> str:
    return PurePosixPath(str(path or "").replace("\\", "/")).name

"""The data account: how many rows came in, what happened to the others, what the audit found."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq

from tunewright.report.blocks import Block, Cell, Column, Folded, Paragraph, Section, Table
from tunewright.report.context import Context
from tunewright.report.found import SUSPECTS_SHOWN, finding_blocks, suspect_blocks
from tunewright.report.numbers import count, fixed
from tunewright.report.plots import bar

CLASSES_SHOWN = 20


def data(context: Context) -> Section:
    """Findings first, then the sums, then classes, lengths and columns."""
    run = context.run
    blocks: list[Block] = []
    if run.lacks(run.folder.audit):
        blocks.append(context.missing(run.folder.audit, what="audit"))
    else:
        blocks.extend(_findings(context))
    if run.account:
        blocks.append(_account(context))
    else:
        blocks.append(context.missing(run.folder.account, what="account"))
    blocks.extend(_class_counts(context))
    blocks.extend(_lengths(context))
    if fingerprint := context.run.audit.get("fingerprint"):
        blocks.append(Paragraph(text=context.words("data.fingerprint", fingerprint=fingerprint), tone="quiet"))
    if run.lacks(run.folder.plan):
        blocks.append(context.missing(run.folder.plan, what="columns"))
    else:
        blocks.extend(_columns(context))
    return context.section("data", blocks)


def _findings(context: Context) -> list[Block]:
    findings = [dict(f) for f in context.run.audit.get("findings") or () if isinstance(f, dict)]
    if context.run.suspects.get("finding"):
        findings.append(context.run.suspects["finding"])
    file = context.file or "FILE"
    suspects = _with_texts(context, context.run.suspects.get("suspects"))
    suspected = suspect_blocks(suspects, context.words, private=context.private, file=file)
    if suspected:
        note = Paragraph(text=context.words("suspects.not_mistakes"), tone="quiet")
        suspected = [Folded(summary=context.words("suspects.title"), blocks=(note, *suspected))]
    return [*finding_blocks(findings, context.words, private=context.private, file=file), *suspected]


def _with_texts(context: Context, suspects: dict[str, Any] | None) -> dict[str, Any] | None:
    """Suspects with their texts, taken from the rows; without where the page is private or the rows are gone."""
    path = context.run.folder.rows
    if context.private or not suspects or not path.exists():
        return suspects
    shown = suspects["found"][:SUSPECTS_SHOWN]
    columns = [name for name in ("row_id", "text", "text_pair") if name in pq.read_schema(path).names]
    rows = pq.read_table(path, columns=columns, filters=[("row_id", "in", [suspect["row_id"] for suspect in shown])])
    of_id = {row["row_id"]: row for row in rows.to_pylist()}
    return suspects | {"found": [suspect | of_id.get(suspect["row_id"], {}) for suspect in shown]}


def _account(context: Context) -> Table:
    words, account = context.words, context.run.account
    rows = []
    for stage in account:
        reasons = stage.get("reasons") or {}
        said = [words("data.reason", reason=words.name("reason", str(k)), n=count(v)) for k, v in reasons.items()]
        note = words("data.list_comma").join(said)
        rows.append(
            (
                Cell(text=words.heading("stage", str(stage["stage"])), note=note),
                count(stage["read"]), count(stage["quarantined"]), count(stage["dropped"]), count(stage["changed"]),
                count(stage["kept"]),
            )
        )  # fmt: skip
    return Table(
        caption=words("data.account"),
        columns=(
            Column(title=words("column.stage")),
            Column(title=words("column.read"), kind="number"),
            Column(title=words("column.quarantined"), kind="number", narrow=False),
            Column(title=words("column.dropped"), kind="number"),
            Column(title=words("column.changed"), kind="number", narrow=False),
            Column(title=words("column.kept"), kind="number"),
        ),
        rows=tuple(rows),
        note=words("data.account_note"),
    )


def _class_counts(context: Context) -> list[Block]:
    words = context.words
    counts = context.run.audit.get("class_counts") or {}
    if not counts:
        return []
    total, most = sum(counts.values()) or 1, max(counts.values()) or 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    rows = [
        (label, bar(n / most, label=f"{label}: {count(n)}"), count(n), f"{fixed(100 * n / total, 1)}%")
        for label, n in ordered
    ]
    columns = (
        Column(title=words("column.class")), Column(title="", kind="strip"),
        Column(title=words("column.rows"), kind="number"), Column(title=words("column.share"), kind="number"),
    )  # fmt: skip
    first = Table(caption=words("data.classes"), columns=columns, rows=tuple(rows[:CLASSES_SHOWN]))
    if len(rows) <= CLASSES_SHOWN:
        return [first]
    rest = Table(caption=words("data.classes"), columns=columns, rows=tuple(rows[CLASSES_SHOWN:]), show_caption=False)
    return [first, Folded(summary=words("classes.more", n=len(rows) - CLASSES_SHOWN), blocks=(rest,))]


def _lengths(context: Context) -> list[Block]:
    """One sentence a text field: shortest, median, p95, longest, in characters."""
    words = context.words
    lengths = context.run.audit.get("lengths") or {}
    if "median" in lengths:
        lengths = {"text": lengths}
    return [
        Paragraph(
            text=words(
                "data.lengths", field=words.name("field", str(field)), shortest=count(length["shortest"]),
                median=count(length["median"]), p95=count(length["p95"]), longest=count(length["longest"]),
            ),
            tone="quiet",
        )
        for field, length in lengths.items()
        if isinstance(length, dict) and "median" in length
    ]  # fmt: skip


def _columns(context: Context) -> list[Block]:
    words = context.words
    columns = context.run.plan.get("columns") or {}
    names = ("text", "text_pair", "label", "group", "weight", "split", "baseline")
    reasons = columns.get("reasons") or {}
    rows = tuple(
        (words.heading("field", name), Cell(text=str(columns[name]), note=context.written(reasons.get(name))))
        for name in names
        if columns.get(name)
    )
    if not rows:
        return []
    head = (Column(title=words("column.field")), Column(title=words("column.column")))
    table = Table(caption=words("data.columns"), columns=head, rows=rows, show_caption=False)
    return [Folded(summary=words("data.columns"), blocks=(table,))]

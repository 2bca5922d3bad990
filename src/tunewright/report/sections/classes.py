"""Class by class: which are answered well, and which are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

from tunewright.report.blocks import Block, Cell, Column, Figure, Figures, Folded, Paragraph, Section, Table
from tunewright.report.context import Context
from tunewright.report.numbers import count, fixed
from tunewright.report.plots import confusion, strip, strip_axis
from tunewright.report.plots.confusion import MAX_CLASSES
from tunewright.report.run import Score

OPEN_ROWS = 15
"""Classes shown at once, the weakest first; the others are one click away."""
CONFUSIONS = 12


def classes(context: Context) -> Section | None:
    """Precision, recall and F1 of each class, then the confusions."""
    run = context.run
    if run.kind in ("regression", "text"):
        return None
    if not run.scores:
        return context.section("classes", [context.missing(run.folder.scores, what="classes")])
    blocks: list[Block] = list(_per_class(context))
    if not blocks:
        blocks.append(Paragraph(text=context.words("classes.none"), tone="missing"))
    matrix = run.evidence.get("confusion")
    if matrix and len(matrix["labels"]) > 1:
        blocks.extend(_confusions(context, [str(label) for label in matrix["labels"]], matrix["matrix"]))
    elif run.lacks(run.folder.evidence):
        blocks.append(context.missing(run.folder.evidence, what="confusion"))
    return context.section("classes", blocks)


def _per_class(context: Context) -> list[Block]:
    run, words = context.run, context.words
    system = context.main_system or "model"
    slices = dict.fromkeys(
        s.slice for s in run.scores
        if s.slice and s.slice.startswith("label=") and s.system == system and s.split == "test"
    )  # fmt: skip
    found = []
    for name in slices:
        by_metric = {m: run.score(m, system=system, slice_=name) for m in ("f1", "precision", "recall")}
        found.append((str(name).removeprefix("label="), by_metric))
    if not found:
        return []
    found.sort(key=lambda item: item[1]["f1"].value if item[1]["f1"] else -1.0)
    rows = [_row(context, label, by_metric) for label, by_metric in found]
    columns = (
        Column(title=words("column.class")),
        Column(title=strip_axis(scale=(0.0, 100.0)), kind="strip"),
        Column(title="F1", kind="number"),
        Column(title=context.metric("precision", alone=True), kind="number", narrow=False),
        Column(title=context.metric("recall", alone=True), kind="number", narrow=False),
        Column(title="n", kind="number"),
    )
    first = Table(
        caption=words("classes.caption"),
        columns=columns,
        rows=tuple(rows[:OPEN_ROWS]),
        note=words("classes.note_spans" if run.kind == "spans" else "classes.note"),
    )
    if len(rows) <= OPEN_ROWS:
        return [first]
    rest = Table(caption=words("classes.caption"), columns=columns, rows=tuple(rows[OPEN_ROWS:]), show_caption=False)
    return [first, Folded(summary=words("classes.more", n=len(rows) - OPEN_ROWS), blocks=(rest,))]


def _row(context: Context, label: str, by_metric: dict[str, Score | None]) -> tuple[Cell | str, ...]:
    f1 = by_metric["f1"]
    support = by_metric["recall"] or f1
    if f1 is None:
        drawn: str = ""
    else:
        low, high = (None if b is None else 100 * b for b in (f1.low, f1.high))
        drawn = strip(100 * f1.value, low, high, scale=(0.0, 100.0), label=f"{label}: {context.score_text(f1)}",
                      tone="model")  # fmt: skip
    shown = [Cell(text=context.score_text(s)) if (s := by_metric[m]) else "–" for m in ("f1", "precision", "recall")]
    return (Cell(text=label), drawn, *shown, count(support.n) if support else "–")


def _confusions(context: Context, labels: list[str], matrix: Sequence[Sequence[int]]) -> list[Block]:
    words = context.words
    pairs = sorted(
        ((row[j], i, j) for i, row in enumerate(matrix) for j in range(len(row)) if i != j and row[j]), reverse=True
    )
    total = sum(sum(row) for row in matrix)
    table = _confusion_table(context, labels, matrix, pairs[:CONFUSIONS])
    if len(labels) > MAX_CLASSES:
        return [table] if pairs else []
    title = words("classes.matrix")
    said = words("classes.matrix_said", n=count(total), wrong=count(sum(p[0] for p in pairs)), **context.units)
    svg = confusion(
        labels, matrix, gold=str(words("classes.gold")), prediction=str(words("classes.prediction")),
        title=str(title), description=str(said),
    )  # fmt: skip
    figure = Figure(svg=svg, title=title, caption=said, wide=True)
    blocks: list[Block] = [Figures(figures=(figure,))]
    if pairs:
        blocks.append(Folded(summary=words("classes.confusions"), blocks=(table,)))
    return blocks


def _confusion_table(
    context: Context, labels: list[str], matrix: Sequence[Sequence[int]], pairs: list[tuple[int, int, int]]
) -> Table:
    words = context.words
    rows = tuple(
        (labels[i], labels[j], count(n), f"{fixed(100 * n / (sum(matrix[i]) or 1), 1)}%", count(sum(matrix[i])))
        for n, i, j in pairs
    )
    return Table(
        caption=words("classes.confusions"),
        columns=(
            Column(title=words("classes.gold")),
            Column(title=words("classes.prediction")),
            Column(title=words("column.rows"), kind="number"),
            Column(title=words("classes.share"), kind="number"),
            Column(title="n", kind="number", narrow=False),
        ),
        rows=rows,
        note=words("classes.confusions_note"),
    )

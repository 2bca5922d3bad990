"""What to make of doubt: other answers that are possible, and leaving the doubtful rows to a person."""

from __future__ import annotations

from typing import Any

from tunewright.report.blocks import Block, Column, Figure, Table
from tunewright.report.context import Context
from tunewright.report.numbers import count, decimals_for, fixed
from tunewright.report.plots import Given, risk


def possible_answers(context: Context) -> list[Block]:
    """Sets, or for numbers intervals, that are to hold the right answer: how often they do, and how large they are."""
    words, found = context.words, context.run.evidence.get("conformal")
    if not found or found.get("held") is None:
        return []
    numbers = context.run.kind == "regression"
    size = found.get("mean_size")
    held = words.metric("precision", found["held"], found.get("low"), found.get("high"))
    columns = [
        Column(title=words("possible.wanted")),
        Column(title=words("possible.held"), kind="number"),
    ]
    cells: list[Any] = [f"{fixed(100 * found['wanted'], 0)}%", held]
    columns.append(Column(title=words("possible.width" if numbers else "possible.size"), kind="number"))
    cells.append("–" if size is None else f"±{fixed(size / 2, decimals_for(size / 2))}" if numbers else fixed(size, 2))
    if found.get("single") is not None:
        columns.append(Column(title=words("possible.single"), kind="number", narrow=False))
        cells.append(f"{fixed(100 * found['single'], 0)}%")
    columns.append(Column(title="n", kind="number", narrow=False))
    cells.append(count(found["n"]))
    note = words("possible.note_numbers" if numbers else "possible.note", n=count(found["learned_from"]))
    if found.get("worst_label") is not None and found["worst_held"] < found["wanted"] - 0.05:
        worst = {
            "label": found["worst_label"],
            "held": fixed(100 * found["worst_held"], 0),
            "n": count(found["worst_n"]),
        }
        note += words("possible.worst", **worst)
    caption = words("possible.caption_numbers" if numbers else "possible.caption")
    return [Table(caption=caption, columns=tuple(columns), rows=(tuple(cells),), note=note)]


def risk_figures(context: Context) -> list[Figure]:
    """Right answers by the share that is answered."""
    words, found = context.words, context.run.evidence.get("risk_curve")
    if not found or len(found["points"]) < 2:
        return []
    points = [Given(share=p["share"], right=p["right"], low=p["low"], high=p["high"]) for p in found["points"]]
    title, n = words("confidence.risk"), found["points"][-1]["n"]
    said = words("confidence.risk_said", n=count(n), **context.units)
    svg = risk(
        points, x_label=str(words("axis.answered")), y_label=str(words("axis.right")), whole=str(words("confidence.all")),
        title=str(title), description=str(said),
    )  # fmt: skip
    columns = (
        Column(title=words("axis.answered"), kind="number"), Column(title=words("axis.right"), kind="number"),
        Column(title=words("confidence.threshold"), kind="number"), Column(title="n", kind="number"),
    )  # fmt: skip
    rows = tuple(
        (
            fixed(100 * p["share"], 0), words.metric("precision", p["right"], p["low"], p["high"]),
            f"{fixed(100 * p['threshold'], 1)}%", count(p["n"]),
        )
        for p in found["points"]
    )  # fmt: skip
    table = Table(caption=words("confidence.bins"), columns=columns, rows=rows, show_caption=False)
    return [Figure(svg=svg, title=title, caption=said, table=table)]

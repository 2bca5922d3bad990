"""Gaps between the groups of a column as tables: for the page on bias, and for the report of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tunewright.report import bias_lines as lines
from tunewright.report.bias_lines import Json
from tunewright.report.blocks import Block, Cell, Column, Folded, Paragraph, Table
from tunewright.report.numbers import count, decimals_for
from tunewright.report.plots import strip, strip_axis
from tunewright.report.words import Words


def column_blocks(column: Json, words: Words, *, least: int) -> Iterator[Block]:
    """One column: its gaps, what was refused, and each group's own figures."""
    large = sum(n >= least for n in column["sizes"].values())
    yield Paragraph(
        text=words(
            "bias.gaps.column", column=column["column"], groups=count(large), least=count(least),
            without=count(column["without_group"]),
        )
    )  # fmt: skip
    yield _gap_table(column, words)
    if small := lines.refused(column["gaps"], words):
        yield Paragraph(text=words("bias.gaps.refused", list=small), tone="quiet")
    if figures := list(_figure_tables(column, words)):
        yield Folded(summary=words("bias.gaps.figures"), blocks=tuple(figures))


def _gap_table(column: Json, words: Words) -> Table:
    found = lines.gap_lines(column, words)
    numbers = any(gap["label"] is None and gap["measure"] != "accuracy" for gap in column["gaps"])
    scale = from_zero([one.bounds for one in found if one.bounds])
    rows = tuple(
        (
            Cell(text=one.measure, note=one.means),
            strip(*one.bounds, scale=scale, label=f"{one.measure}: {one.figure}", tone="model" if one.is_shown else "")
            if one.bounds
            else "",
            Cell(text=one.figure, tone="" if one.bounds else "quiet"),
            one.ratio or "–",
            one.largest,
            one.smallest,
            Cell(text=one.verdict, note="" if one.test == "–" else one.test, tone="model" if one.is_shown else ""),
        )
        for one in found
    )
    return Table(
        caption=words("bias.gaps.caption", column=column["column"]),
        columns=(
            Column(title=words("bias.column.what")), Column(title=strip_axis(scale=scale), kind="strip"),
            Column(title=words("bias.column.gap"), kind="number"),
            Column(title=words("bias.column.ratio"), kind="number", narrow=False),
            Column(title=words("bias.column.largest"), narrow=False),
            Column(title=words("bias.column.smallest"), narrow=False), Column(title=words("bias.column.verdict"), kind="tag"),
        ),
        rows=rows, note=words("bias.gaps.note_numbers" if numbers else "bias.gaps.note"),
    )  # fmt: skip


def _figure_tables(column: Json, words: Words) -> Iterator[Table]:
    """A table for each measure and label that has figures: the groups below each other."""
    shown: set[tuple[str, str]] = set()
    for gap in column["gaps"]:
        by, label = lines.scale_of(gap["measure"]), gap["label"] or ""
        for name, figures in gap["figures"].items():
            if not figures or (name, label) in shown:
                continue
            shown.add((name, label))
            title = words.find(f"bias.figure.{name}", label=label) or name
            decimals = 1 if by == 100 else decimals_for(*(figure["value"] for figure in figures))
            rows = tuple(
                (
                    figure["group"],
                    words.interval(
                        by * figure["value"], None if figure["low"] is None else by * figure["low"],
                        None if figure["high"] is None else by * figure["high"], decimals=decimals,
                    ),
                    count(figure["n"]),
                )
                for figure in figures
            )  # fmt: skip
            columns = (
                Column(title=words("bias.column.group")), Column(title=title, kind="number"),
                Column(title=words("bias.column.rows"), kind="number"),
            )  # fmt: skip
            yield Table(caption=f"{title} {label}".strip(), columns=columns, rows=rows, show_caption=False)


def from_zero(bounds: Sequence[tuple[float, float | None, float | None]]) -> tuple[float, float]:
    """A scale for strips from 0 to a little more than the largest end."""
    most = max((high if high is not None else value for value, _, high in bounds), default=1.0)
    return 0.0, max(1.05 * most, 1e-9)

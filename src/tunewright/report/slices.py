"""Slices as blocks of a page or a screen: those that are shown to be worse first, then what else looks weak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Column, Paragraph, Table
from tunewright.report.numbers import count, p_value, scale
from tunewright.report.plots import strip, strip_axis
from tunewright.report.words import Words

Json = Mapping[str, Any]

UNPROVEN = 5
"""Slices that look weaker without being shown to be, which are listed all the same."""


def slice_blocks(found: Json, words: Words, *, units: Mapping[str, str]) -> list[Block]:
    """What `Slices` found, as plain values."""
    slices = found["found"]
    attributes = words("compared.list_comma").join(
        dict.fromkeys(_attribute(words, name) for name in found["attributes"])
    )
    least = count(found["least_rows"])
    if not slices:
        return [Paragraph(text=words("slices.none_large", least=least, attributes=attributes, **units), tone="quiet")]
    worse = [one for one in slices if one["is_worse"]]
    said = words(
        "slices.said", tested=count(len(slices)), least=least, attributes=attributes, n=count(found["n"]), **units
    )
    said += words("slices.worse", worse=count(len(worse))) if worse else words("slices.not_worse")
    higher = bool(found["higher_is_better"])
    weaker = [one for one in slices if not one["is_worse"] and (one["score"] < one["others"]) == higher]
    shown = [*worse, *weaker[:UNPROVEN]]
    blocks: list[Block] = [Paragraph(text=said)]
    if shown:
        blocks.append(_table(found, shown, words))
    return blocks


def _table(found: Json, shown: list[Json], words: Words) -> Table:
    metric = found["metric"]
    by = scale(metric)
    ends = [v * by for one in shown for v in (one["score"], one["others"], one["low"], one["high"]) if v is not None]
    low, high = min(ends), max(ends)
    room = 0.05 * (high - low) or 1.0
    bounds = (max(0.0, low - room), min(100.0, high + room) if by == 100 else high + room)
    name = words.heading("metric", metric)
    return Table(
        caption=words("slices.caption"),
        columns=(
            Column(title=words("slices.slice")), Column(title=strip_axis(scale=bounds), kind="strip"),
            Column(title=words("systems.percent", metric=name) if by == 100 else name, kind="number"),
            Column(title=words("slices.others"), kind="number"), Column(title="n", kind="number"),
            Column(title=words("column.test"), kind="number", narrow=False),
        ),
        rows=tuple(_row(one, metric, bounds, words) for one in shown), note=words("slices.note"),
    )  # fmt: skip


def _row(one: Json, metric: str, bounds: tuple[float, float], words: Words) -> tuple[Cell | Markup | str, ...]:
    by = scale(metric)
    name, text = slice_name(one, words), words.metric(metric, one["score"], one["low"], one["high"])
    low, high = (None if end is None else end * by for end in (one["low"], one["high"]))
    tone: Literal["", "wrong"] = "wrong" if one["is_worse"] else ""
    drawn = strip(
        one["score"] * by, low, high, scale=bounds, label=f"{name.striptags()}: {text}", tone=tone,
        others=(one["others"] * by,),
    )  # fmt: skip
    verdict = words("slices.shown" if one["is_worse"] else "slices.not_shown")
    return (
        Cell(text=name, note=_note(one, words)), drawn, Cell(text=text, tone=tone),
        words.metric(metric, one["others"], None, None), count(one["n"]),
        Cell(text=p_value(one["p_adjusted"]), note=verdict),
    )  # fmt: skip


def slice_name(one: Json, words: Words) -> Markup:
    """`length 28–61`, `language: German`, `channel: mail`."""
    attribute, value = one["attribute"], one["value"]
    if attribute.startswith("column:"):
        return words("slices.of_column", column=attribute.removeprefix("column:"), value=value)
    if attribute == "cluster":
        return words("slices.of.cluster", value=count(int(value) + 1))
    known = words.find(f"slices.value.{attribute}.{value}") or words.find(f"value.{value}")
    return words(f"slices.of.{attribute}", value=value if known is None else known)


def _note(one: Json, words: Words) -> Markup | str:
    return words("slices.typical", words=one["label"]) if one.get("label") else ""


def _attribute(words: Words, name: str) -> str:
    if name.startswith("column:"):
        return words("compared.quoted", name=name.removeprefix("column:"))
    return str(words.name("slices.by", name))

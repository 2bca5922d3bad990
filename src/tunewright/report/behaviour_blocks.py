"""Behaviour tests as blocks of a page or a screen: which fail and how often, which can't be run and why, what moves answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Column, Paragraph, Table
from tunewright.report.numbers import count, fixed
from tunewright.report.plots import strip, strip_axis
from tunewright.report.words import Words

Json = Mapping[str, Any]

LONGEST = 90
"""Characters of a text that are shown of an example."""
BEFORE = 30
"""Of these, in front of the first character that differs."""
OFTEN = 0.05
"""A test that is shown to fail more often than this is marked."""


def behaviour_blocks(found: Json, words: Words) -> list[Block]:
    """Both parts as one section of a report."""
    return [*tests_of(found, words), *changes_of(found, words)]


def tests_of(found: Json, words: Words) -> Iterator[Block]:
    """The tests of the suite, those that fail most first, and those that can't be run."""
    run, not_run = parted(found["tests"])
    if run:
        yield _table(run, words, caption=words("behaviour.tests"), name=_test_name)
    if not_run:
        yield Table(
            caption=words("behaviour.not_run"),
            columns=(Column(title=words("behaviour.test")), Column(title=words("behaviour.why"))),
            rows=tuple((one["name"], _reason(one, words)) for one in not_run),
        )


def changes_of(found: Json, words: Words) -> Iterator[Block]:
    """The ways of changing a text, those that move most answers first."""
    run, not_run = parted(found["changes"])
    if run:
        yield Paragraph(text=words("behaviour.changes_said"))
        yield _table(run, words, caption=words("behaviour.changes"), name=_change_name)
    if not_run:
        names = words("data.list_comma").join(words.name("behaviour.change", one["name"]) for one in not_run)
        yield Paragraph(text=words("behaviour.no_change", changes=names), tone="quiet")


def parted(outcomes: list[Json]) -> tuple[list[Json], list[Json]]:
    """Those that were run, the worst first, and those that were not."""
    run = sorted((one for one in outcomes if one["rate"] is not None), key=lambda one: -one["rate"])
    return run, [one for one in outcomes if one["rate"] is None]


def _table(run: list[Json], words: Words, *, caption: Markup, name: Callable[[Json, Words], Cell]) -> Table:
    return Table(
        caption=caption,
        columns=(
            Column(title=words("behaviour.test")), Column(title=strip_axis(scale=(0.0, 100.0)), kind="strip"),
            Column(title=words("behaviour.rate"), kind="number"), Column(title="n", kind="number"),
            Column(title=words("behaviour.example"), narrow=False),
        ),
        rows=tuple(_row(one, words, name(one, words)) for one in run),
    )  # fmt: skip


def _row(one: Json, words: Words, name: Cell) -> tuple[Any, ...]:
    bounds = [100 * one[key] for key in ("rate", "low", "high")]
    figure = words.interval(*bounds, decimals=1)
    often = one["low"] > OFTEN
    drawn = strip(*bounds, scale=(0.0, 100.0), label=f"{name.text}: {figure}", tone="wrong" if often else "")
    return (
        name, drawn, Cell(text=figure, tone="wrong" if often else ""), count(one["cases"]),
        Cell(text=_example(one["failures"][0], words), tone="quiet") if one["failures"] else "",
    )  # fmt: skip


def _test_name(one: Json, words: Words) -> Cell:
    kind = words.name("behaviour.kind", one["kind"])
    return Cell(text=one["name"], note=f"{one['capability']}, {kind}" if one["capability"] else kind)


def _change_name(one: Json, words: Words) -> Cell:
    return Cell(
        text=words.heading("behaviour.change", one["name"]),
        note=words.find(f"behaviour.change_note.{one['name']}") or "",
    )


def _example(failure: Json, words: Words) -> Markup:
    text, original = failure["text"], failure["original"]
    start = 0 if original is None else max(0, _first_difference(text, original) - BEFORE)
    said = [words("behaviour.said", text=_cut(text, start), answer=_answer(failure["answer"], failure["score"]))]
    if original is not None:
        first = _answer(failure["original_answer"], failure["original_score"])
        said.insert(0, words("behaviour.said", text=_cut(original, start), answer=first))
    return Markup("; ").join(said)


def _answer(answer: Any, score: float | None) -> str:
    return _in_words(answer) if score is None else fixed(score, 2)


def _first_difference(text: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))


def _cut(text: str, start: int) -> str:
    end = start + LONGEST
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _reason(one: Json, words: Words) -> Markup:
    return words(f"behaviour.reason.{one['reason']}", detail=one["detail"])


def _in_words(answer: Any) -> str:
    if isinstance(answer, list):
        return ", ".join(answer) or "∅"
    return fixed(answer, 2) if isinstance(answer, float) else str(answer)

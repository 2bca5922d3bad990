"""Scores side by side, the tests that decide, and what the seeds do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Column, Paragraph, Table
from tunewright.report.compared.context import Compared, Json
from tunewright.report.numbers import count, p_value, scale
from tunewright.report.plots import strip, strip_axis

SEEDS_SHOWN = 12
"""Seeds of one recipe that are listed."""
BY_SEEDS = "t_over_seeds_and_rows"


def sides(compared: Compared) -> Iterator[Block]:
    """Every recipe by every metric, the best first."""
    words = compared.words
    for place, metric in enumerate(compared.found["metrics"]):
        bounds, last = _bounds(compared, metric), place == len(compared.found["metrics"]) - 1
        yield Table(
            caption=compared.metric(metric),
            columns=(
                Column(title=words("column.system")), Column(title=strip_axis(scale=bounds), kind="strip"),
                Column(title=compared.column(metric), kind="number"), Column(title="n", kind="number", narrow=False),
            ),
            rows=tuple(_side(compared, recipe, metric, bounds) for recipe in _ordered(compared, metric)),
            note=words("compared.sides_note", level=compared.level) if last else "",
        )  # fmt: skip


def tests(compared: Compared) -> Iterator[Block]:
    """Every pair by every metric, and what the tests are about."""
    words, found = compared.words, compared.found
    for metric in found["metrics"]:
        of = [c for c in found["comparisons"] if c["metric"] == metric]
        yield Table(
            caption=words("compared.tests_caption", metric=compared.metric(metric)),
            columns=(
                Column(title=words("column.against")), Column(title=words("column.difference"), kind="number"),
                Column(title=words("column.test"), kind="number", narrow=False),
                Column(title="n", kind="number", narrow=False), Column(title=words("column.verdict")),
            ),
            rows=tuple(_tested(compared, c) for c in of),
        )  # fmt: skip
        if compared.several and any(c["method"] != BY_SEEDS for c in of):
            by_rows = any(compared.over_seeds(r, metric)["seed_deviation"] is not None for r in compared.recipes)
            key = "compared.tests_few" if by_rows else "compared.tests_not_rows"
            yield Paragraph(text=words(key, metric=compared.metric(metric)), tone="quiet")
    about = words("compared.tests_note", level=compared.level)
    if not compared.several:
        about += " " + words("compared.tests_rows")
    elif any(c["method"] == BY_SEEDS for c in found["comparisons"]):
        about += " " + words("compared.tests_seeds")
    yield Paragraph(text=about, tone="quiet")


def seeds(compared: Compared) -> Iterator[Block]:
    """Each seed's score, and the two variances."""
    if not compared.several:
        return
    words, metric = compared.words, compared.main
    rows: list[tuple[Cell | str | Markup, ...]] = []
    for recipe in compared.recipes:
        if len(recipe["runs"]) == 1:
            continue
        score = compared.over_seeds(recipe, metric)
        for run, value in list(zip(recipe["runs"], score["values"], strict=True))[:SEEDS_SHOWN]:
            name, seed = compared.runs[run]["name"], compared.runs[run]["seed"]
            rows.append((name, "–" if seed is None else str(seed), compared.value_text(metric, value), "", ""))
        rows.append((
            Cell(text=words("compared.column.mean"), tone="model"), "",
            Cell(text=compared.score_text(recipe, metric), tone="model"),
            compared.deviation_text(metric, score["seed_deviation"]),
            compared.deviation_text(metric, score["test_deviation"]),
        ))  # fmt: skip
    yield Table(
        caption=compared.metric(metric), show_caption=False,
        columns=(
            Column(title=words("compared.column.run")), Column(title=words("compared.column.seed"), kind="number"),
            Column(title=compared.column(metric), kind="number"),
            Column(title=words("compared.column.seed_deviation"), kind="number"),
            Column(title=words("compared.column.test_deviation"), kind="number", narrow=False),
        ),
        rows=tuple(rows), note=words("compared.seeds_note", n=count(compared.found["n"]), **compared.units),
    )  # fmt: skip
    if any(len(recipe["runs"]) == 2 for recipe in compared.recipes):
        yield Paragraph(text=words("compared.seeds_two"), tone="quiet")


def _side(
    compared: Compared, recipe: Json, metric: str, bounds: tuple[float, float]
) -> tuple[Cell | Markup | str, ...]:
    score, by = compared.score(recipe, metric), scale(metric)
    text = compared.score_text(recipe, metric)
    tone: Literal["", "model"] = "model" if recipe["name"] == compared.found["best"] else ""
    value, low, high = (None if score[end] is None else score[end] * by for end in ("value", "low", "high"))
    seeds = [v * by for v in compared.over_seeds(recipe, metric)["values"] if v is not None]
    drawn = "" if value is None else strip(
        value, low, high, scale=bounds, label=f"{recipe['name']}: {text}", tone=tone,
        others=seeds if len(seeds) > 1 else (),
    )  # fmt: skip
    return (
        Cell(text=recipe["name"], note=_note(compared, recipe), tone=tone), drawn, Cell(text=text, tone=tone),
        count(score["n"]),
    )  # fmt: skip


def _note(compared: Compared, recipe: Json) -> Markup:
    """What kind of system it is, and how many seeds it has."""
    system, seeds = compared.chosen_run(recipe)["system"], len(recipe["runs"])
    parts = [compared.words.name("system", system)] if system != "model" else []
    parts += [compared.words("compared.of_seeds", n=seeds)] if seeds > 1 else []
    return Markup(" · ").join(parts)


def _tested(compared: Compared, c: Json) -> tuple[Cell | Markup | str, ...]:
    words = compared.words
    verdict = Cell(text=words("paired.no_difference_shown"))
    if c["verdict"] != "no_difference_shown":
        winner = c["system_a"] if c["verdict"] == "a_better" else c["system_b"]
        verdict = Cell(text=words("compared.better", name=winner), tone="model")
    p = "–" if c["p_adjusted"] is None else p_value(c["p_adjusted"])
    return (
        words("compared.pair", a=c["system_a"], b=c["system_b"]), compared.difference_text(c),
        Cell(text=p, note=words.name("method", c["method"])),
        Cell(text=count(c["n"]), note=words("systems.changed", n=count(c["n_changed"]))), verdict,
    )  # fmt: skip


def _ordered(compared: Compared, metric: str) -> list[Json]:
    sign = -1.0 if compared.found["higher_is_better"][metric] else 1.0

    def place(recipe: Json) -> float:
        value = compared.score(recipe, metric)["value"]
        return float("inf") if value is None else sign * float(value)

    return sorted(compared.recipes, key=place)


def _bounds(compared: Compared, metric: str) -> tuple[float, float]:
    """What a strip must hold: every score, its interval and every seed."""
    by = scale(metric)
    seen = chain.from_iterable(
        (score["value"], score["low"], score["high"], *compared.over_seeds(recipe, metric)["values"])
        for recipe in compared.recipes
        for score in (compared.score(recipe, metric),)
    )
    values = [float(v) * by for v in seen if v is not None] or [0.0]
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    if by == 100:
        return max(0.0, low - room), min(100.0, high + room)
    return (max(0.0, low - room) if low >= 0 else low - room), high + room

"""How the model was made: what was decided and why, what it cost against the forecast, the recipe, the machine."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Cell, Code, Column, Facts, Folded, Section, Table
from tunewright.report.context import Context
from tunewright.report.numbers import count, fixed

Row = tuple[Any, Any]


def making(context: Context) -> Section:
    """Decisions open; recipe, forecast and environment behind a line each."""
    run, words = context.run, context.words
    blocks: list[Block] = []
    if run.lacks(run.folder.plan):
        blocks.append(context.missing(run.folder.plan, what="decisions"))
    else:
        blocks.extend(_model(context))
        blocks.extend(_decisions(context))
    if run.lacks(run.folder.forecast):
        blocks.append(context.missing(run.folder.forecast, what="forecast"))
    else:
        blocks.extend(_forecast(context))
    if run.lacks(run.folder.recipe):
        blocks.append(context.missing(run.folder.recipe, what="recipe"))
    else:
        blocks.append(Folded(summary=words("making.recipe"), blocks=(Code(text=_recipe(context)),)))
    if run.lacks(run.folder.environment):
        blocks.append(context.missing(run.folder.environment, what="environment"))
    else:
        facts = Facts(rows=tuple(_flat(run.environment)))
        blocks.append(Folded(summary=words("making.environment"), blocks=(facts,)))
    if run.finished:
        proof = Facts(rows=tuple(_flat(run.finished)))
        blocks.append(Folded(summary=words("making.proof"), blocks=(proof,)))
    return context.section("making", blocks)


def _model(context: Context) -> list[Block]:
    words = context.words
    model = context.run.plan.get("model") or {}
    if not model:
        return []
    rows: list[Row] = []
    for key in ("name", "revision", "license", "parameters", "language", "digest", "size_bytes"):
        value = model.get(key)
        if value is None or value == "":
            continue
        if key in ("parameters", "size_bytes") and isinstance(value, int | float):
            value = f"{fixed(value / 1e6, 1)} M" if key == "parameters" else f"{fixed(value / 1e6, 1)} MB"
        rows.append((words.name("model", key), context.file_name(value) if key == "name" else _plain(value)))
    return [Facts(rows=tuple(rows))]


def _decisions(context: Context) -> list[Block]:
    words = context.words
    decisions = [d for d in context.run.plan.get("decisions") or () if isinstance(d, dict)]
    if not decisions:
        return []
    rows = []
    for decision in decisions:
        what = str(decision.get("what"))
        rows.append(
            (
                Cell(text=words.heading("decision", what)),
                Cell(text=_decided(context, decision.get("value")), note=_why(context, decision)),
                Cell(text=words.pick(decision.get("overrule")), tone="quiet"),
            )
        )
    return [
        Table(
            caption=words("making.decisions"),
            columns=(
                Column(title=words("column.what")), Column(title=words("column.decided")),
                Column(title=words("column.overrule"), narrow=False),
            ),
            rows=tuple(rows),
        )
    ]  # fmt: skip


def _recipe(context: Context) -> str:
    """The recipe as it stands; in a private report without the folder in which the data lie."""
    recipe, source = context.run.recipe, context.source
    return recipe.replace(source, context.file) if context.private and source else recipe


def _decided(context: Context, value: Any) -> str:
    return context.words.decided(value if isinstance(value, str | dict) else _plain(value))


def _why(context: Context, decision: dict[str, Any]) -> str | Markup:
    """The reason as it was given; ours where that is in English only and the page is not, or where it is private."""
    name = "no_model" if (decision.get("what"), decision.get("value")) == ("model", "none") else decision.get("what")
    return context.written(decision.get("why")) or context.words.find(f"why.{name}") or ""


def _forecast(context: Context) -> list[Block]:
    """Forecast against what was used, where both are known."""
    words, forecast = context.words, context.run.forecast
    rows: list[Row] = []
    seconds = forecast.get("seconds")
    if isinstance(seconds, int | float):
        said = words.duration(seconds)
        bounds = [forecast.get("seconds_low"), forecast.get("seconds_high")]
        if all(isinstance(bound, int | float) for bound in bounds):
            low, high = (words.duration(float(bound or 0)) for bound in bounds)
            said = str(words("making.time_span", value=said, low=low, high=high))
        used = sum(float(step.get("seconds") or 0) for step in context.run.steps("step"))
        rows.append((words("making.time"), words("making.against", forecast=said, used=words.duration(used))
                     if used else said))  # fmt: skip
    memory = forecast.get("peak_memory_gigabytes")
    if isinstance(memory, int | float):
        rows.append((words("making.memory"), f"{memory:.1f} GB"))
    for key in ("examples_per_second", "num_steps"):
        if isinstance(forecast.get(key), int | float):
            rows.append((words(f"making.{key}"), count(forecast[key])))
    shown = rows or list(_flat(forecast))
    return [Folded(summary=words("making.forecast"), blocks=(Facts(rows=tuple(shown)),))] if shown else []


def _flat(value: dict[str, Any], prefix: str = "") -> list[Row]:
    """Nested names and values as one list: `python.version`, `3.12.4`."""
    rows: list[Row] = []
    for key, inner in value.items():
        if isinstance(inner, dict):
            rows.extend(_flat(inner, f"{prefix}{key}."))
        elif inner is not None:
            rows.append((f"{prefix}{key}", _plain(inner)))
    return rows


def _plain(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)
    return str(value) if isinstance(value, int) else f"{value:.6g}"

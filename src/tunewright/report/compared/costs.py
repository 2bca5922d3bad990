"""What each recipe costs to run and to make, and how the recipes differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Block, Column, Paragraph, Table
from tunewright.report.compared.context import Compared, Json
from tunewright.report.numbers import count, megabytes, milliseconds


def cost_of(compared: Compared, recipe: Json) -> Json:
    """Of the run that speaks for the recipe: as measured here where that was done, else as the run has it."""
    run = compared.chosen_run(recipe)
    here = (compared.found["measured"] or {}).get("runs", {}).get(run["name"])
    stored = {name: run[name] for name in ("megabytes", "training_seconds", "milliseconds_per_row")}
    return stored | {"memory_megabytes": None} | (here or {})


def costs(compared: Compared) -> Iterator[Block]:
    """Time, size, memory, training."""
    words, measured = compared.words, compared.found["measured"]
    rows = []
    for recipe in compared.recipes:
        cost = cost_of(compared, recipe)
        rows.append((
            recipe["name"], _shown(cost["milliseconds_per_row"], milliseconds), _shown(cost["megabytes"], megabytes),
            _shown(cost["memory_megabytes"], megabytes), _shown(cost["training_seconds"], words.duration),
        ))  # fmt: skip
    note = words("compared.costs_note")
    if measured:
        rounds, num = measured["rounds"], count(measured["rows"])
        note = words("compared.costs_measured", rounds=rounds, rows=num, **compared.units)
    titles = ("time", "size", "memory", "training")
    yield Table(
        caption=words("compared.title_costs"), show_caption=False, note=note, rows=tuple(rows),
        columns=(
            Column(title=words("column.system")),
            *(Column(title=words(f"compared.column.{name}"), kind="number") for name in titles),
        ),
    )  # fmt: skip


def settings(compared: Compared) -> Iterator[Block]:
    """Where the recipes differ, and nothing else."""
    words, recipes = compared.words, compared.recipes
    keys = list(recipes[0]["settings"])
    if not keys:
        yield Paragraph(text=words("compared.settings_none"), tone="quiet")
        return
    rows = tuple(
        (Markup("<code>{}</code>").format(key), *(_setting(compared, key, r["settings"][key]) for r in recipes))
        for key in keys
    )
    yield Table(
        caption=words("compared.title_settings"), show_caption=False, rows=rows, note=words("compared.settings_note"),
        columns=(Column(title=words("compared.column.setting")), *(Column(title=r["name"]) for r in recipes)),
    )  # fmt: skip


def _shown(value: float | None, write: Any) -> str:
    return "–" if value is None else str(write(value))


def _setting(compared: Compared, key: str, value: Any) -> str | Markup:
    if value is None:
        return "–"
    if key == "system":
        return compared.words.name("system", str(value))
    if key in ("data.path", "model.path"):
        return PurePath(str(value).replace("\\", "/")).name
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

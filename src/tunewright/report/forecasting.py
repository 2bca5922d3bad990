"""A forecast as it is shown: how long, how much memory, does it fit, and what to change where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Column, Section, Table
from tunewright.report.numbers import count, fixed
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]


def forecast_view(forecast: Json, words: Words) -> View:
    """The view of what `forecast_recipe` gives."""
    file = PurePath(str(forecast["source"]).replace("\\", "/")).name
    return View(
        title=words("forecast.page_title", file=file), file=file,
        verdict=Verdict(
            headline=_headline(forecast, words), sentences=tuple(_sentences(forecast, words)),
            basis=words("forecast.basis", model=forecast["model"], steps=count(forecast["time"]["measured_steps"])),
        ),
        sections=(
            Section(anchor="memory", title=words("forecast.title_memory"), blocks=(_memory(forecast, words),)),
            Section(anchor="tried", title=words("forecast.title_tried"), blocks=(_tried(forecast, words),)),
        ),
    )  # fmt: skip


def _headline(forecast: Json, words: Words) -> Markup:
    time, card = forecast["time"], forecast["card"]
    if card:
        return words("forecast.headline_card", memory=words.inline(f"{fixed(card['memory']['bytes'], 1)} GB"))
    return words(
        "forecast.headline", time=words.inline(words.duration(time["seconds"])),
        memory=words.inline(f"{fixed(forecast['memory']['process']['bytes'], 1)} GB"),
    )  # fmt: skip


def _sentences(forecast: Json, words: Words) -> Iterator[Markup]:
    time, card = forecast["time"], forecast["card"]
    yield words(
        "forecast.time", low=words.duration(time["seconds_low"]), high=words.duration(time["seconds_high"]),
        steps=count(time["num_steps"]),
    )  # fmt: skip
    limit = fixed(forecast["limit"], 1)
    key = "forecast.fits" if forecast["fits"] else "forecast.fits_not"
    yield words(f"{key}_card" if card else key, limit=limit, size=card["size"] if card else "")
    if proposal := forecast["proposal"]:
        settings = Markup(" ").join(Markup("<code>--set {}</code>").format(one) for one in proposal["overrides"])
        yield words("forecast.proposal", settings=settings, memory=_range(proposal["memory"], words))
    else:
        yield words("forecast.no_proposal")


def _memory(forecast: Json, words: Words) -> Table:
    memory, parts, disk = forecast["memory"], forecast["parts"], forecast["disk"]
    rows = [
        ("training", _range(memory["training"], words)), ("evaluation", _range(memory["evaluation"], words)),
        ("generation", None if memory["generation"] is None else fixed(memory["generation"], 2)),
        ("before", fixed(memory["before"], 2)), ("process", _range(memory["process"], words)),
        *((name, None if value is None else fixed(value, 3)) for name, value in parts.items()),
        ("card", _range(forecast["card"]["memory"], words) if forecast["card"] else None),
        ("disk_training", fixed(disk["training"], 2)), ("disk_afterwards", fixed(disk["afterwards"], 2)),
    ]  # fmt: skip
    return Table(
        caption=words("forecast.memory"), note=words("forecast.memory_note"),
        columns=(Column(title=words("forecast.what")), Column(title="GB", kind="number")),
        rows=tuple((words(f"forecast.row_{name}"), value) for name, value in rows if value is not None),
    )  # fmt: skip


def _tried(forecast: Json, words: Words) -> Table:
    columns = tuple(
        Column(title=words(f"forecast.{name}"), kind="number") for name in ("tokens", "length", "peak", "kept")
    )
    rows = tuple(
        (count(one["tokens"]), count(one["length"]), fixed(one["peak"], 3), fixed(one["kept"], 3))
        for one in forecast["tried"]
    )
    largest = forecast["largest"]
    note = words("forecast.tried_note", tokens=count(largest["tokens"]), length=count(largest["length"]))
    return Table(caption=words("forecast.tried"), columns=columns, rows=rows, note=note)


def _range(estimate: Json, words: Words) -> str:
    return words.interval(estimate["bytes"], estimate["low"], estimate["high"], decimals=2)

"""Behaviour as it is shown by itself, on a terminal and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from tunewright.report.behaviour_blocks import OFTEN, changes_of, parted, tests_of
from tunewright.report.blocks import Section
from tunewright.report.numbers import count, fixed
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]


def behaviour_view(found: Json, words: Words) -> View:
    """The view of `Behaviour.to_json`."""
    sections = (("tests", tests_of(found, words)), ("changes", changes_of(found, words)))
    model = str(found["model"]).replace("\\", "/").rstrip("/").removesuffix("/model").rpartition("/")[2]
    return View(
        title=words("behaviour.page_title", model=model), file=found["suite"] or found["file"] or "",
        verdict=Verdict(
            headline=_headline(found, words), sentences=tuple(_sentences(found, words)),
            basis=words("behaviour.basis", level=fixed(100 * found["level"], 0)),
        ),
        sections=tuple(
            Section(anchor=name, title=words(f"behaviour.title_{name}"), blocks=tuple(blocks))
            for name, blocks in sections if found[name]
        ),
    )  # fmt: skip


def _headline(found: Json, words: Words) -> Markup:
    run, _ = parted(found["tests"])
    if run:
        often = sum(one["low"] > OFTEN for one in run)
        return words("behaviour.headline", n=count(len(run)), often=count(often), limit=fixed(100 * OFTEN, 0))
    changed, _ = parted(found["changes"])
    if not changed:
        return words("behaviour.nothing")
    worst = changed[0]
    name = words.name("behaviour.change", worst["name"])
    return words("behaviour.headline_changes", change=name, figure=_of_hundred(worst, words))


def _sentences(found: Json, words: Words) -> Iterator[Markup]:
    run, not_run = parted(found["tests"])
    if run and run[0]["failed"]:
        yield words("behaviour.worst", name=run[0]["name"], figure=_of_hundred(run[0], words))
    if run and (clean := sum(not one["failed"] for one in run)):
        yield words("behaviour.clean", n=count(clean))
    if not_run:
        yield words("behaviour.num_not_run", n=count(len(not_run)))


def _of_hundred(one: Json, words: Words) -> Markup:
    return words.inline(words.interval(*(100 * one[key] for key in ("rate", "low", "high")), decimals=1))

"""An improvement as it is shown: what the evidence names as a recipe diff, what came of trying it, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Column, Section, Table
from tunewright.report.numbers import count, fixed, metric_decimals, scale
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]


def improving_view(found: Json, words: Words) -> View:
    """The view of what `plan_improvement` or `improve` gives."""
    file = PurePath(str(found["source"]).replace("\\", "/")).name
    sections = []
    if found["actions"]:
        sections.append(Section(anchor="actions", title=words("improve.actions"), blocks=(_actions(found, words),)))
    if found.get("tries"):
        sections.append(Section(anchor="tries", title=words("improve.tries"), blocks=(_tries(found, words),)))
    return View(
        title=words("improve.page_title", file=file), file=file, sections=tuple(sections),
        verdict=Verdict(
            headline=_headline(found, words), sentences=tuple(_sentences(found, words)), basis=words("improve.basis")
        ),
    )  # fmt: skip


def _headline(found: Json, words: Words) -> Markup:
    if found.get("outcome"):
        return words(f"improve.headline_{found['outcome']}", kept=str(found["kept"]))
    key = "planned" if found["actions"] else "nothing_named"
    return words(f"improve.headline_{key}", count=count(len(found["actions"])))


def _sentences(found: Json, words: Words) -> Iterator[Markup]:
    if not found["actions"] or found.get("outcome") in ("not_shown", "nothing_named", "not_on_test"):
        yield words("improve.otherwise", folder=str(found["folder"]))
    if found.get("test"):
        test = found["test"]
        yield words(
            "improve.test", metric=words.name("metric", found["metric"]), rows=count(test["n"]),
            difference=_difference(found, test, words), verdict=words(f"improve.verdict_{test['verdict']}"),
        )  # fmt: skip


def _actions(found: Json, words: Words) -> Table:
    rows = tuple(
        (
            "; ".join(f"{change['key']}: {_plain(change['old'])} → {_plain(change['new'])}" for change in action["changes"]),
            words.pick(action["why"]), fixed(100 * action["promise"], 1),
        )
        for action in found["actions"]
    )  # fmt: skip
    return Table(
        caption=words("improve.actions_said"), note=words("improve.promise_note"), rows=rows,
        columns=(
            Column(title=words("improve.change")), Column(title=words("improve.why")),
            Column(title=words("improve.promise"), kind="number"),
        ),
    )  # fmt: skip


def _tries(found: Json, words: Words) -> Table:
    rows = tuple(
        (
            "; ".join(f"{change['key']} → {_plain(change['new'])}" for change in one["changes"]),
            _difference(found, one["comparison"], words),
            count(one["comparison"]["n_changed"]),
            words(f"improve.verdict_{one['comparison']['verdict']}"),
        )
        for one in found["tries"]
    )
    return Table(
        caption=words("improve.tries_said", rows=count(found["validation_rows"])), rows=rows,
        columns=(
            Column(title=words("improve.change")), Column(title=words.heading("metric", found["metric"]), kind="number"),
            Column(title=words("improve.changed"), kind="number"), Column(title=words("improve.verdict")),
        ),
    )  # fmt: skip


def _difference(found: Json, comparison: Json, words: Words) -> str:
    """`+1.2 (-0.3–2.1)`, in points where the metric is in percent."""
    by, value = scale(found["metric"]), comparison["difference"] or 0.0
    decimals = metric_decimals(found["metric"], by * value)
    sign = "+" if value > 0 else ""
    if comparison["low"] is None:
        return sign + fixed(by * value, decimals)
    return sign + words.interval(by * value, by * comparison["low"], by * comparison["high"], decimals=decimals)


def _plain(value: Any) -> str:
    return "null" if value is None else str(value)

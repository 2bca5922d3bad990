"""A learning curve as it is shown: what more labels would bring, or why that can't be said, with the points and the law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from markupsafe import Markup

from tunewright.report.blocks import Column, Figure, Figures, Section, Table
from tunewright.report.numbers import count, fixed, metric_decimals, scale
from tunewright.report.plots import Line, lines
from tunewright.report.sections.verdict import Verdict
from tunewright.report.view import View
from tunewright.report.words import Words

Json = Mapping[str, Any]
_DRAWN = 40
"""Points of the law in the picture."""


def curve_view(curve: Json, words: Words) -> View:
    """The view of a learning curve as curve.json has it."""
    file = PurePath(str(curve["source"]).replace("\\", "/")).name
    return View(
        title=words("curve.page_title", file=file), file=file,
        verdict=Verdict(
            headline=_headline(curve, words), sentences=tuple(_sentences(curve, words)),
            basis=words(
                "curve.basis", rows=count(curve["validation_rows"]),
                repeats=count(max(point["repeat"] for point in curve["points"])),
            ),
        ),
        sections=(Section(anchor="curve", title=words("curve.title"), blocks=(_points(curve, words), _picture(curve, words))),),
    )  # fmt: skip


def _headline(curve: Json, words: Words) -> Markup:
    if curve["refusal"]:
        return words("curve.headline_refused")
    if not curve["gains"]:
        return words("curve.headline_far")
    gain = curve["gains"][0]
    return words("curve.headline", more=count(gain["more"]), gain=words.inline(_gain(curve, gain, words)))


def _sentences(curve: Json, words: Words) -> Iterator[Markup]:
    largest = max(point["rows"] for point in curve["points"])
    metric = words.name("metric", curve["metric"])
    if curve["refusal"]:
        yield words(f"curve.refused_{curve['refusal']}", metric=metric)
        return
    for gain in curve["gains"][1:]:
        yield words("curve.gain", more=count(gain["more"]), gain=words.inline(_gain(curve, gain, words)))
    far = [number for number in curve["asked"] if largest + number > 2 * largest]
    if far:
        yield words(
            "curve.far", more=words("data.list_comma").join(count(number) for number in far), rows=count(largest)
        )
    if curve["fitted_from"] > min(point["rows"] for point in curve["points"]):
        yield words("curve.from", rows=count(curve["fitted_from"]))
    rest = [scale(curve["metric"]) * end for end in curve["rest_range"]]
    low, high = (fixed(end, metric_decimals(curve["metric"], *rest)) for end in rest)
    yield words("curve.law", metric=metric, low=low, high=high)


def _gain(curve: Json, gain: Json, words: Words) -> str:
    """`+1.2 (0.3–2.1)`, in points where the metric is in percent; for an error, how much smaller it gets."""
    by, sign = scale(curve["metric"]), 1 if curve["higher_is_better"] else -1
    ends = sorted(sign * by * gain[end] for end in ("low", "high"))
    value = sign * by * gain["value"]
    shown = words.interval(value, *ends, decimals=metric_decimals(curve["metric"], value, *ends))
    return f"+{shown}" if value > 0 else shown


def _points(curve: Json, words: Words) -> Table:
    metric = curve["metric"]
    columns = (
        Column(title=words("curve.labels"), kind="number"), Column(title=words("curve.repeat"), kind="number"),
        Column(title=words.heading("metric", metric), kind="number"), Column(title=words("search.took"), kind="number"),
    )  # fmt: skip
    rows = tuple(
        (
            count(point["rows"]), count(point["repeat"]),
            words.metric(metric, point["value"], point["low"], point["high"]), words.duration(point["seconds"]),
        )
        for point in sorted(curve["points"], key=lambda point: (point["rows"], point["repeat"]))
    )  # fmt: skip
    return Table(caption=words("curve.points"), columns=columns, rows=rows, note=words("curve.points_note"))


def _picture(curve: Json, words: Words) -> Figures:
    by_size: dict[int, list[float]] = {}
    for point in curve["points"]:
        by_size.setdefault(point["rows"], []).append(point["value"])
    measured = tuple((float(rows), sum(values) / len(values)) for rows, values in sorted(by_size.items()))
    drawn = [Line(name=words("curve.measured"), points=measured, tone="quiet", dots=True)]
    if curve["law"] and not curve["refusal"]:
        law, sign = curve["law"], -1 if curve["higher_is_better"] else 1
        start, end = float(curve["fitted_from"]), 2 * measured[-1][0]
        sizes = [start + (end - start) * i / _DRAWN for i in range(_DRAWN + 1)]
        fitted = tuple(
            (size, curve["best"] + sign * (law["rest"] + law["scale"] * size ** -law["exponent"])) for size in sizes
        )
        drawn.append(Line(name=words("curve.fitted"), points=fitted))
    title, said = words("curve.picture"), words("curve.picture_said")
    svg = lines(
        drawn, x_label=words("curve.labels"), y_label=words.heading("metric", curve["metric"]), title=title,
        description=said, y_by=scale(curve["metric"]),
    )  # fmt: skip
    return Figures(figures=(Figure(svg=svg, title=title, caption=said),))

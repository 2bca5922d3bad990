"""Whether "90% sure" means right nine times of ten, and what can be left to the machine because of it."""

from __future__ import annotations

from typing import Any

from tunewright.report.answers import confidences
from tunewright.report.blocks import Block, Cell, Column, Figure, Figures, Paragraph, Section, Table
from tunewright.report.context import Context
from tunewright.report.numbers import count, fixed
from tunewright.report.plots import bar, confidence_histogram, reliability
from tunewright.report.plots.reliability import Bin
from tunewright.report.sections.doubt import possible_answers, risk_figures


def confidence(context: Context) -> Section | None:
    """Automation first, since that is what it is for; then reliability before and after, and the confidences."""
    run = context.run
    if run.kind in ("regression", "text", "spans"):
        return None
    if run.lacks(run.folder.evidence):
        return context.section("confidence", [context.missing(run.folder.evidence, what="calibration")])
    blocks: list[Block] = []
    if run.evidence.get("automation"):
        blocks.append(_automation(context, run.evidence["automation"]))
    blocks.extend(possible_answers(context))
    calibration = run.evidence.get("calibration")
    if calibration:
        blocks.append(_calibration_said(context, calibration))
    figures = (*_reliability(context, calibration or {}), *risk_figures(context), *_confidences(context))
    if figures:
        blocks.append(Figures(figures=figures))
    if not blocks:
        blocks.append(Paragraph(text=context.words("confidence.none"), tone="missing"))
    return context.section("confidence", blocks)


def _automation(context: Context, rows: list[dict[str, Any]]) -> Table:
    words = context.words
    body = tuple(
        (
            words("confidence.wanted", wanted=fixed(100 * row["wanted"], 0)),
            bar(row["share"] or 0.0, label=f"{fixed(100 * (row['share'] or 0.0), 0)}%", tone="model"),
            f"{fixed(100 * (row['share'] or 0.0), 0)}%",
            Cell(text=words.metric("precision", row["precision"], row.get("low"), row.get("high")),
                 note=words.find(f"confidence.reached.{row.get('reached')}") or "")
            if row.get("precision") is not None else "–",
            f"{fixed(100 * row['threshold'], 1)}%" if row.get("threshold") is not None else "–",
            count(row["n"]) if row.get("n") is not None else "–",
        )
        for row in sorted(rows, key=lambda r: r["wanted"])
    )  # fmt: skip
    return Table(
        caption=words("confidence.automation", **context.units),
        columns=(
            Column(title=words("confidence.if_wanted")),
            Column(title="", kind="strip"),
            Column(title=words("confidence.share"), kind="number"),
            Column(title=words("confidence.measured"), kind="number"),
            Column(title=words("confidence.threshold"), kind="number", narrow=False),
            Column(title="n", kind="number", narrow=False),
        ),
        rows=body,
        note=words("confidence.automation_note"),
    )


def _calibration_said(context: Context, calibration: dict[str, Any]) -> Paragraph:
    words = context.words
    before, after = calibration.get("before") or {}, calibration.get("after") or {}
    text = words("confidence.why")
    temperature = calibration.get("temperature")
    scaling = calibration.get("scaling")
    if scaling in ("vector", "isotonic"):
        text += words(f"confidence.{scaling}")
    elif isinstance(temperature, int | float):
        key = "confidence.cooled" if temperature > 1.02 else "confidence.warmed" if temperature < 0.98 else None
        text += words(key or "confidence.honest", temperature=fixed(temperature, 2))
    for metric in ("ece_debiased" if "ece_debiased" in after else "ece", "brier"):
        was, now = _figure(context, before.get(metric)), _figure(context, after.get(metric))
        if was and now:
            text += words("confidence.before_after", metric=context.metric(metric, alone=True), before=was, after=now)
    others = [one for one in calibration.get("tried") or () if one["name"] not in ("temperature", scaling)]
    if others:
        names = words("data.list_comma").join(words(f"scaling.{one['name']}") for one in others)
        text += words("confidence.tried", names=names)
    return Paragraph(text=text)


def _figure(context: Context, value: Any) -> str:
    """A number, or `{value, low, high}` with its interval; empty where there is none."""
    parts = value if isinstance(value, dict) else {"value": value}
    if parts.get("value") is None:
        return ""
    return context.words.inline(context.words.interval(parts["value"], parts.get("low"), parts.get("high"), decimals=3))


def _reliability(context: Context, calibration: dict[str, Any]) -> list[Figure]:
    words = context.words
    figures = []
    for when in ("before", "after"):
        bins = [
            Bin(confidence=float(b["confidence"]), accuracy=float(b["accuracy"]), n=int(b["n"]),
                low=b.get("band_low"), high=b.get("band_high"))
            for b in calibration.get(f"reliability_{when}") or () if b.get("n")
        ]  # fmt: skip
        if not bins:
            continue
        title = words(f"confidence.reliability_{when}")
        n = sum(b.n for b in bins)
        said = words("confidence.reliability_said", n=count(n), **context.units)
        svg = reliability(
            bins, x_label=str(words("axis.confidence")), y_label=str(words("axis.right")),
            ideal=str(words("confidence.ideal")), title=str(title), description=str(said),
            tone="model" if when == "after" else "quiet",
        )  # fmt: skip
        figures.append(Figure(svg=svg, title=title, caption=said, table=_bins_table(context, bins)))
    return figures


def _bins_table(context: Context, bins: list[Bin]) -> Table:
    words = context.words
    rows = []
    for b in bins:
        bounds = [None if v is None else 100 * v for v in (b.low, b.high)]
        right = words.interval(100 * b.accuracy, bounds[0], bounds[1], decimals=1)
        rows.append((fixed(100 * b.confidence, 1), right, count(b.n)))
    return Table(
        caption=words("confidence.bins"),
        columns=(
            Column(title=words("axis.confidence"), kind="number"),
            Column(title=words("axis.right"), kind="number"),
            Column(title="n", kind="number"),
        ),
        rows=tuple(rows),
        show_caption=False,
    )


def _confidences(context: Context) -> list[Figure]:
    words = context.words
    found = confidences(context.run, system=context.main_system or "model", labels=context.labels)
    if found is None:
        return []
    title = words("confidence.distribution")
    key = "confidence.distribution_labels" if context.run.kind == "multi_label" else "confidence.distribution_said"
    said = words(key, n=count(found.n), right=count(sum(found.right)), wrong=count(sum(found.wrong)),
                 **context.units)  # fmt: skip
    svg = confidence_histogram(
        found.edges, found.right, found.wrong,
        above_name=str(words("confidence.right_answers")), below_name=str(words("confidence.wrong_answers")),
        x_label=str(words("axis.confidence")), y_label=str(words("axis.share")),
        title=str(title), description=str(said),
    )  # fmt: skip
    return [Figure(svg=svg, title=title, caption=said)]

"""How the training went: loss, the validation score that chose the weights, speed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from tunewright.core.events import Event
from tunewright.report.blocks import Block, Figure, Figures, Folded, Paragraph, Section
from tunewright.report.context import Context
from tunewright.report.numbers import count, metric_decimals, scale
from tunewright.report.plots import Line, lines

Points = tuple[tuple[float, float], ...]


def training(context: Context) -> Section:
    """Two curves that everybody reads, two more for engineers behind a line."""
    run, words = context.run, context.words
    if run.lacks(run.folder.events):
        return context.section("training", [context.missing(run.folder.events, what="training")])
    steps, evaluated = run.steps("step"), run.steps("evaluated")
    if not steps:
        return context.section("training", [Paragraph(text=words("training.none"), tone="missing")])
    blocks: list[Block] = [Paragraph(text=_said(context, steps, evaluated))]
    blocks.append(
        Figures(figures=tuple(f for f in (_loss(context, steps, evaluated), _metric(context, evaluated)) if f))
    )
    inner = [_plain(context, steps, name) for name in ("learning_rate", "gradient_norm")]
    if any(inner):
        figures = Figures(figures=tuple(figure for figure in inner if figure))
        blocks.append(Folded(summary=words("training.more"), blocks=(figures,)))
    return context.section("training", blocks)


def _said(context: Context, steps: Sequence[Event], evaluated: Sequence[Event]) -> Markup:
    """Steps, epochs, examples, time, the best evaluation, and why it ended."""
    words, run = context.words, context.run
    seconds = sum(float(step.get("seconds") or 0.0) for step in steps)
    examples = sum(int(step.get("examples") or 0) for step in steps)
    text = words(
        "training.said", steps=count(len(steps)), examples=count(examples), time=words.duration(seconds),
        rate=count(examples / seconds) if seconds else "–",
    )  # fmt: skip
    best = _best(evaluated)
    if best and best.get("metric"):
        value = float(best["value"])
        by = scale(best["metric"])
        shown = f"{value * by:.{metric_decimals(best['metric'], value * by)}f}"
        name = context.metric(best["metric"])
        text += words("training.best", metric=name, value=shown, step=count(best["step"]))
    if run.steps("stopped_early"):
        text += words("training.stopped_early")
    if (run.evidence.get("trained") or {}).get("refit_on_all"):
        text += words("training.refit")
    attempts = max((event["attempt"] for event in run.events), default=1)
    if attempts > 1:
        text += words("training.resumed", times=attempts - 1)
    return text


def _best(evaluated: Sequence[Event]) -> Event | None:
    return next((event for event in reversed(evaluated) if event.get("best")), None)


def _loss(context: Context, steps: Sequence[Event], evaluated: Sequence[Event]) -> Figure | None:
    words = context.words
    train = _points(steps, "loss")
    held_out = _points(evaluated, "loss")
    if len(train) < 2:
        return None
    curves = [Line(name=str(words("training.train_loss")), points=_smooth(train), tone="quiet")]
    if held_out:
        curves.append(
            Line(name=str(words("training.validation_loss")), points=held_out, tone="model", dots=len(held_out) <= 40)
        )
    title, said = words("training.loss"), words("training.loss_said", steps=2 * _half_window(train) + 1)
    svg = lines(curves, x_label=str(words("axis.step")), y_label=str(words("axis.loss")), title=str(title),
                description=str(said))  # fmt: skip
    return Figure(svg=svg, title=title, caption=said)


def _metric(context: Context, evaluated: Sequence[Event]) -> Figure | None:
    words = context.words
    points = _points(evaluated, "value")
    if len(points) < 2:
        return None
    metric = str(evaluated[-1].get("metric") or context.primary_metric)
    name = context.metric(metric)
    best, by = _best(evaluated), scale(metric)
    mark = None
    if best:
        value = float(best["value"])
        label = words("training.kept", value=f"{value * by:.{metric_decimals(metric, value * by)}f}")
        mark = (float(best["step"]), value, str(label))
    title = words("training.metric", metric=name)
    said = words("training.metric_said", n=count(len(points)))
    y_label = words("systems.percent", metric=name) if by == 100 else name
    svg = lines(
        [Line(name="", points=points, dots=len(points) <= 40)], x_label=str(words("axis.step")),
        y_label=str(y_label), title=str(title), description=str(said), mark=mark, y_by=by,
    )  # fmt: skip
    return Figure(svg=svg, title=title, caption=said)


def _plain(context: Context, steps: Sequence[Event], name: str) -> Figure | None:
    points = _points(steps, name)
    if len(points) < 2:
        return None
    title = context.words(f"training.{name}")
    said = context.words(f"training.{name}_said")
    svg = lines([Line(name="", points=points)], x_label=str(context.words("axis.step")),
                y_label=str(title), title=str(title), description=str(said))  # fmt: skip
    return Figure(svg=svg, title=title, caption=said)


def _points(events: Sequence[Event], name: str) -> Points:
    found = ((event.get("step"), event.get(name)) for event in events)
    return tuple(
        (float(step), float(value)) for step, value in found
        if isinstance(step, int | float) and isinstance(value, int | float) and math.isfinite(value)
    )  # fmt: skip


def _half_window(points: Points) -> int:
    return max(1, len(points) // 80)


def _smooth(points: Points) -> Points:
    """A running mean over a fortieth of the run: single steps are noise, and the curve says so in its caption."""
    half = _half_window(points)
    total = [0.0]
    for _, y in points:
        total.append(total[-1] + y)
    smoothed = []
    for i, (x, _) in enumerate(points):
        left, right = max(0, i - half), min(len(points), i + half + 1)
        smoothed.append((x, (total[right] - total[left]) / (right - left)))
    return tuple(smoothed)

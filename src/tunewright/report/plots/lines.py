"""Curves over steps: thin lines named at their ends, the chosen point marked and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunewright.report.plots.svg import WIDTH, Frame, Scale, drawing, element, path, text, ticks

HEIGHT = 232
MAX_POINTS = 240


@dataclass(frozen=True, kw_only=True)
class Line:
    """One curve with its name, drawn in the tone of the style sheet; `dots` marks each point."""

    name: str
    points: tuple[tuple[float, float], ...]
    tone: str = "model"
    dots: bool = False


def lines(
    curves: Sequence[Line], *, x_label: str, y_label: str, title: str, description: str,
    mark: tuple[float, float, str] | None = None, y_by: float = 1.0,
) -> Markup:  # fmt: skip
    """Curves in one frame; `mark` is a point with the words beside it, `y_by` scales the labels (100: percent)."""
    xs = [x for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    low, high = _with_room(min(ys), max(ys))
    frame = Frame(x=Scale(min(0.0, *xs), max(xs), 44, WIDTH - 14), y=Scale(low, high, HEIGHT - 42, 34))
    parts = [
        frame.axes(
            x_ticks=ticks(frame.x.low, frame.x.high), y_ticks=ticks(low, high), x_label=x_label, y_label=y_label,
            y_by=y_by,
        )
    ]  # fmt: skip
    for curve in curves:
        placed = [(frame.x(x), frame.y(y)) for x, y in thin(curve.points)]
        parts.append(path(placed, class_=f"curve {curve.tone}"))
        if curve.dots:
            parts.extend(element("circle", cx=x, cy=y, r=2.6, class_=f"point {curve.tone}") for x, y in placed)
    parts.extend(_names(curves, frame))
    if mark:
        parts.append(_mark(frame, mark))
    return drawing(*parts, height=HEIGHT, title=title, description=description)


def thin(points: Sequence[tuple[float, float]], *, most: int = MAX_POINTS) -> list[tuple[float, float]]:
    """At most `most` points: neighbours are averaged, so that a long run draws a calm line and a small page."""
    if len(points) <= most:
        return list(points)
    size = -(-len(points) // most)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def _with_room(low: float, high: float) -> tuple[float, float]:
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    return (max(0.0, low - room) if low >= 0 else low - room), high + room


def _names(curves: Sequence[Line], frame: Frame) -> list[Markup]:
    """The topmost line's name above its end, the others' below theirs: so they keep clear of the lines between."""
    named = sorted((curve for curve in curves if curve.name and curve.points), key=lambda c: -c.points[-1][1])
    names = []
    for i, curve in enumerate(named):
        y = frame.y(curve.points[-1][1]) + (-8 if i == 0 else 18)
        y = min(y, frame.y.start - 5)
        names.append(text(frame.x.end, y, curve.name, anchor="end", class_=f"name {curve.tone}"))
    return names


def _mark(frame: Frame, mark: tuple[float, float, str]) -> Markup:
    x, y = frame.x(mark[0]), frame.y(mark[1])
    left = x > (frame.x.start + frame.x.end) / 2
    high = y - 11 > frame.y.end + 4
    label = text(
        x + (4 if left else -4), y - 11 if high else y + 21, mark[2], anchor="end" if left else "start", class_="name"
    )
    return element("g", element("circle", cx=x, cy=y, r=5, class_="mark"), label)

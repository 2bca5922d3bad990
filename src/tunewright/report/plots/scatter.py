"""Named points over two quantities, the better ones joined by a line: what more of one costs of the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunewright.report.plots.svg import (
    WIDTH,
    Frame,
    LogScale,
    Scale,
    cut,
    drawing,
    element,
    log_ticks,
    path,
    text,
    text_width,
    ticks,
)

HEIGHT = 300


@dataclass(frozen=True, kw_only=True)
class Point:
    """One point with its name; `low` and `high` are the ends of its interval upwards."""

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    stands_out: bool = False


def scatter(
    points: Sequence[Point], *, x_label: str, y_label: str, title: str, description: str, y_by: float = 1.0
) -> Markup:
    """Points over a logarithmic x; those that stand out are joined, and drawn in the tone of the model."""
    xs = [point.x for point in points]
    ys = [y for point in points for y in (point.y, point.low, point.high) if y is not None]
    room = 0.06 * (max(ys) - min(ys)) or 0.05 * abs(max(ys)) or 1.0
    frame = Frame(
        x=LogScale(min(xs) / 1.4, max(xs) * 1.4, 44, WIDTH - 14),
        y=Scale(min(ys) - room, max(ys) + room, HEIGHT - 42, 34),
    )
    parts = [
        frame.axes(
            x_ticks=log_ticks(frame.x.low, frame.x.high), y_ticks=ticks(frame.y.low, frame.y.high), x_label=x_label,
            y_label=y_label, y_by=y_by,
        )
    ]  # fmt: skip
    front = sorted((point.x, point.y) for point in points if point.stands_out)
    parts.append(path([(frame.x(x), frame.y(y)) for x, y in front], class_="ideal"))
    parts.extend(_drawn(point, frame) for point in sorted(points, key=lambda one: one.stands_out))
    return drawing(*parts, height=HEIGHT, title=title, description=description)


def _drawn(point: Point, frame: Frame) -> Markup:
    x, y, tone = frame.x(point.x), frame.y(point.y), "model" if point.stands_out else "quiet"
    parts = []
    if point.low is not None and point.high is not None:
        parts.append(element("line", x1=x, x2=x, y1=frame.y(point.low), y2=frame.y(point.high), class_="whisker"))
    parts.append(element("circle", cx=x, cy=y, r=4.5, class_=f"point {tone}"))
    # The name stands where there is more room, and is cut to it.
    goes_left = x > (frame.x.start + frame.x.end) / 2
    room = (x - frame.x.start if goes_left else frame.x.end - x) - 10
    name = cut(point.name, max(room, text_width("xxxxxx")))
    parts.append(text(x + (-8 if goes_left else 8), y + 4, name, anchor="end" if goes_left else "start",
                      class_=f"name {tone}"))  # fmt: skip
    return element("g", *parts)

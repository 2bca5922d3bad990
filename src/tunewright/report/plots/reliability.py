"""Reliability: how sure it said it was against how often it was right, with the band that chance alone would give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunewright.report.plots.svg import WIDTH, Frame, Scale, area, drawing, element, path, text

HEIGHT = 310
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Answers of about one confidence: how sure, how often right, how many, and the interval of the latter."""

    confidence: float
    accuracy: float
    n: int
    low: float | None
    high: float | None


def reliability(
    bins: Sequence[Bin], *, x_label: str, y_label: str, ideal: str, title: str, description: str, tone: str = "model"
) -> Markup:
    """Dots with bars on the diagonal of a perfectly honest model; the area of a dot is its share of the answers."""
    frame = Frame(x=Scale(0, 1, 44, WIDTH - 14), y=Scale(0, 1, HEIGHT - 42, 34))
    parts = [
        frame.axes(x_ticks=_TICKS, y_ticks=_TICKS, x_label=x_label, y_label=y_label, x_by=100, y_by=100),
        path([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))], class_="ideal"),
        _along(frame, ideal),
    ]
    total = sum(b.n for b in bins) or 1
    seen = [b for b in bins if b.n]
    banded = [b for b in seen if b.low is not None and b.high is not None]
    if len(banded) > 1:
        parts.append(
            area(
                [(frame.x(b.confidence), frame.y(b.high or 0.0)) for b in banded],
                [(frame.x(b.confidence), frame.y(b.low or 0.0)) for b in banded],
                class_=f"band {tone}",
            )
        )
    parts.append(path([(frame.x(b.confidence), frame.y(b.accuracy)) for b in seen], class_=f"curve {tone}"))
    for b in seen:
        radius = 2.5 + 7.0 * (b.n / total) ** 0.5
        parts.append(
            element("circle", cx=frame.x(b.confidence), cy=frame.y(b.accuracy), r=radius, class_=f"point {tone}")
        )
    return drawing(*parts, height=HEIGHT, title=title, description=description)


def _along(frame: Frame, ideal: str) -> Markup:
    """The diagonal's name, written along it."""
    rise, run = frame.y.start - frame.y.end, frame.x.end - frame.x.start
    x, y = frame.x(0.06), frame.y(0.06)
    turn = f"rotate({-math.degrees(math.atan2(rise, run)):.1f} {x:.1f} {y:.1f})"
    return text(x, y - 9, ideal, class_="name quiet", transform=turn)

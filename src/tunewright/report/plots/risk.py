"""How right the answers are, the more of them are given: the surest ones first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunewright.report.plots.svg import WIDTH, Frame, Scale, area, drawing, element, path, text, ticks

HEIGHT = 290


@dataclass(frozen=True, kw_only=True)
class Given:
    """If a share of the rows is answered: how many of those answers are right, and the interval of that."""

    share: float
    right: float
    low: float | None
    high: float | None


def risk(points: Sequence[Given], *, x_label: str, y_label: str, whole: str, title: str, description: str) -> Markup:
    """A falling line with its band; `whole` names the level that it falls to when all rows are answered."""
    lowest = min(point.right if point.low is None else point.low for point in points)
    bottom = max(0.0, lowest - 0.03)
    frame = Frame(x=Scale(0, 1, 44, WIDTH - 14), y=Scale(bottom, 1, HEIGHT - 42, 34))
    level = frame.y(points[-1].right)
    parts = [
        frame.axes(
            x_ticks=(0.0, 0.25, 0.5, 0.75, 1.0), y_ticks=ticks(bottom, 1.0), x_label=x_label, y_label=y_label, x_by=100,
            y_by=100,
        ),
        element("line", x1=frame.x.start, x2=frame.x.end, y1=level, y2=level, class_="ideal"),
        text(frame.x.start + 4, level + 14, whole, class_="name quiet"),
    ]  # fmt: skip
    banded = [
        (point.share, point.low, point.high) for point in points if point.low is not None and point.high is not None
    ]
    if len(banded) > 1:
        parts.append(
            area(
                [(frame.x(share), frame.y(high)) for share, _, high in banded],
                [(frame.x(share), frame.y(low)) for share, low, _ in banded],
                class_="band model",
            )
        )
    placed = [(frame.x(point.share), frame.y(point.right)) for point in points]
    parts.append(path(placed, class_="curve model"))
    parts += [element("circle", cx=x, cy=y, r=2.6, class_="point model") for x, y in placed]
    return drawing(*parts, height=HEIGHT, title=title, description=description)

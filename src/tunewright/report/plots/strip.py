"""A value with its interval on a line: one row of a table, as wide as the column, so that rows compare at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunewright.report.plots.svg import Scale, element, text, ticks

HEIGHT = 24


def strip(
    value: float, low: float | None, high: float | None, *, scale: tuple[float, float], label: str, tone: str = "",
    others: Sequence[float] = (),
) -> Markup:  # fmt: skip
    """A dot with a bar from low to high on a scale from `scale[0]` to `scale[1]`; `others` are small rings."""
    x = Scale(*scale, 2.0, 98.0)
    middle = HEIGHT / 2
    parts = [element("line", x1=f"{x(tick):.2f}%", x2=f"{x(tick):.2f}%", y1=0, y2=HEIGHT, class_="grid")
             for tick in _ticks(scale)]  # fmt: skip
    if low is not None and high is not None:
        left, right = (min(100.0, max(0.0, x(bound))) for bound in (low, high))
        parts.append(element("line", x1=f"{left:.2f}%", x2=f"{right:.2f}%", y1=middle, y2=middle, class_="whisker"))
    parts.append(element("circle", cx=f"{x(value):.2f}%", cy=middle, r=4.5, class_="dot"))
    parts += [element("circle", cx=f"{x(one):.2f}%", cy=middle, r=2.5, class_="one") for one in others]
    return element("svg", *parts, class_=f"strip {tone}".strip(), height=HEIGHT, role="img", aria_label=label)


def strip_axis(*, scale: tuple[float, float]) -> Markup:
    """The ticks that stand above a column of strips. Spoken by nobody: the numbers stand in the next column."""
    x = Scale(*scale, 2.0, 98.0)
    marks = [text(f"{x(tick):.2f}%", 12, f"{tick:g}".replace("-", "−"), anchor="middle", class_="tick")
             for tick in _ticks(scale)]  # fmt: skip
    return element("svg", *marks, class_="strip axis", height=16, aria_hidden="true")


def bar(share: float, *, label: str, tone: str = "") -> Markup:
    """A bar as long as a share between 0 and 1."""
    width = f"{100 * min(1.0, max(0.0, share)):.2f}%"
    return element(
        "svg", element("rect", x=0, y=7, width=width, height=10, class_="bar"), class_=f"strip {tone}".strip(),
        height=HEIGHT, role="img", aria_label=label,
    )  # fmt: skip


def _ticks(scale: tuple[float, float]) -> list[float]:
    return ticks(*scale, wanted=5)

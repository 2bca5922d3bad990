"""The little SVG writer under all plots: escaped elements, axes with round ticks, text cut to a width.

Plots carry classes and no colours: the style sheet gives them, so that light, dark and print are one drawing. They are
drawn about as wide as a phone, so that their letters are as large there as they are meant to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tunewright.core.text import is_cjk
from tunewright.report.numbers import fixed

WIDTH = 380
"""Units a drawing is wide; one unit is about one pixel."""
EM = 12.0
"""Height of the letters in the same units."""

Number = float | int | str


def element(name: str, *children: str, **attributes: Number | None) -> Markup:
    """An element; `class_` is `class`, underscores become hyphens, numbers are shortened, all values are escaped."""
    inside = Markup("").join(children)
    pairs = Markup("").join(
        Markup(' {}="{}"').format(_attribute_name(key), _short(value))
        for key, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), pairs, inside)


def drawing(*children: str, height: float, title: str, description: str, width: float = WIDTH) -> Markup:
    """A whole picture with the name and description that a screen reader speaks."""
    return element(
        "svg",
        element("title", escape(title)),
        element("desc", escape(description)),
        *children,
        viewBox=f"0 0 {_short(width)} {_short(height)}",
        width=width,
        role="img",
        aria_label=f"{title}. {description}",
        class_="plot",
    )


def text(x: Number, y: Number, value: str, *, anchor: str = "start", class_: str = "", **more: Number) -> Markup:
    """Text at its baseline."""
    return element("text", escape(value), x=x, y=y, text_anchor=anchor, class_=class_ or None, **more)


def path(points: Sequence[tuple[float, float]], *, class_: str) -> Markup:
    """A line through points."""
    steps = " ".join(f"{'M' if i == 0 else 'L'}{_short(x)} {_short(y)}" for i, (x, y) in enumerate(points))
    return element("path", d=steps, class_=class_, fill="none")


def area(upper: Sequence[tuple[float, float]], lower: Sequence[tuple[float, float]], *, class_: str) -> Markup:
    """A filled band between two lines."""
    around = [*upper, *reversed(lower)]
    return element("polygon", points=" ".join(f"{_short(x)},{_short(y)}" for x, y in around), class_=class_)


@dataclass(frozen=True)
class Scale:
    """A straight mapping from values to units of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value stands."""
        share = (value - self.low) / (self.high - self.low or 1.0)
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True)
class LogScale:
    """A mapping from positive values to units of the drawing in which equal ratios are equally long."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value stands."""
        return Scale(math.log(self.low), math.log(self.high), self.start, self.end)(math.log(value))


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The place of a plot between its axes, with a scale each way."""

    x: Scale | LogScale
    y: Scale

    def axes(
        self, *, x_ticks: Sequence[float], y_ticks: Sequence[float], x_label: str, y_label: str,
        x_by: float = 1.0, y_by: float = 1.0, x_unit: str = "",
    ) -> Markup:  # fmt: skip
        """Thin horizontal lines with their values, ticks below, and the names of both axes; `by` scales the labels."""
        parts = []
        decimals = tick_decimals([tick * y_by for tick in y_ticks])
        for tick in y_ticks:
            y = self.y(tick)
            parts.append(element("line", x1=self.x.start, x2=self.x.end, y1=y, y2=y, class_="grid"))
            parts.append(text(self.x.start - 6, y + 4, fixed(tick * y_by, decimals), anchor="end", class_="tick"))
        decimals = tick_decimals([tick * x_by for tick in x_ticks])
        for tick in x_ticks:
            parts.append(text(self.x(tick), self.y.start + 17, fixed(tick * x_by, decimals) + x_unit, anchor="middle",
                              class_="tick"))  # fmt: skip
        parts.append(element("line", x1=self.x.start, x2=self.x.end, y1=self.y.start, y2=self.y.start, class_="axis"))
        parts.append(text(self.x.end, self.y.start + 34, x_label, anchor="end", class_="label"))
        parts.append(text(2, self.y.end - 12, y_label, class_="label"))
        return element("g", *parts)


def ticks(low: float, high: float, *, wanted: int = 4) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten) that lie between the bounds."""
    if not high > low:
        return [low]
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten between the bounds; where they are many, powers alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if len(powers) <= 3 else (1,)
    return [m * 10.0**power for power in powers for m in steps if low <= m * 10.0**power <= high]


def tick_decimals(values: Sequence[float]) -> int:
    """The fewest decimals that tell the ticks apart."""
    return next((d for d in range(6) if all(abs(round(v, d) - v) < 1e-9 * max(1.0, abs(v)) for v in values)), 6)


def text_width(value: str) -> float:
    """About how wide a text is in units: a Chinese character is twice a letter."""
    return sum(EM if is_cjk(char) or ord(char) > 0x2E80 else EM * 0.56 for char in value)


def cut(value: str, width: float) -> str:
    """The text, or as much of it as fits with an ellipsis."""
    value = " ".join(value.split())
    if text_width(value) <= width:
        return value
    while value and text_width(value) + EM * 0.6 > width:
        value = value[:-1]
    return value.rstrip() + "…"


def _attribute_name(key: str) -> str:
    return key if key == "viewBox" else key.rstrip("_").replace("_", "-")


def _short(value: Number) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.2f}".rstrip("0").rstrip(".") if not float(value).is_integer() else str(int(value))

"""True against predicted numbers as a grid of shades: any number of rows makes a drawing of one size."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunewright.report.plots.svg import WIDTH, Frame, Scale, drawing, element, path, text, ticks

HEIGHT = 340


def density(
    counts: Sequence[Sequence[int]], *, low: float, high: float, x_label: str, y_label: str, ideal: str, title: str,
    description: str,
) -> Markup:  # fmt: skip
    """`counts[i][j]`: rows whose true value is in bin i and predicted value in bin j, both from `low` to `high`."""
    frame = Frame(x=Scale(low, high, 44, WIDTH - 14), y=Scale(low, high, HEIGHT - 42, 34))
    size = len(counts)
    most = max((value for row in counts for value in row), default=0) or 1
    wide, tall = (frame.x.end - frame.x.start) / size, (frame.y.start - frame.y.end) / size
    round_values = ticks(low, high)
    parts = [frame.axes(x_ticks=round_values, y_ticks=round_values, x_label=x_label, y_label=y_label)]
    for i, row in enumerate(counts):
        for j, value in enumerate(row):
            if value:
                parts.append(
                    element(
                        "rect", x=frame.x.start + i * wide + 0.4, y=frame.y.start - (j + 1) * tall + 0.4,
                        width=wide - 0.8, height=tall - 0.8, class_="fill right",
                        fill_opacity=0.15 + 0.85 * (value / most) ** 0.5,
                    )
                )  # fmt: skip
    parts.append(path([(frame.x(low), frame.y(low)), (frame.x(high), frame.y(high))], class_="ideal"))
    parts.append(text(frame.x.end - 4, frame.y.end - 6, ideal, anchor="end", class_="name quiet"))
    return drawing(*parts, height=HEIGHT, title=title, description=description)

"""How sure the model was: right answers above the line, wrong ones below, named where they stand."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunewright.report.numbers import fixed
from tunewright.report.plots.svg import WIDTH, Scale, drawing, element, text

HEIGHT = 310


def confidence_histogram(
    edges: Sequence[float], above: Sequence[int], below: Sequence[int], *, above_name: str, below_name: str,
    x_label: str, y_label: str, title: str, description: str, by: float = 100.0,
) -> Markup:  # fmt: skip
    """Two counts per bin, drawn up and down as shares of all; one scale for both, so that areas compare."""
    total = sum(above) + sum(below) or 1
    x = Scale(edges[0], edges[-1], 44, WIDTH - 14)
    most_up, most_down = max(above, default=0) / total, max(below, default=0) / total
    # The two sides share the height by what they hold, but the smaller keeps room for its name.
    reach = HEIGHT - 42 - 40
    unit = reach / max(1e-9, most_up + max(most_down, 0.16 * most_up))
    zero = 40 + most_up * unit
    parts = [text(2, 14, y_label, class_="label")]
    for i, (up, down) in enumerate(zip(above, below, strict=True)):
        left, right = x(edges[i]), x(edges[i + 1])
        for value, tone in ((up, "right"), (down, "wrong")):
            if value:
                height = max(0.75, value / total * unit)
                parts.append(
                    element(
                        "rect", x=left + 0.75, y=zero - height if tone == "right" else zero, width=right - left - 1.5,
                        height=height, class_=f"fill {tone}",
                    )
                )  # fmt: skip
    parts.append(element("line", x1=x.start, x2=x.end, y1=zero, y2=zero, class_="axis"))
    for share in (most_up, 0.0):
        parts.append(text(x.start - 6, zero - share * unit + 4, fixed(100 * share, 0), anchor="end", class_="tick"))
    quarters = [edges[0] + (edges[-1] - edges[0]) * k / 4 for k in range(5)]
    parts.extend(text(x(q), HEIGHT - 25, fixed(by * q, 0), anchor="middle", class_="tick") for q in quarters)
    parts.append(text(x.end, HEIGHT - 8, x_label, anchor="end", class_="label"))
    parts.append(text(x.start + 4, zero - 8, above_name, class_="name right"))
    parts.append(text(x.start + 4, zero + 17, below_name, class_="name wrong"))
    return drawing(*parts, height=HEIGHT, title=title, description=description)

"""The confusion matrix: rows are what was right, columns what was answered; the diagonal is calm, mistakes are not."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunewright.report.numbers import count
from tunewright.report.plots.svg import EM, cut, drawing, element, text, text_width

MAX_CLASSES = 12
"""Above this many classes the commonest confusions are a list instead: cells would be too small to read."""


def confusion(
    labels: Sequence[str], matrix: Sequence[Sequence[int]], *, gold: str, prediction: str, title: str, description: str
) -> Markup:
    """Counts in cells, shaded by their share of the row. Column names stand upright where they fit, else slanted."""
    size = len(labels)
    widest = max(text_width(label) for label in labels)
    left = min(140.0, max(64.0, widest + 12))
    cell = max(28.0, min(58.0, (380 - left) / size))
    width = left + size * cell + 2
    slanted = widest > cell - 4
    reach = min(124.0, widest)
    top = reach * 0.72 + 22 if slanted else 44.0
    parts = [
        text(left - 8, top - 26, prediction + " →", anchor="end", class_="label"),
        text(left - 8, top - 8, gold + " ↓", anchor="end", class_="label"),
    ]
    for i, label in enumerate(labels):
        x, y = left + i * cell, top + i * cell
        parts.append(text(left - 8, y + cell / 2 + 4, cut(label, left - 8), anchor="end", class_="tick"))
        parts.append(_column_name(cut(label, reach if slanted else cell), x + cell / 2, top - 8, slanted=slanted))
        parts.extend(_row(matrix[i], i, left=left, y=y, cell=cell))
    room = reach * 0.7 if slanted else 0.0
    return drawing(*parts, width=width + room, height=top + size * cell + 2, title=title, description=description)


def _row(row: Sequence[int], index: int, *, left: float, y: float, cell: float) -> list[Markup]:
    total = sum(row) or 1
    parts = []
    for j, value in enumerate(row):
        x, share = left + j * cell, value / total
        tone = "right" if j == index else "wrong"
        shade = 0.03 + 0.82 * share**0.75
        parts.append(
            element(
                "rect", x=x + 0.75, y=y + 0.75, width=cell - 1.5, height=cell - 1.5, rx=2,
                class_=f"cell {tone}" if value else "cell none", fill_opacity=shade if value else None,
            )
        )  # fmt: skip
        if value:
            on = " on" if share > 0.5 else ""
            small = " small" if len(count(value)) * EM * 0.6 > cell - 6 else ""
            parts.append(
                text(x + cell / 2, y + cell / 2 + 4, count(value), anchor="middle", class_=f"count{on}{small}")
            )
    return parts


def _column_name(label: str, x: float, y: float, *, slanted: bool) -> Markup:
    if not slanted:
        return text(x, y, label, anchor="middle", class_="tick")
    return text(x, y, label, class_="tick", transform=f"rotate(-45 {x:.1f} {y:.1f})")

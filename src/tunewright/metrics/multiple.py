"""Many tests at once: p-values adjusted so that one false alarm among them all stays as unlikely as it was for one."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values adjusted for their number (Holm 1979), in their order; None stays None and counts for nothing."""
    tested = sorted((p_value, index) for index, p_value in enumerate(p_values) if p_value is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    running = 0.0
    for place, (p_value, index) in enumerate(tested):
        running = max(running, min(1.0, (len(tested) - place) * p_value))
        adjusted[index] = running
    return adjusted

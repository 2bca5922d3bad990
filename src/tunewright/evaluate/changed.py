"""The rows that two systems answer differently, with both answers side by side: what a difference of two scores is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tunewright.evaluate.calibrate import confidence_of
from tunewright.evaluate.compare import aligned, changed
from tunewright.evaluate.predictions import Predictions
from tunewright.evaluate.row_values import right
from tunewright.metrics.metric import Floats

Change = Literal["gained", "lost", "other"]
"""Seen from the first system to the second: wrong before and right now (a number: nearer); the reverse; or another
answer that is neither."""


@dataclass(frozen=True, kw_only=True)
class ChangedRow:
    """One row with two answers."""

    row_id: str
    change: Change
    gold: Any
    a: Any
    b: Any
    confidence_a: float | None
    confidence_b: float | None


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All rows whose answers differ, those that moved most first within each kind of change."""

    rows: list[ChangedRow]
    n: int
    """Rows that both have answered."""
    both_right: int | None
    """Rows on which both are right; None for numbers, which are nearer or farther."""
    both_wrong: int | None
    """Rows on which both are wrong, whether in the same way or not."""

    def count(self, change: Change) -> int:
        """How many rows changed so."""
        return sum(row.change == change for row in self.rows)


def changes(a: Predictions, b: Predictions) -> Changes:
    """What changes when system `b` takes the place of `a`. Raises DataError where they have answered different rows."""
    a, b = aligned(a, b)
    gain_N = _nearer(a, b) if a.kind == "regression" else right(b).astype(np.float64) - right(a).astype(np.float64)
    sure_a_N, sure_b_N = _confidence(a), _confidence(b)
    # Of rows that are gained or lost alike, first those of which both were sure: there the two disagree most.
    order = np.lexsort((-np.nan_to_num(np.minimum(sure_a_N, sure_b_N)), -np.abs(gain_N)))
    order = order[changed(a, b)[order]]
    columns = [of.table.column(name).to_pylist() for of, name in ((a, "gold"), (a, "prediction"), (b, "prediction"))]
    ids = a.row_ids
    rows = [
        ChangedRow(
            row_id=ids[i], change="gained" if gain_N[i] > 0 else "lost" if gain_N[i] < 0 else "other",
            gold=columns[0][i], a=columns[1][i], b=columns[2][i], confidence_a=_number(sure_a_N[i]),
            confidence_b=_number(sure_b_N[i]),
        )
        for i in order
    ]  # fmt: skip
    if a.kind == "regression":
        return Changes(rows=rows, n=len(a), both_right=None, both_wrong=None)
    right_a_N, right_b_N = right(a), right(b)
    return Changes(
        rows=rows,
        n=len(a),
        both_right=int((right_a_N & right_b_N).sum()),
        both_wrong=int((~right_a_N & ~right_b_N).sum()),
    )


def _nearer(a: Predictions, b: Predictions) -> Floats:
    """By how much b's number is nearer to the truth."""
    return np.abs(a.gold_value_N - a.prediction_value_N) - np.abs(b.gold_value_N - b.prediction_value_N)


def _confidence(rows: Predictions) -> Floats:
    """Of the answer; NaN for a system that gives none."""
    if rows.kind not in ("single_label", "multi_label") or not rows.has_scores:
        return np.full(len(rows), np.nan)
    return confidence_of(rows)[0]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

"""Answer the sure rows and leave the others to a person: how right the answers are, the more of them are given.

N  rows
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunewright.evaluate.calibrate import confidence_of
from tunewright.evaluate.predictions import Predictions
from tunewright.metrics import intervals


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The rows that are answered if so many are."""

    share: float
    """Of all rows; the surest ones."""
    threshold: float
    """The confidence of the least sure of them."""
    right: float
    """Share of them that is right: one less the risk."""
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, kw_only=True)
class RiskCurve:
    """From the surest rows to all of them."""

    points: list[Answered]
    area: float
    """Mean risk over all shares (AURC, Geifman and El-Yaniv 2017): 0 is best, the error rate what random doubt would give."""
    least_area: float
    """What it would be if every wrong row were less sure than every right one; no confidence can do better."""


def risk_curve(predictions: Predictions, *, points: int = 20, level: float = 0.95) -> RiskCurve | None:
    """The curve over rows with gold, rows of equal confidence answered together; None without scores or rows."""
    rows = predictions.labelled
    if rows.kind not in ("single_label", "multi_label") or not len(rows) or not rows.has_scores:
        return None
    confidence_N, right_N = confidence_of(rows)
    order = np.argsort(-confidence_N, kind="stable")
    confidence_N, right_N = confidence_N[order], np.cumsum(right_N[order])
    n = len(rows)
    answered_N = np.arange(1, n + 1)
    last_of_ties = np.flatnonzero(np.append(confidence_N[1:] < confidence_N[:-1], True))
    wanted = np.unique(np.ceil(np.linspace(n / points, n, points) - 1e-9).astype(int))
    places = np.unique(last_of_ties[np.searchsorted(last_of_ties, wanted - 1)])
    curve = []
    for place in places.tolist():
        right, answered = int(right_N[place]), place + 1
        interval = intervals.wilson(right, answered, level=level)
        curve.append(
            Answered(
                share=answered / n, threshold=float(confidence_N[place]), right=right / answered, low=interval.low,
                high=interval.high, n=answered,
            )
        )  # fmt: skip
    wrong = n - int(right_N[-1])
    # Among rows that are equally sure, the right ones are spread evenly: their order means nothing.
    evenly_N = np.interp(answered_N, [0, *answered_N[last_of_ties]], [0, *right_N[last_of_ties]])
    at_best_N = np.maximum(answered_N - (n - wrong), 0)
    return RiskCurve(
        points=curve, area=float((1 - evenly_N / answered_N).mean()), least_area=float((at_best_N / answered_N).mean())
    )

"""Sets that hold the right answer as often as they say, whatever the model is worth: split conformal prediction.

The validation rows say how low the score of a right answer gets; the set of a new row is every label whose score is not
lower than all but a chosen share of those (Vovk et al. 2005; Sadinle, Lei and Wasserman 2019). If new rows are like the
validation rows, the share of sets that hold the right answer is at least what was asked for, and at most 1 / (n + 1) more.
It says nothing about single classes or texts of another kind.

    one label       the labels that may be right
    several labels  the labels that may be there: all true ones are among them
    a number        from .. to

    N  rows     C  labels
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from tunewright.core.config import Config
from tunewright.evaluate.predictions import Predictions
from tunewright.metrics import Interval, intervals
from tunewright.metrics.metric import Booleans, Floats


class Conformal(Config):
    """What was learned from the validation rows."""

    coverage: float = Field(gt=0, lt=1)
    """The share of new rows whose set is to hold the right answer."""
    rows: int
    """Validation rows it was learned from."""
    threshold: float | None = None
    """Labels with at least this score are in the set; 0 where there were too few rows to leave any out."""
    half_width: float | None = None
    """Of a number: how far the interval reaches to either side; infinite where there were too few rows (then null)."""


@dataclass(frozen=True, kw_only=True)
class ConformalCheck:
    """What the sets do on other rows."""

    wanted: float
    held: float | None
    """Share of rows whose set holds the right answer, or whose interval does."""
    low: float | None
    high: float | None
    n: int
    mean_size: float | None
    """Labels in a set on average; of numbers the width of the interval."""
    single: float | None
    """Share of the sets with one label only: rows that are not in doubt."""
    worst_label: str | None
    """The class whose right answer is held least often, among those with at least `LEAST_ROWS` rows."""
    worst_held: float | None
    worst_n: int | None


LEAST_ROWS = 20


def fit_conformal(validation: Predictions, *, coverage: float) -> Conformal | None:
    """From validation rows with gold; None without scores, or for answers that are texts or spans."""
    rows = validation.labelled
    if rows.kind == "regression":
        errors_N = np.sort(np.abs(rows.gold_value_N - rows.prediction_value_N))
        place = _rank(len(errors_N), coverage)
        width = float(errors_N[place - 1]) if place <= len(errors_N) else None
        return Conformal(coverage=coverage, rows=len(rows), half_width=width)
    if rows.kind not in ("single_label", "multi_label") or not rows.has_scores:
        return None
    lowest_N = np.sort(_lowest_right_score(rows))[::-1]
    place = _rank(len(lowest_N), coverage)
    threshold = float(lowest_N[place - 1]) if place <= len(lowest_N) else 0.0
    return Conformal(coverage=coverage, rows=len(rows), threshold=min(threshold, 1.0))


def possible(scores_NC: Floats, conformal: Conformal) -> Booleans:
    """N x C: which labels are in the set of each row. The likeliest one always is: an empty set would help nobody."""
    assert conformal.threshold is not None
    sets_NC = scores_NC >= conformal.threshold
    sets_NC[np.arange(len(scores_NC)), scores_NC.argmax(1)] = True
    return sets_NC


def check_conformal(test: Predictions, conformal: Conformal, *, level: float = 0.95) -> ConformalCheck:
    """How often the sets hold the right answer on rows that nothing was learned from, and how large they are."""
    rows = test.labelled
    n = len(rows)
    if rows.kind == "regression":
        width = conformal.half_width
        error_N = np.abs(rows.gold_value_N - rows.prediction_value_N)
        held_N = np.asarray(error_N <= (math.inf if width is None else width))
        size, single = None if width is None else 2 * width, None
        worst: tuple[str, float, int] | None = None
    else:
        sets_NC = np.zeros((n, len(rows.names)), np.bool_)
        known = len(rows.labels)
        sets_NC[:, :known] = possible(rows.scores_NC[:, :known].copy(), conformal)
        gold_NC = _gold_NC(rows)
        held_N = np.asarray(~(gold_NC & ~sets_NC).any(1))
        sizes_N = sets_NC.sum(1)
        size, single = (float(sizes_N.mean()), float((sizes_N == 1).mean())) if n else (None, None)
        worst = _worst(rows, gold_NC, held_N)
    interval = (
        intervals.wilson(float(held_N.sum()), n, level=level) if n else Interval(low=None, high=None, method="none")
    )
    return ConformalCheck(
        wanted=conformal.coverage, held=float(held_N.mean()) if n else None, low=interval.low, high=interval.high, n=n,
        mean_size=size, single=single, worst_label=worst[0] if worst else None, worst_held=worst[1] if worst else None,
        worst_n=worst[2] if worst else None,
    )  # fmt: skip


def _rank(rows: int, coverage: float) -> int:
    """Which of the sorted rows is the border: the +1 is the new row itself, which may stand anywhere among them."""
    return math.ceil((rows + 1) * coverage - 1e-9)


def _lowest_right_score(rows: Predictions) -> Floats:
    """Of each row the score of its label, or the lowest of its labels; 1 where it has none, and nothing can be missed."""
    return np.asarray(np.where(_gold_NC(rows), rows.scores_NC, 1.0).min(1))


def _gold_NC(rows: Predictions) -> Booleans:
    if rows.kind == "multi_label":
        return rows.gold_sets_NC
    hot: Booleans = rows.gold_index_N[:, None] == np.arange(len(rows.names))
    return hot


def _worst(rows: Predictions, gold_NC: Booleans, held_N: Booleans) -> tuple[str, float, int] | None:
    of_classes = [
        (name, float(held_N[gold_NC[:, c]].mean()), int(gold_NC[:, c].sum()))
        for c, name in enumerate(rows.names)
        if gold_NC[:, c].sum() >= LEAST_ROWS
    ]
    return min(of_classes, key=lambda of: of[1], default=None)

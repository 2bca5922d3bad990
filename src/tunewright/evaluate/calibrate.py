"""Probabilities that mean what they say: temperature, thresholds, reliability, and what share can be automated.

Everything is fitted on validation rows and checked on others. Shapes: N rows, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tunewright.evaluate.predictions import Predictions
from tunewright.metrics import intervals
from tunewright.metrics.metric import Booleans, Floats, Integers
from tunewright.metrics.probability import bin_confidence, top_label


@dataclass(frozen=True, kw_only=True)
class Temperature:
    """The number that logits are divided by, and what it did on the rows that it was fitted on."""

    temperature: float
    """Above 1: the model was too sure of itself."""
    nll_before: float
    nll_after: float
    """Mean per row in nats; never above `nll_before`."""
    n: int


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Rows of similar confidence: how sure the model was, and how often it was right."""

    low: float
    high: float
    confidence: float
    accuracy: float
    n: int
    band_low: float
    """Wilson interval of the accuracy."""
    band_high: float


@dataclass(frozen=True, kw_only=True)
class Automation:
    """What share of rows can be answered without a person if a wanted share of those answers must be right."""

    wanted: float
    threshold: float | None
    """Answer alone where the confidence is at least this; None where no threshold reaches what is wanted."""
    share: float
    precision: float | None
    low: float | None
    high: float | None
    n: int
    """Rows of the checked split at or above the threshold."""
    reached: Literal["shown", "missed", "open"]
    """shown: the whole interval is at or above what is wanted; missed: all of it is below; open: it lies across."""


def fit_temperature(
    logits_NC: npt.NDArray[np.floating[Any]], gold: Integers | Booleans, *, prior_rows: float = 1.0
) -> Temperature:
    """The temperature with the least mean NLL. `gold` is N class indices (softmax) or N x C booleans (sigmoid).

    Works on 1 / temperature, in which the NLL is convex: Newton's step where it stays in the bracket, bisection where
    not, in float64. A prior worth `prior_rows` rows holds it near 1 where rows are few or all right, so that it can
    never reach 0 or infinity; it is least at 1, which keeps the NLL from ever being worse than at 1.
    """
    logits = np.asarray(logits_NC, np.float64)
    n = len(logits)
    if n == 0:
        return Temperature(temperature=1.0, nll_before=0.0, nll_after=0.0, n=0)

    def slopes(inverse: float) -> Slopes:
        if gold.ndim == 2:
            return _sigmoid_slopes(logits, gold.astype(np.bool_), inverse)
        return _softmax_slopes(logits, gold.astype(np.int64), inverse)

    inverse = _least(slopes, prior=prior_rows / n)
    before, after = slopes(1.0)[0], slopes(inverse)[0]
    if not after <= before:  # rounding only: at the optimum the two can differ in the last bit
        inverse, after = 1.0, before
    return Temperature(temperature=1.0 / inverse, nll_before=before, nll_after=after, n=n)


def fit_temperatures(logits_NC: npt.NDArray[np.floating[Any]], gold_NC: Booleans, *, prior_rows: float = 1.0) -> Floats:
    """Multi-label: one temperature per label."""
    columns = range(logits_NC.shape[1])
    return np.array(
        [fit_temperature(logits_NC[:, [c]], gold_NC[:, [c]], prior_rows=prior_rows).temperature for c in columns]
    )


def fit_thresholds(scores_NC: Floats, gold_NC: Booleans, *, least_rows: int = 10) -> Floats:
    """Multi-label: per label the score from which to say it, with the best F1; halfway between two scores.

    0.5 for a label with fewer than `least_rows` rows with it or without it, and wherever nothing is better than 0.5.
    """
    thresholds = np.full(scores_NC.shape[1], 0.5)
    for column in range(scores_NC.shape[1]):
        gold_N, scores_N = gold_NC[:, column], scores_NC[:, column]
        if min(gold_N.sum(), (~gold_N).sum()) >= least_rows:
            thresholds[column] = _best_threshold(scores_N, gold_N)
    return thresholds


def confidence_of(predictions: Predictions) -> tuple[Floats, Booleans]:
    """confidence_N and right_N of rows with gold. Multi-label: the chance that every label of the row is right."""
    rows = predictions.labelled
    if rows.kind == "multi_label":
        said_NC, scores_NC = rows.prediction_sets_NC, rows.scores_NC
        chance_N = np.where(said_NC, scores_NC, 1 - scores_NC).prod(1)
        return chance_N, np.asarray((said_NC == rows.gold_sets_NC).all(1))
    return top_label(rows.gold_index_N, rows.scores_NC)


def reliability(predictions: Predictions, *, bins: int = 15, level: float = 0.95) -> list[ReliabilityBin]:
    """Accuracy by confidence in equal-width bins with Wilson bands; empty bins are left out. Regression: none."""
    if predictions.kind == "regression" or not predictions.labelled.has_scores:
        return []
    binned = bin_confidence(*confidence_of(predictions), bins=bins)
    result = []
    for place in np.flatnonzero(binned.rows):
        rows, accuracy = float(binned.rows[place]), float(binned.accuracy[place])
        band = intervals.wilson(accuracy * rows, rows, level=level)
        assert band.low is not None
        assert band.high is not None
        result.append(
            ReliabilityBin(
                low=float(binned.edges[place]),
                high=float(binned.edges[place + 1]),
                confidence=float(binned.confidence[place]),
                accuracy=accuracy,
                n=int(rows),
                band_low=band.low,
                band_high=band.high,
            )
        )
    return result


def lowest_thresholds(validation: Predictions, wanted: Sequence[float]) -> dict[float, float]:
    """For each wanted share of right answers that can be had: the confidence from which to answer without a person."""
    confidence_N, right_N = confidence_of(validation)
    found = {goal: _lowest_threshold(confidence_N, right_N, wanted=goal) for goal in wanted}
    return {goal: threshold for goal, threshold in found.items() if threshold is not None}


def automation(
    validation: Predictions,
    test: Predictions,
    *,
    wanted: Sequence[float] = (0.9, 0.95, 0.97, 0.99),
    level: float = 0.95,
) -> list[Automation]:
    """For each wanted precision: the threshold chosen on validation, and what it does on test, with an interval."""
    if validation.kind == "regression" or not (validation.labelled.has_scores and test.labelled.has_scores):
        return []
    chosen_on, checked_on = confidence_of(validation), confidence_of(test)
    return [_automate(goal, chosen_on, checked_on, level=level) for goal in wanted]


def _automate(
    wanted: float, chosen_on: tuple[Floats, Booleans], checked_on: tuple[Floats, Booleans], *, level: float
) -> Automation:
    threshold = _lowest_threshold(*chosen_on, wanted=wanted)
    confidence_N, right_N = checked_on
    answered = np.zeros(len(confidence_N), np.bool_) if threshold is None else confidence_N >= threshold
    n, right = int(answered.sum()), int(right_N[answered].sum())
    interval = intervals.wilson(right, n, level=level)
    reached: Literal["shown", "missed", "open"] = "open"
    if interval.low is not None and interval.high is not None:
        reached = "shown" if interval.low >= wanted else "missed" if interval.high < wanted else "open"
    return Automation(
        wanted=wanted,
        threshold=threshold,
        share=n / len(confidence_N) if len(confidence_N) else 0.0,
        precision=right / n if n else None,
        low=interval.low,
        high=interval.high,
        n=n,
        reached=reached,
    )


def _lowest_threshold(confidence_N: Floats, right_N: Booleans, *, wanted: float) -> float | None:
    """The lowest confidence above which the share of right rows reaches `wanted`, one imaginary wrong row added.

    The imaginary row is what conformal risk control adds (Angelopoulos et al. 2022); without it ten lucky rows would
    do.
    """
    order = np.argsort(-confidence_N, kind="stable")
    confidence, right = confidence_N[order], np.cumsum(right_N[order])
    last_of_ties = np.append(confidence[1:] < confidence[:-1], True) if len(confidence) else np.zeros(0, np.bool_)
    enough = last_of_ties & (right / (np.arange(len(confidence)) + 2) >= wanted)
    places = np.flatnonzero(enough)
    return float(confidence[places[-1]]) if len(places) else None


def _best_threshold(scores_N: Floats, gold_N: Booleans) -> float:
    order = np.argsort(-scores_N, kind="stable")
    scores, found = scores_N[order], np.cumsum(gold_N[order])
    said = np.arange(1, len(scores) + 1)
    f1 = 2 * found / (said + gold_N.sum())
    cut = np.append(scores[1:] < scores[:-1], True)
    f1 = np.where(cut, f1, -1.0)
    best = int(f1.argmax())
    said_at_half = scores_N >= 0.5
    f1_at_half = 2 * (said_at_half & gold_N).sum() / max(said_at_half.sum() + gold_N.sum(), 1)
    if f1[best] <= f1_at_half:
        return 0.5
    below = scores[best + 1] if best + 1 < len(scores) else 0.0
    return float((scores[best] + below) / 2)


Slopes = tuple[float, float, float]
"""Mean NLL at an inverse temperature, and its first and second derivative."""


def _softmax_slopes(logits_NC: Floats, gold_N: Integers, inverse: float) -> Slopes:
    shifted = logits_NC - logits_NC.max(1, keepdims=True)
    weights = np.exp(inverse * shifted)
    total = weights.sum(1)
    weights /= total[:, None]
    at_gold = np.take_along_axis(shifted, gold_N[:, None], axis=1)[:, 0]
    mean = np.einsum("nc,nc->n", weights, shifted)
    square = np.einsum("nc,nc,nc->n", weights, shifted, shifted)
    return (
        float((np.log(total) - inverse * at_gold).mean()),
        float((mean - at_gold).mean()),
        float((square - mean * mean).mean()),
    )


def _sigmoid_slopes(logits_NC: Floats, gold_NC: Booleans, inverse: float) -> Slopes:
    scaled = inverse * logits_NC
    small = np.exp(-np.abs(scaled))
    chance = np.where(scaled >= 0, 1.0, small) / (1 + small)
    rows = len(logits_NC)
    return (
        float((np.logaddexp(0.0, scaled) - gold_NC * scaled).sum() / rows),
        float(((chance - gold_NC) * logits_NC).sum() / rows),
        float((chance * (1 - chance) * logits_NC**2).sum() / rows),
    )


def _least(slopes: Callable[[float], Slopes], *, prior: float) -> float:
    """Where NLL + prior * (b - 1 - log b) is least: a convex function with one minimum in 0 < b < infinity."""

    def slope(b: float) -> tuple[float, float]:
        _, first, second = slopes(b)
        return first + prior * (1 - 1 / b), second + prior / (b * b)

    low, high = 1e-6, 1.0
    while slope(high)[0] < 0 and high < 1e6:
        low, high = high, high * 4
    at = min(max(1.0, low), high)
    for _ in range(200):
        first, second = slope(at)
        low, high = (at, high) if first < 0 else (low, at)
        step = at - first / second if second > 0 else np.nan
        following = step if low < step < high else (low * high) ** 0.5
        if abs(following - at) <= 1e-13 * at or high - low <= 1e-13 * high:
            return float(following)
        at = following
    return float(at)

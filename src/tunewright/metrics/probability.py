"""Metrics of probabilities. Shapes: N rows, C classes, B bins of confidence.

The calibration error is the top-label one: a row's confidence is the score of the class it is given, and the question
is whether rows with confidence .8 are right 8 times of 10. Plugged in, it is too large by construction, because noise
in a bin never averages out under the absolute value; `ece_debiased` takes that out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tunewright.metrics.metric import Booleans, Floats, Integers, finite

NUM_BINS = 15
"""Equal-width bins of the calibration error, as in the literature since Guo et al. 2017."""


def brier_rows(gold_N: Integers, scores_NC: Floats) -> Floats:
    """Squared distance per row between the scores and the truth, in [0, 2]."""
    at_gold = np.take_along_axis(scores_NC, gold_N[:, None], axis=1)[:, 0]
    rows: Floats = np.einsum("nc,nc->n", scores_NC, scores_NC) - 2 * at_gold + 1
    return rows


def brier(gold_N: Integers, scores_NC: Floats) -> float | None:
    """Mean squared distance between the scores and the truth, summed over classes: in [0, 2]."""
    return finite(brier_rows(gold_N, scores_NC).mean()) if len(gold_N) else None


def brier_sets_rows(gold_NC: Booleans, scores_NC: Floats) -> Floats:
    """Mean squared difference per row over the labels, in [0, 1]."""
    rows: Floats = np.square(scores_NC - gold_NC).mean(1)
    return rows


def brier_sets(gold_NC: Booleans, scores_NC: Floats) -> float | None:
    """Mean squared difference between score and truth over all (row, label) decisions: in [0, 1]."""
    return finite(brier_sets_rows(gold_NC, scores_NC).mean()) if gold_NC.size else None


def nll_rows(gold_N: Integers, scores_NC: Floats) -> Floats:
    """Minus log of the score of the right class, in nats; a score of 0 counts as 2.2e-16, as in scikit-learn."""
    at_gold = np.take_along_axis(scores_NC, gold_N[:, None], axis=1)[:, 0]
    return -np.log(np.maximum(at_gold, np.finfo(np.float64).eps))


def nll(gold_N: Integers, scores_NC: Floats) -> float | None:
    """Mean minus log-likelihood in nats."""
    return finite(nll_rows(gold_N, scores_NC).mean()) if len(gold_N) else None


def nll_sets_rows(gold_NC: Booleans, scores_NC: Floats) -> Floats:
    """Minus log-likelihood per row, summed over the labels, in nats."""
    at_truth = np.where(gold_NC, scores_NC, 1 - scores_NC)
    rows: Floats = -np.log(np.maximum(at_truth, np.finfo(np.float64).eps)).sum(1)
    return rows


def nll_sets(gold_NC: Booleans, scores_NC: Floats) -> float | None:
    """Mean over rows of the minus log-likelihood summed over labels, in nats."""
    return finite(nll_sets_rows(gold_NC, scores_NC).mean()) if gold_NC.size else None


@dataclass(frozen=True, kw_only=True)
class Bins:
    """Rows by confidence: what the calibration error and the reliability plot are made of."""

    edges: Floats
    """B + 1 edges from 0 to 1; a bin has its lower edge and not its upper, but for the last."""
    rows: Floats
    confidence: Floats
    """Mean confidence per bin, NaN where it is empty."""
    accuracy: Floats
    """Share right per bin, NaN where it is empty."""
    variance: Floats
    """Variance of (right - confidence) within each bin, with a little of the calibrated expectation mixed in."""


def bin_confidence(confidence_N: Floats, right_N: Booleans, *, bins: int = NUM_BINS) -> Bins:
    """Rows put into equal-width bins of confidence."""
    edges = np.linspace(0, 1, bins + 1)
    which_N = np.clip(np.searchsorted(edges, confidence_N, side="right") - 1, 0, bins - 1)
    rows = np.bincount(which_N, minlength=bins).astype(np.float64)
    summed = np.bincount(which_N, weights=confidence_N, minlength=bins)
    squared = np.bincount(which_N, weights=np.square(confidence_N), minlength=bins)
    correct = np.bincount(which_N, weights=right_N, minlength=bins)
    safe = np.maximum(rows, 1)
    confidence, accuracy = summed / safe, correct / safe
    # Two imaginary rows that are as right as they are confident: a bin of three right rows is not free of noise.
    smoothed = (correct + 2 * confidence) / (safe + 2)
    variance = smoothed * (1 - smoothed) + np.maximum(squared / safe - confidence**2, 0)
    empty = rows == 0
    return Bins(
        edges=edges,
        rows=rows,
        confidence=np.where(empty, np.nan, confidence),
        accuracy=np.where(empty, np.nan, accuracy),
        variance=np.where(empty, 0, variance),
    )


def top_label(gold_N: Integers, scores_NC: Floats) -> tuple[Floats, Booleans]:
    """confidence_N of the best class, and right_N."""
    best_N = scores_NC.argmax(1)
    return np.take_along_axis(scores_NC, best_N[:, None], axis=1)[:, 0], best_N == gold_N


def gaps(bins: Bins) -> tuple[Floats, Floats]:
    """gap_B: share of all rows times (accuracy - confidence); noise_B: its standard error. Empty bins are left out."""
    used = bins.rows > 0
    rows = bins.rows[used]
    total = rows.sum()
    return rows / total * (bins.accuracy[used] - bins.confidence[used]), np.sqrt(rows * bins.variance[used]) / total


def ece_of(bins: Bins) -> float | None:
    """Mean over rows of the absolute difference between confidence and accuracy of the row's bin."""
    return finite(np.abs(gaps(bins)[0]).sum()) if bins.rows.sum() else None


def ece_debiased_of(bins: Bins) -> float | None:
    """The calibration error that, with this much noise, would be seen as the `ece_of` that was seen on average.

    The gaps are scaled by t in [0, 1] until the mean of the noisy error, sum of E|t gap + noise|, is the error seen.
    """
    if not bins.rows.sum():
        return None
    gap_B, noise_B = gaps(bins)
    seen = float(np.abs(gap_B).sum())
    if _noisy_error(0 * gap_B, noise_B) >= seen:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _noisy_error(middle * gap_B, noise_B) < seen else (low, middle)
    return high * seen


def ece(gold_N: Integers, scores_NC: Floats) -> float | None:
    """Expected calibration error of the top label, 15 equal-width bins; too large in small samples."""
    return ece_of(bin_confidence(*top_label(gold_N, scores_NC)))


def ece_debiased(gold_N: Integers, scores_NC: Floats) -> float | None:
    """`ece` less what noise alone adds; 0 where noise explains it all."""
    return ece_debiased_of(bin_confidence(*top_label(gold_N, scores_NC)))


def flat_decisions(gold_NC: Booleans, scores_NC: Floats) -> tuple[Floats, Booleans]:
    """Every (row, label) decision by itself: confidence in what is said (label or not), and whether that is right."""
    said = scores_NC >= 0.5
    return np.where(said, scores_NC, 1 - scores_NC).ravel(), (said == gold_NC).ravel()


def ece_sets(gold_NC: Booleans, scores_NC: Floats) -> float | None:
    """Expected calibration error over all (row, label) decisions."""
    return ece_of(bin_confidence(*flat_decisions(gold_NC, scores_NC)))


def _noisy_error(gap_B: Floats, noise_B: Floats) -> float:
    """Sum of E|gap + noise Z| for standard normal Z: the mean of a folded normal."""
    total = 0.0
    for gap, noise in zip(np.abs(gap_B), noise_B, strict=True):
        ratio = gap / noise if noise > 0 else math.inf
        if ratio > 30:
            total += gap
        else:
            total += noise * math.sqrt(2 / math.pi) * math.exp(-(ratio**2) / 2) + gap * math.erf(ratio / math.sqrt(2))
    return float(total)

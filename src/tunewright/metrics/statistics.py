"""Statistics of resampled rows, for the bootstrap: counts of draws of shape (R, K) to one value per resample.

R resamples, K kinds of rows (or K = N single rows). Each equals its metric when every row is drawn once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunewright.metrics.counts import ClassCounts, CountMetric
from tunewright.metrics.intervals import Statistic
from tunewright.metrics.metric import Booleans, Floats, Integers


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Rows that count alike, put together: (gold, predicted) pairs with the number of rows of each."""

    gold_K: Integers
    predicted_K: Integers
    sizes_K: Integers
    num_classes: int


def kinds_of_labels(gold_N: Integers, prediction_N: Integers, num_classes: int) -> Kinds:
    """The pairs of gold and predicted class that occur; predicted is -1 where there was no answer."""
    width = num_classes + 1
    codes, sizes = np.unique(gold_N * width + prediction_N + 1, return_counts=True)
    return Kinds(gold_K=codes // width, predicted_K=codes % width - 1, sizes_K=sizes, num_classes=num_classes)


def of_kinds(metric: CountMetric, kinds: Kinds) -> Statistic:
    """A metric of counts over resampled single-label rows."""
    classes = np.arange(kinds.num_classes)
    gold_KC = (kinds.gold_K[:, None] == classes).astype(np.float64)
    predicted_KC = (kinds.predicted_K[:, None] == classes).astype(np.float64)
    return _of_indicators(metric, gold_KC * predicted_KC, gold_KC, predicted_KC)


def of_sets(metric: CountMetric, gold_NC: Booleans, prediction_NC: Booleans) -> Statistic:
    """A metric of counts over resampled multi-label rows."""
    right_NC = (gold_NC & prediction_NC).astype(np.float64)
    return _of_indicators(metric, right_NC, gold_NC.astype(np.float64), prediction_NC.astype(np.float64))


def mean_of(values_N: Floats) -> Statistic:
    """The mean over resampled rows."""
    return lambda drawn_RN: drawn_RN @ values_N / drawn_RN.sum(1)


def root_mean_of(values_N: Floats) -> Statistic:
    """The root of the mean over resampled rows."""
    return lambda drawn_RN: np.sqrt(drawn_RN @ values_N / drawn_RN.sum(1))


def pearson_of(x_N: Floats, y_N: Floats) -> Statistic:
    """Linear correlation over resampled rows."""
    x, y = x_N - x_N.mean(), y_N - y_N.mean()
    moments_NM = np.stack([x, y, x * x, y * y, x * y], 1)

    def statistic(drawn_RN: Floats) -> Floats:
        mx, my, xx, yy, xy = (drawn_RN @ moments_NM / drawn_RN.sum(1, keepdims=True)).T
        with np.errstate(invalid="ignore", divide="ignore"):
            value: Floats = (xy - mx * my) / np.sqrt((xx - mx * mx) * (yy - my * my))
        return value

    return statistic


def spearman_of(x_N: Floats, y_N: Floats) -> Statistic:
    """Correlation of the ranks within each resample, equal values sharing their mean rank."""
    groups = [np.unique(values, return_inverse=True)[1] for values in (x_N, y_N)]
    orders = [np.argsort(group, kind="stable") for group in groups]
    starts = [
        np.searchsorted(group[order], np.arange(group.max() + 1)) for group, order in zip(groups, orders, strict=True)
    ]

    def ranks(drawn_RN: Floats, which: int) -> Floats:
        drawn_RG = np.add.reduceat(drawn_RN[:, orders[which]], starts[which], axis=1)
        ranks_RG = np.cumsum(drawn_RG, 1) - drawn_RG / 2
        centred: Floats = ranks_RG[:, groups[which]] - drawn_RN.sum(1, keepdims=True) / 2
        return centred

    def statistic(drawn_RN: Floats) -> Floats:
        x_RN, y_RN = ranks(drawn_RN, 0), ranks(drawn_RN, 1)
        spread = np.einsum("rn,rn,rn->r", drawn_RN, x_RN, x_RN) * np.einsum("rn,rn,rn->r", drawn_RN, y_RN, y_RN)
        with np.errstate(invalid="ignore", divide="ignore"):
            value: Floats = np.einsum("rn,rn,rn->r", drawn_RN, x_RN, y_RN) / np.sqrt(spread)
        return value

    return statistic


def r2_of(gold_N: Floats, prediction_N: Floats) -> Statistic:
    """Explained share of the variance over resampled rows."""
    centred = gold_N - gold_N.mean()
    moments_NM = np.stack([np.square(gold_N - prediction_N), centred, centred**2], 1)

    def statistic(drawn_RN: Floats) -> Floats:
        error, mean, square = (drawn_RN @ moments_NM / drawn_RN.sum(1, keepdims=True)).T
        with np.errstate(invalid="ignore", divide="ignore"):
            value: Floats = 1 - error / (square - mean * mean)
        return value

    return statistic


def _of_indicators(metric: CountMetric, right_KC: Floats, gold_KC: Floats, predicted_KC: Floats) -> Statistic:
    return lambda drawn_RK: metric(
        ClassCounts(
            right=drawn_RK @ right_KC,
            gold=drawn_RK @ gold_KC,
            predicted=drawn_RK @ predicted_KC,
            rows=drawn_RK.sum(1),
        )
    )

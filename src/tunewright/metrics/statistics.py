"""Statistics of resampled rows, for the bootstrap: counts of draws of shape (R, K) to one value per resample.

R resamples, K kinds of rows (or K = N single rows). Each equals its metric when every row is drawn once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tunewright.metrics.counts import ClassCounts, CountMetric
from tunewright.metrics.intervals import WORK, Statistic, mean_of
from tunewright.metrics.metric import Booleans, Floats, Integers


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """Rows that count alike, put together: for each kind which classes it is, which were said, and how many rows."""

    gold_KC: Floats
    said_KC: Floats
    sizes_K: Integers


def kinds_of_labels(gold_N: Integers, prediction_N: Integers, num_classes: int) -> Kinds:
    """The pairs of gold and predicted class that occur; predicted is -1 where there was no answer."""
    width = num_classes + 1
    codes, sizes = np.unique(gold_N * width + prediction_N + 1, return_counts=True)
    classes = np.arange(num_classes)
    gold_KC, said_KC = ((of[:, None] == classes).astype(np.float64) for of in (codes // width, codes % width - 1))
    return Kinds(gold_KC=gold_KC, said_KC=said_KC, sizes_K=sizes)


def kinds_of_sets(gold_NC: Booleans, prediction_NC: Booleans) -> Kinds:
    """The pairs of gold set and predicted set that occur."""
    together = np.concatenate([gold_NC, prediction_NC], axis=1)
    first, sizes = distinct_rows(together)
    gold_KC, said_KC = np.split(together[first].astype(np.float64), 2, axis=1)
    return Kinds(gold_KC=gold_KC, said_KC=said_KC, sizes_K=sizes)


def distinct_rows(matrix: Booleans) -> tuple[Integers, Integers]:
    """Where each distinct row first stands, and how often it occurs."""
    packed = np.ascontiguousarray(np.packbits(matrix, axis=1))
    keys = packed.view(f"V{packed.shape[1]}").ravel() if packed.size else np.zeros(len(matrix))
    _, first, sizes = np.unique(keys, return_index=True, return_counts=True)
    return first, sizes


def of_kinds(metric: CountMetric, kinds: Kinds) -> Statistic:
    """A metric of counts over resampled kinds of rows."""
    right_KC = kinds.gold_KC * kinds.said_KC

    def statistic(drawn_RK: Floats) -> Floats:
        right, gold, predicted = drawn_RK @ right_KC, drawn_RK @ kinds.gold_KC, drawn_RK @ kinds.said_KC
        return metric(ClassCounts(right=right, gold=gold, predicted=predicted, rows=drawn_RK.sum(1)))

    return statistic


def left_out(metric: CountMetric, kinds: Kinds) -> Floats:
    """The metric with one row of each kind left out, for the jackknife."""
    right_KC, size_K = kinds.gold_KC * kinds.said_KC, kinds.sizes_K.astype(np.float64)
    right, gold, said = size_K @ right_KC, size_K @ kinds.gold_KC, size_K @ kinds.said_KC
    chunk = max(1, WORK // max(len(gold), 1))
    values = [
        metric(
            ClassCounts(
                right=right - right_KC[part],
                gold=gold - kinds.gold_KC[part],
                predicted=said - kinds.said_KC[part],
                rows=np.full(len(right_KC[part]), size_K.sum() - 1),
            )
        )
        for part in (slice(start, start + chunk) for start in range(0, len(size_K), chunk))
    ]
    return np.concatenate(values) if values else np.zeros(0)


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
    sides = [_tie_groups(values) for values in (x_N, y_N)]

    def ranks(drawn_RN: Floats, side: tuple[Integers, Integers, Integers]) -> Floats:
        group_N, order_N, start_G = side
        drawn_RG = np.add.reduceat(drawn_RN[:, order_N], start_G, axis=1)
        ranks_RG = np.cumsum(drawn_RG, 1) - drawn_RG / 2 - drawn_RN.sum(1, keepdims=True) / 2
        centred: Floats = ranks_RG[:, group_N]
        return centred

    def statistic(drawn_RN: Floats) -> Floats:
        x_RN, y_RN = ranks(drawn_RN, sides[0]), ranks(drawn_RN, sides[1])
        weighted_RN = drawn_RN * x_RN
        above, xx = np.einsum("rn,rn->r", weighted_RN, y_RN), np.einsum("rn,rn->r", weighted_RN, x_RN)
        yy = np.einsum("rn,rn->r", np.multiply(drawn_RN, y_RN, out=weighted_RN), y_RN)
        with np.errstate(invalid="ignore", divide="ignore"):
            value: Floats = above / np.sqrt(xx * yy)
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


def _tie_groups(values_N: Floats) -> tuple[Integers, Integers, Integers]:
    """Each row's group of equal values, the rows in order of value, and where in that order each group starts."""
    _, group_N = np.unique(values_N, return_inverse=True)
    order_N = np.argsort(group_N, kind="stable")
    return group_N, order_N, np.searchsorted(group_N[order_N], np.arange(group_N.max(initial=-1) + 1))


OF_NUMBERS: dict[str, Callable[[Floats, Floats], Statistic]] = {
    "mae": lambda gold_N, said_N: mean_of(np.abs(gold_N - said_N)),
    "rmse": lambda gold_N, said_N: root_mean_of(np.square(gold_N - said_N)),
    "pearson": pearson_of,
    "spearman": spearman_of,
    "r2": r2_of,
}
"""The metrics of numbers as statistics of resampled rows."""

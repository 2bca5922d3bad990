"""Tests of two systems on the same rows, each with an interval of the difference.

accuracy            McNemar's mid-p test (Fagerland 2013), Bonett and Price's interval of the paired difference (2012)
rates of texts      the same
means over rows     approximate randomisation by flipping the sign of each row's difference, paired BCa interval
counts (F1, MCC)    approximate randomisation by swapping the two answers row by row, paired BCa interval
sums (BLEU, ...)    the same over each row's statistics
auroc               the paired DeLong test and interval
other               approximate randomisation by swapping, the metric computed anew each time

Shapes: N rows, K kinds of rows or statistics of a row, C classes, R resamples, X whatever is swapped of a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tunewright.metrics import Interval, intervals, statistics
from tunewright.metrics.counts import ClassCounts, CountMetric
from tunewright.metrics.metric import Booleans, Floats, Integers
from tunewright.metrics.statistics import Kinds

INTERVAL_RESAMPLES = 2000
"""An interval needs fewer resamples than a small p-value does."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """What a paired test found."""

    __test__ = False  # pytest: not a collection of tests

    interval: Interval
    p_value: float
    method: str


def mcnemar_mid_p(only_a: int, only_b: int) -> float:
    """Two-sided mid-p of McNemar's exact test: of the rows that only one system has right, how uneven is the split?"""
    total, smaller = only_a + only_b, min(only_a, only_b)
    if only_a == only_b:
        return 1.0 - _binomial_half(smaller, total) / 2 if total else 1.0
    point = term = _binomial_half(smaller, total)
    below = 0.0
    for k in range(smaller, -1, -1):
        below += term
        term *= k / (total - k + 1)
        if term < 1e-18 * below:  # terms only shrink from here
            break
    return min(1.0, 2 * below - point)


def mcnemar_test(right_a_N: Booleans, right_b_N: Booleans, *, level: float) -> Test:
    """Whether two shares of right rows differ."""
    only_a, only_b = int((right_a_N & ~right_b_N).sum()), int((right_b_N & ~right_a_N).sum())
    interval = paired_share_interval(only_a, only_b, len(right_a_N), level=level)
    return Test(interval=interval, p_value=mcnemar_mid_p(only_a, only_b), method="mcnemar_mid_p")


def paired_share_interval(only_a: int, only_b: int, rows: int, *, level: float) -> Interval:
    """Interval of the difference of two shares over the same rows (Bonett and Price 2012)."""
    z = intervals.NORMAL.inv_cdf((1 + level) / 2)
    share_a, share_b = (only_a + 1) / (rows + 2), (only_b + 1) / (rows + 2)
    centre = share_a - share_b
    half = z * math.sqrt((share_a + share_b - centre**2) / (rows + 2))
    return Interval(low=max(-1.0, centre - half), high=min(1.0, centre + half), method="bonett_price")


def mean_test(differences_N: Floats, *, seed: int, level: float, resamples: int) -> Test:
    """For a metric that is a mean over rows: under the null each row's difference may as well have the other sign."""
    moving = differences_N[differences_N != 0]
    whole = float(moving.sum())
    rng = np.random.default_rng(seed)
    as_large = 0
    chunk = max(1, intervals.WORK // max(len(moving), 1))
    for start in range(0, resamples, chunk):
        flipped_RN = rng.integers(0, 2, (min(chunk, resamples - start), len(moving)), np.int8)
        as_large += _as_large(whole - 2 * (flipped_RN.astype(np.float64) @ moving), whole)
    each = np.ones(len(differences_N), np.int64)
    statistic = intervals.mean_of(differences_N)
    interval = intervals.bca(statistic, each, seed=seed, resamples=min(resamples, INTERVAL_RESAMPLES), level=level)
    return Test(interval=interval, p_value=_p_value(as_large, resamples), method="approximate_randomisation")


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Kinds of rows by gold and both answers, as indicators of classes."""

    gold_KC: Floats
    said_a_KC: Floats
    said_b_KC: Floats
    sizes_K: Integers


def pairs_of_labels(gold_N: Integers, said_a_N: Integers, said_b_N: Integers, num_classes: int) -> Pairs:
    """Kinds of single-label rows; an answer of -1 is none."""
    width = num_classes + 1
    kinds, sizes = np.unique((gold_N * width + said_a_N + 1) * width + said_b_N + 1, return_counts=True)
    columns = (kinds // width**2, kinds // width % width - 1, kinds % width - 1)
    gold, said_a, said_b = ((of[:, None] == np.arange(num_classes)).astype(np.float64) for of in columns)
    return Pairs(gold_KC=gold, said_a_KC=said_a, said_b_KC=said_b, sizes_K=sizes)


def pairs_of_sets(gold_NC: Booleans, said_a_NC: Booleans, said_b_NC: Booleans) -> Pairs:
    """Kinds of multi-label rows."""
    together = np.concatenate([gold_NC, said_a_NC, said_b_NC], axis=1)
    first, sizes = statistics.distinct_rows(together)
    gold, said_a, said_b = np.split(together[first].astype(np.float64), 3, axis=1)
    return Pairs(gold_KC=gold, said_a_KC=said_a, said_b_KC=said_b, sizes_K=sizes)


def count_test(pairs: Pairs, metric: CountMetric, *, seed: int, level: float, resamples: int) -> Test:
    """For a metric of counts: rows that count alike are one kind, and a resample is a number of swaps per kind."""
    size_K = pairs.sizes_K.astype(np.float64)
    gold_C, rows = size_K @ pairs.gold_KC, np.asarray(size_K.sum())

    def difference(a_R2C: Floats, b_R2C: Floats) -> Floats:
        of_a, of_b = (
            metric(ClassCounts(right=of[..., : len(gold_C)], gold=gold_C, predicted=of[..., len(gold_C) :], rows=rows))
            for of in (a_R2C, b_R2C)
        )
        return of_a - of_b

    # What one row of a kind adds to (right, predicted) of each class.
    adds_a_K2C = np.concatenate([pairs.gold_KC * pairs.said_a_KC, pairs.said_a_KC], axis=1)
    adds_b_K2C = np.concatenate([pairs.gold_KC * pairs.said_b_KC, pairs.said_b_KC], axis=1)
    as_they_are_a, as_they_are_b = size_K @ adds_a_K2C, size_K @ adds_b_K2C
    moving = (adds_a_K2C != adds_b_K2C).any(1)
    step_M2C = (adds_b_K2C - adds_a_K2C)[moving]
    observed = float(difference(as_they_are_a, as_they_are_b))
    rng = np.random.default_rng(seed)
    as_large = 0
    chunk = max(1, intervals.WORK // (len(step_M2C) + 8 * len(gold_C) + 1))
    for start in range(0, resamples, chunk):
        shape = (min(chunk, resamples - start), len(step_M2C))
        swapped_R2C = rng.binomial(pairs.sizes_K[moving], 0.5, shape).astype(np.float64) @ step_M2C
        as_large += _as_large(difference(as_they_are_a + swapped_R2C, as_they_are_b - swapped_R2C), observed)
    return Test(
        interval=_count_interval(pairs, metric, seed=seed, level=level, resamples=resamples),
        p_value=_p_value(as_large, resamples),
        method="approximate_randomisation",
    )


def sums_test(
    combine: Callable[[Floats], Floats], a_NK: Floats, b_NK: Floats, *, seed: int, level: float, resamples: int
) -> Test:
    """For a function of sums over rows, as BLEU is: a resample gives some rows' statistics to the other system."""
    sum_a, sum_b = a_NK.sum(0), b_NK.sum(0)
    step_MK = (b_NK - a_NK)[(a_NK != b_NK).any(1)]
    observed = float(combine(sum_a) - combine(sum_b))
    rng = np.random.default_rng(seed)
    as_large = 0
    chunk = max(1, intervals.WORK // max(len(step_MK), 1))
    for start in range(0, resamples, chunk):
        swap_RM = rng.integers(0, 2, (min(chunk, resamples - start), len(step_MK)), np.int8)
        moved_RK = swap_RM.astype(np.float64) @ step_MK
        as_large += _as_large(combine(sum_a + moved_RK) - combine(sum_b - moved_RK), observed)
    interval = intervals.bca(
        lambda drawn_RN: combine(drawn_RN @ a_NK) - combine(drawn_RN @ b_NK),
        np.ones(len(a_NK), np.int64),
        seed=seed,
        resamples=min(resamples, INTERVAL_RESAMPLES),
        level=level,
    )
    return Test(interval=interval, p_value=_p_value(as_large, resamples), method="approximate_randomisation")


def delong_test(influence_a_N: Floats, influence_b_N: Floats, difference: float, *, level: float) -> Test:
    """Whether two AUROC differ, from each row's influence on them (DeLong 1988)."""
    error = float(np.sqrt(np.square(influence_a_N - influence_b_N).sum())) / len(influence_a_N)
    if error < 1e-12:
        return Test(interval=intervals.no_interval("both order the rows alike"), p_value=1.0, method="delong")
    half = intervals.NORMAL.inv_cdf((1 + level) / 2) * error
    interval = Interval(low=max(-1.0, difference - half), high=min(1.0, difference + half), method="delong")
    return Test(interval=interval, p_value=2 * intervals.NORMAL.cdf(-abs(difference) / error), method="delong")


def swap_test(
    of: Callable[[Floats], float | None], a_NX: Floats, b_NX: Floats, *, seed: int, resamples: int, interval: Interval
) -> Test:
    """For any other metric: swap the two systems' rows at random and compute it anew; `interval` is passed through."""
    rng = np.random.default_rng(seed)
    # Bounded work: ten million numbers swapped, but not for the sake of fewer than 499 swaps.
    resamples = min(resamples, max(499, 10_000_000 // max(a_NX.size, 1)))
    differences = np.empty(resamples)
    for place in range(resamples):
        swap_N1 = rng.integers(0, 2, (len(a_NX), 1), np.int8).astype(np.bool_)
        differences[place] = _difference(of(np.where(swap_N1, b_NX, a_NX)), of(np.where(swap_N1, a_NX, b_NX)))
    as_large = _as_large(differences, _difference(of(a_NX), of(b_NX)))
    return Test(interval=interval, p_value=_p_value(as_large, resamples), method="approximate_randomisation")


def _count_interval(pairs: Pairs, metric: CountMetric, *, seed: int, level: float, resamples: int) -> Interval:
    of_a, of_b = (
        statistics.of_kinds(metric, Kinds(gold_KC=pairs.gold_KC, said_KC=said_KC, sizes_K=pairs.sizes_K))
        for said_KC in (pairs.said_a_KC, pairs.said_b_KC)
    )
    return intervals.bca(
        lambda drawn_RK: of_a(drawn_RK) - of_b(drawn_RK),
        pairs.sizes_K,
        seed=seed,
        resamples=min(resamples, INTERVAL_RESAMPLES),
        level=level,
    )


def _binomial_half(k: int, total: int) -> float:
    """Chance of k heads in `total` throws of a fair coin."""
    return math.exp(math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) + total * math.log(0.5))


def _as_large(values_R: Floats, observed: float) -> int:
    """How many are at least as far from 0 as what was observed, with slack for rounding. Undefined ones count."""
    slack = 1e-12 * max(1.0, abs(observed))
    return int((~(np.abs(values_R) < abs(observed) - slack)).sum())


def _p_value(as_large: int, resamples: int) -> float:
    return (1 + as_large) / (1 + resamples)


def _difference(one: float | None, other: float | None) -> float:
    return math.nan if one is None or other is None else one - other

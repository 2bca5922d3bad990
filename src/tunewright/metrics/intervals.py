"""Confidence intervals. Which metric gets which was decided by measured coverage: `bench/coverage.py`.

wilson             a proportion of independent rows, and what rises with one (a class's F1).
wilson_effective   a value in [0, 1] with a known variance, by jackknife or DeLong: Wilson's interval at the number of
                   rows that would give a proportion that variance. Holds where nearly all rows are right, where every
                   bootstrap fails, because its resamples hold no error to speak of.
bca                any statistic of resampled rows: the bootstrap, corrected for bias and skewness (Efron 1987).
student_log        a value without an upper bound, from its jackknife variance: Student's interval of the logarithm of its
                   distance to the lowest possible value.
bca+wilson         a loss per row that a few wrong rows dominate: the wider of BCa and what the error rate allows.
inversion          calibration error: the values under which the error seen would be unremarkable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tunewright.metrics import student
from tunewright.metrics.metric import Booleans, Floats, Integers
from tunewright.metrics.probability import Bins, gaps

NORMAL = NormalDist()
WORK = 4_000_000
"""Most numbers held at once while resampling: 32 MB."""

Statistic = Callable[[Floats], Floats]
"""How often each kind of row was drawn, of shape (resamples, kinds), to one value per resample; NaN where undefined."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Two ends that hold the true value in `level` of all samples like this one; None with a reason where unknown."""

    low: float | None
    high: float | None
    method: str
    reason: str | None = None


def no_interval(reason: str) -> Interval:
    """An interval that is not known, and why."""
    return Interval(low=None, high=None, method="none", reason=reason)


def wilson(successes: float, rows: float, *, level: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (1927), without continuity correction. `rows` need not be whole."""
    return _wilson(successes, rows, z=NORMAL.inv_cdf((1 + level) / 2))


def _wilson(successes: float, rows: float, *, z: float) -> Interval:
    if rows <= 0:
        return no_interval("there are no rows")
    share = successes / rows
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * math.sqrt(max(share * (1 - share), 0) / rows + z * z / (4 * rows * rows))
    low = 0.0 if successes <= 0 else max(centre - half, 0.0)
    high = 1.0 if successes >= rows else min(centre + half, 1.0)
    return Interval(low=low, high=high, method="wilson")


def wilson_effective(
    value: float, *, variance: float, rows: float, level: float = 0.95, freedom: float = math.inf
) -> Interval:
    """Wilson's interval for a value in [0, 1] that is no plain proportion, from its estimated variance.

    `rows` is used where there is no variance (all rows alike), so that three perfect rows do not give a width of 0.
    `freedom`: degrees of freedom behind the variance; few make the interval wider, as Student's t does.
    """
    spread = value * (1 - value)
    # Below 1e-12 a variance is rounding: dividing one rounding error by another gave intervals of width 0.
    effective = spread / variance if spread > 1e-12 and variance > 1e-24 else rows
    by_few = math.isfinite(freedom) and spread > 1e-12
    z = student.quantile((1 + level) / 2, freedom=freedom) if by_few else NORMAL.inv_cdf((1 + level) / 2)
    interval = _wilson(value * effective, effective, z=z)
    return Interval(low=interval.low, high=interval.high, method="wilson_effective", reason=interval.reason)


def jackknife_variance(left_out_K: Floats, sizes_K: Integers) -> float:
    """Variance of a statistic from its values with one row left out, `sizes_K` rows having the same such value."""
    defined = np.isfinite(left_out_K)
    values, often = left_out_K[defined], sizes_K[defined].astype(np.float64)
    rows = often.sum()
    if rows < 2:
        return 0.0
    mean = often @ values / rows
    return float((rows - 1) / rows * (often @ np.square(values - mean)))


def student_log(value: float, left_out_N: Floats, *, lowest: float, level: float = 0.95) -> Interval:
    """Interval of a value that can't fall below `lowest`, from its values with one row left out each.

    Ratios of sums over rows are skewed where rows are; on the logarithm they hardly are, and an interval stays in range.
    """
    rows = len(left_out_N)
    if rows < 2:
        return no_interval("there are fewer than two rows")
    if value <= lowest or not (left_out_N > lowest).all():
        return no_interval("the lowest possible value: rows that differ from it are too few to tell by how much")
    variance = jackknife_variance(np.log(left_out_N - lowest), np.ones(rows, np.int64))
    if variance <= 1e-24:
        return no_interval("the rows are all alike")
    half = student.quantile((1 + level) / 2, freedom=rows - 1) * math.sqrt(variance)
    distance = value - lowest
    low, high = lowest + distance * math.exp(-half), lowest + distance * math.exp(min(half, 700.0))
    return Interval(low=low, high=high, method="student_log")


def wilson_f1(right: float, gold: float, predicted: float, *, level: float = 0.95) -> Interval:
    """Interval of one class's F1: of the rows that are of the class or said to be, `right` is a binomial share J, and
    F1 = 2 J / (1 + J) rises with it, so Wilson's ends carry over.
    """
    share = wilson(right, gold + predicted - right, level=level)
    if share.low is None or share.high is None:
        return share
    return Interval(low=2 * share.low / (1 + share.low), high=2 * share.high / (1 + share.high), method="wilson")


def draws(sizes_K: Integers, *, resamples: int, seed: int) -> Iterator[Floats]:
    """Chunks of shape (some resamples, K): how often each kind of row is drawn when all rows are drawn anew.

    `sizes_K` says how many rows are of each kind; rows that count alike need only one kind. Same seed, same draws.
    """
    rng = np.random.default_rng(seed)
    kinds, rows = len(sizes_K), int(sizes_K.sum())
    chunk = max(1, min(resamples, WORK // max(kinds, 1)))
    by_kind = kinds < rows / 4
    owner_N = np.repeat(np.arange(kinds), sizes_K)
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        if by_kind:
            yield rng.multinomial(rows, sizes_K / rows, size=size).astype(np.float64)
            continue
        counts = np.empty((size, kinds))
        for row in range(size):
            counts[row] = np.bincount(owner_N[rng.integers(0, rows, rows)], minlength=kinds)
        yield counts


def bca(statistic: Statistic, sizes_K: Integers, *, seed: int, resamples: int = 1000, level: float = 0.95) -> Interval:
    """The bias-corrected and accelerated bootstrap interval of any statistic of rows.

    `statistic` gets counts of shape (resamples, K) and gives one value each; with one kind per row it costs
    resamples x N. Resamples where the statistic is undefined are left out.
    """
    if sizes_K.sum() < 2:
        return no_interval("there are fewer than two rows")
    value = float(statistic(sizes_K[None].astype(np.float64))[0])
    replicates = np.concatenate([statistic(chunk) for chunk in draws(sizes_K, resamples=resamples, seed=seed)])
    replicates = np.sort(replicates[np.isfinite(replicates)])
    if not math.isfinite(value) or len(replicates) < resamples / 2:
        return no_interval("undefined in most resamples: too few rows of some kind")
    if replicates[0] == replicates[-1]:
        return no_interval("every resample gave the same value: the rows are all alike")
    below = np.searchsorted(replicates, value, "left") + np.searchsorted(replicates, value, "right")
    share = min(max(below / (2 * len(replicates)), 0.5 / len(replicates)), 1 - 0.5 / len(replicates))
    bias = NORMAL.inv_cdf(share)
    acceleration = _acceleration(statistic, sizes_K, seed=seed)
    ends = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        z = bias + NORMAL.inv_cdf(tail)
        ends.append(np.quantile(replicates, NORMAL.cdf(bias + z / max(1 - acceleration * z, 1e-3))))
    return Interval(low=float(min(ends[0], value)), high=float(max(ends[1], value)), method="bca")


def loss_interval(
    losses_N: Floats, *, right_N: Booleans, imagined: float, seed: int, resamples: int = 1000, level: float = 0.95
) -> Interval:
    """Interval of the mean of a loss per row that is small where the answer is right and large where it is wrong.

    BCa sees only the wrong rows that happen to be there; with two of them it covers 70 % of the time. So the interval
    is widened to what the error rate's own Wilson interval allows, wrong rows costing what they cost on average with
    one `imagined` wrong row added.
    """
    rows, wrong = len(losses_N), int((~right_N).sum())
    resampled = bca(mean_of(losses_N), np.ones(rows, np.int64), seed=seed, resamples=resamples, level=level)
    rate = wilson(wrong, rows, level=level)
    if resampled.low is None or resampled.high is None or rate.low is None or rate.high is None or wrong == rows:
        return resampled
    if_right = float(losses_N[right_N].mean())
    dearer = max((float(losses_N[~right_N].sum()) + imagined) / (wrong + 1) - if_right, 0.0)
    low, high = if_right + dearer * rate.low, if_right + dearer * rate.high
    return Interval(low=min(resampled.low, low), high=max(resampled.high, high), method="bca+wilson")


def mean_of(values_N: Floats) -> Statistic:
    """The mean over resampled rows."""
    return lambda drawn_RN: drawn_RN @ values_N / drawn_RN.sum(1)


def ece_interval(bins: Bins, *, seed: int, resamples: int = 2000, level: float = 0.95) -> Interval:
    """The calibration errors under which the error seen would lie within the middle `level` of what noise gives.

    True gaps are taken as t times the gaps seen; the ends are the t at which the error seen is the upper and the lower
    quantile of sum |t gap + noise|. A bootstrap interval fails here: near 0 all its resamples are too large.
    """
    gap_B, noise_B = gaps(bins)
    seen = float(np.abs(gap_B).sum())
    if not len(gap_B):
        return no_interval("there are no rows")
    noise_RB = np.random.default_rng(seed).standard_normal((resamples, len(gap_B))) * noise_B

    def quantile_of(scale: float, quantile: float) -> float:
        return float(np.quantile(np.abs(scale * gap_B + noise_RB).sum(1), quantile))

    def end(quantile: float) -> float:
        low, high = 0.0, 1.0
        if seen == 0 or quantile_of(0.0, quantile) >= seen:
            return 0.0
        while quantile_of(high, quantile) < seen:
            low, high = high, high * 2
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if quantile_of(middle, quantile) < seen else (low, middle)
        return high * seen

    return Interval(low=min(end((1 + level) / 2), 1.0), high=min(end((1 - level) / 2), 1.0), method="inversion")


def _acceleration(statistic: Statistic, sizes_K: Integers, *, seed: int, blocks: int = 400) -> float:
    """Skewness of the statistic from leaving out one kind of row, or where there are many, one random block."""
    sizes = sizes_K.astype(np.float64)
    kinds = len(sizes)
    if kinds <= blocks:
        left = sizes[None] - np.eye(kinds)
        often = sizes
    else:
        block_K = np.random.default_rng(seed).permutation(kinds) % blocks
        left = np.where(block_K[None] == np.arange(blocks)[:, None], 0.0, sizes)
        often = np.ones(blocks)
    values = np.concatenate([statistic(chunk) for chunk in np.array_split(left, max(1, left.size // WORK))])
    defined = np.isfinite(values)
    values, often = values[defined], often[defined]
    if not len(values):
        return 0.0
    away = (often @ values) / often.sum() - values
    spread = float(often @ away**2)
    return float(often @ away**3) / (6 * spread**1.5) if spread > 0 else 0.0

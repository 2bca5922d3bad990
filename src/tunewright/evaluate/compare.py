"""Is one system better than another on the same rows? A paired test, an interval of the difference, and a verdict.

accuracy            McNemar's mid-p test (Fagerland 2013) and Bonett and Price's interval (2012) of the paired difference
means over rows     approximate randomisation by flipping the sign of each row's difference, paired BCa interval
counts (F1, MCC)    approximate randomisation by swapping the two answers row by row, paired BCa interval
auroc               the paired DeLong test and interval
other               approximate randomisation by swapping the two answers row by row, computed anew each time

Several comparisons in one report go through `holm`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunewright.core.errors import DataError
from tunewright.evaluate.predictions import Booleans, Floats, Integers, Predictions
from tunewright.evaluate.score import value_of
from tunewright.metrics import METRICS, Interval, counts, intervals, probability, ranking, statistics
from tunewright.metrics.counts import ClassCounts, CountMetric
from tunewright.metrics.metric import Function

Verdict = Literal["a_better", "b_better", "no_difference_shown"]
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """System a against system b on one metric, over the same rows."""

    metric: str
    system_a: str
    system_b: str
    difference: float | None
    """Value of a minus value of b, in the metric's own direction: for an error, a negative number is good for a."""
    low: float | None
    high: float | None
    level: float
    p_value: float | None
    """Chance of a difference at least this large if the two were interchangeable, two-sided."""
    p_adjusted: float | None
    """The p-value after `holm`, over all comparisons of the report; the same as `p_value` for a single one."""
    method: str
    n: int
    n_changed: int
    """Rows whose answer differs between the two."""
    verdict: Verdict
    """By `p_adjusted` at 5 %."""
    reason: str | None = None
    """Why there is no test or no interval."""


def compare(
    a: Predictions,
    b: Predictions,
    *,
    metric: str,
    seed: int,
    system_a: str = "a",
    system_b: str = "b",
    level: float = 0.95,
    resamples: int = 10_000,
) -> Comparison:
    """Compare two systems on the rows that have gold; both must have answered exactly the same rows."""
    a, b = _aligned(a, b)
    tested = _test(a, b, metric=metric, seed=seed, level=level, resamples=resamples)
    comparison = Comparison(
        metric=metric,
        system_a=system_a,
        system_b=system_b,
        difference=tested.difference,
        low=tested.interval.low,
        high=tested.interval.high,
        level=level,
        p_value=tested.p_value,
        p_adjusted=tested.p_value,
        method=tested.method,
        n=len(a),
        n_changed=int(_changed(a, b).sum()),
        verdict="no_difference_shown",
        reason=tested.reason or tested.interval.reason,
    )
    return replace(comparison, verdict=_verdict(comparison))


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons, in their order, with p-values adjusted for their number (Holm 1979) and verdicts to match.

    The chance of even one false alarm among them all then stays at 5 %.
    """
    tested = sorted(
        (i for i, c in enumerate(comparisons) if c.p_value is not None), key=lambda i: comparisons[i].p_value or 0
    )
    adjusted: dict[int, float] = {}
    running = 0.0
    for place, index in enumerate(tested):
        running = max(running, min(1.0, (len(tested) - place) * (comparisons[index].p_value or 0.0)))
        adjusted[index] = running
    result = [replace(c, p_adjusted=adjusted.get(i)) for i, c in enumerate(comparisons)]
    return [replace(c, verdict=_verdict(c)) for c in result]


def mcnemar_mid_p(only_a: int, only_b: int) -> float:
    """Two-sided mid-p of McNemar's exact test: of the rows that only one system has right, how uneven is the split?"""
    total, smaller = only_a + only_b, min(only_a, only_b)
    if total == 0:
        return 1.0
    log_half = total * math.log(0.5)

    def mass(k: int) -> float:
        return math.exp(math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1) + log_half)

    if only_a == only_b:
        return 1.0 - mass(smaller)
    below, term = 0.0, mass(smaller)
    point = term
    # Terms fall by at least the ratio k / (total - k + 1) each step down; stop where they no longer count.
    for k in range(smaller, -1, -1):
        below += term
        term *= k / (total - k + 1)
        if term < 1e-18 * below:
            break
    return min(1.0, 2 * below - point)


def paired_share_interval(only_a: int, only_b: int, rows: int, *, level: float) -> Interval:
    """Interval of the difference of two shares over the same rows (Bonett and Price 2012)."""
    z = intervals.NORMAL.inv_cdf((1 + level) / 2)
    share_a, share_b = (only_a + 1) / (rows + 2), (only_b + 1) / (rows + 2)
    centre = share_a - share_b
    half = z * math.sqrt((share_a + share_b - centre**2) / (rows + 2))
    return Interval(low=max(-1.0, centre - half), high=min(1.0, centre + half), method="bonett_price")


@dataclass(frozen=True, kw_only=True)
class _Test:
    difference: float | None
    interval: Interval
    p_value: float | None
    method: str
    reason: str | None = None


def _test(a: Predictions, b: Predictions, *, metric: str, seed: int, level: float, resamples: int) -> _Test:
    value_a, value_b = value_of(a, metric), value_of(b, metric)
    if value_a is None or value_b is None:
        reason = METRICS[metric].undefined
        return _Test(
            difference=None, interval=intervals.no_interval(reason), p_value=None, method="none", reason=reason
        )
    difference = value_a - value_b
    if metric == "accuracy" or (metric == "micro_f1" and a.kind == "single_label"):
        only_a, only_b = _only(a, b)
        return _Test(
            difference=difference,
            interval=paired_share_interval(only_a, only_b, len(a), level=level),
            p_value=mcnemar_mid_p(only_a, only_b),
            method="mcnemar_mid_p",
        )
    if metric == "auroc":
        return _delong(a, b, difference=difference, level=level)
    per_row = _ROWS.get((a.kind, metric))
    if per_row is not None:
        return _mean_test(per_row(a) - per_row(b), seed=seed, level=level, resamples=resamples)
    if a.kind != "regression" and metric in _COUNTED:
        return _count_test(a, b, _COUNTED[metric], difference=difference, seed=seed, level=level, resamples=resamples)
    return _swap_test(a, b, metric=metric, difference=difference, seed=seed, level=level, resamples=resamples)


def _mean_test(differences_N: Floats, *, seed: int, level: float, resamples: int) -> _Test:
    """For a metric that is a mean over rows: under the null each row's difference may as well have the other sign."""
    observed = float(differences_N.mean())
    moving = differences_N[differences_N != 0]
    rng = np.random.default_rng(seed)
    as_large = 0
    chunk = max(1, intervals.WORK // max(len(moving), 1))
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        flipped_RN = rng.integers(0, 2, (size, len(moving)), np.int8).astype(np.float32)
        # Sum of the signed differences: the whole sum less twice what is flipped.
        sums = moving.sum() - 2 * (flipped_RN @ moving)
        as_large += _count_as_large(sums / len(differences_N), observed)
    each = np.ones(len(differences_N), np.int64)
    interval = intervals.bca(
        statistics.mean_of(differences_N), each, seed=seed, resamples=_bootstraps(resamples), level=level
    )
    p_value = (1 + as_large) / (1 + resamples)
    return _Test(difference=observed, interval=interval, p_value=p_value, method="approximate_randomisation")


def _count_test(
    a: Predictions, b: Predictions, metric: CountMetric, *, difference: float, seed: int, level: float, resamples: int
) -> _Test:
    """For a metric of counts: rows that count alike are one kind, and a resample is a number of swaps per kind."""
    pairs = _kinds_of_labels(a, b) if a.kind == "single_label" else _kinds_of_sets(a, b)
    size = pairs.sizes_K.astype(np.float64)
    gold_C, rows = size @ pairs.gold_KC, np.asarray(size.sum())

    def counted(right: Floats, predicted: Floats) -> Floats:
        return metric(ClassCounts(right=right, gold=gold_C, predicted=predicted, rows=rows))

    moving = (pairs.said_a_KC != pairs.said_b_KC).any(1)
    right_step = (pairs.right_b_KC - pairs.right_a_KC)[moving]
    said_step = (pairs.said_b_KC - pairs.said_a_KC)[moving]
    right_a, right_b = size @ pairs.right_a_KC, size @ pairs.right_b_KC
    said_a, said_b = size @ pairs.said_a_KC, size @ pairs.said_b_KC
    rng = np.random.default_rng(seed)
    as_large = 0
    chunk = max(1, intervals.WORK // (int(moving.sum()) + 6 * len(gold_C) + 1))
    for start in range(0, resamples, chunk):
        shape = (min(chunk, resamples - start), int(moving.sum()))
        swaps_RK = rng.binomial(pairs.sizes_K[moving], 0.5, shape).astype(np.float64)
        right, said = swaps_RK @ right_step, swaps_RK @ said_step
        as_large += _count_as_large(
            counted(right_a + right, said_a + said) - counted(right_b - right, said_b - said), difference
        )

    def statistic(drawn_RK: Floats) -> Floats:
        gold, drawn = drawn_RK @ pairs.gold_KC, drawn_RK.sum(1)
        values = [
            metric(ClassCounts(right=drawn_RK @ right_KC, gold=gold, predicted=drawn_RK @ said_KC, rows=drawn))
            for right_KC, said_KC in ((pairs.right_a_KC, pairs.said_a_KC), (pairs.right_b_KC, pairs.said_b_KC))
        ]
        return values[0] - values[1]

    return _Test(
        difference=difference,
        interval=intervals.bca(statistic, pairs.sizes_K, seed=seed, resamples=_bootstraps(resamples), level=level),
        p_value=(1 + as_large) / (1 + resamples),
        method="approximate_randomisation",
    )


def _swap_test(
    a: Predictions, b: Predictions, *, metric: str, difference: float, seed: int, level: float, resamples: int
) -> _Test:
    """For any other metric: swap the two systems' rows at random and compute the metric anew."""
    gold_N, a_N, b_N, function = _swappable(a, b, metric)
    rng = np.random.default_rng(seed)
    # Bounded work: 300 million row visits, but never fewer than 999 swaps.
    resamples = max(999, min(resamples, 300_000_000 // (30 * max(len(gold_N), 1))))
    as_large = 0
    for _ in range(resamples):
        swap_N = rng.integers(0, 2, len(gold_N), np.int8).astype(np.bool_)
        swap = swap_N if a_N.ndim == 1 else swap_N[:, None]
        one, other = function(gold_N, np.where(swap, b_N, a_N)), function(gold_N, np.where(swap, a_N, b_N))
        as_large += one is None or other is None or abs(one - other) >= abs(difference) - 1e-12
    interval = intervals.no_interval("no interval with measured coverage is known for this difference")
    if metric in _RESAMPLED:
        of_a, of_b = _RESAMPLED[metric](gold_N, a_N), _RESAMPLED[metric](gold_N, b_N)
        each = np.ones(len(gold_N), np.int64)
        interval = intervals.bca(
            lambda drawn_RN: of_a(drawn_RN) - of_b(drawn_RN),
            each,
            seed=seed,
            resamples=_bootstraps(resamples),
            level=level,
        )
    p_value = (1 + as_large) / (1 + resamples)
    return _Test(difference=difference, interval=interval, p_value=p_value, method="approximate_randomisation")


def _delong(a: Predictions, b: Predictions, *, difference: float, level: float) -> _Test:
    gold_NC = a.gold_sets_NC if a.kind == "multi_label" else ranking.one_hot(a.gold_index_N, len(a.names))
    influence = (
        ranking.auroc_macro(gold_NC, a.scores_NC).influence - ranking.auroc_macro(gold_NC, b.scores_NC).influence
    )
    error = float(np.sqrt(np.square(influence).sum())) / len(a)
    if error == 0:
        same = intervals.no_interval("both order the rows alike")
        return _Test(difference=difference, interval=same, p_value=1.0, method="delong")
    z = intervals.NORMAL.inv_cdf((1 + level) / 2)
    interval = Interval(low=max(-1.0, difference - z * error), high=min(1.0, difference + z * error), method="delong")
    p_value = 2 * intervals.NORMAL.cdf(-abs(difference) / error)
    return _Test(difference=difference, interval=interval, p_value=p_value, method="delong")


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Kinds of rows by gold and both answers, as indicator matrices."""

    sizes_K: Integers
    gold_KC: Floats
    said_a_KC: Floats
    said_b_KC: Floats

    @property
    def right_a_KC(self) -> Floats:
        return self.gold_KC * self.said_a_KC

    @property
    def right_b_KC(self) -> Floats:
        return self.gold_KC * self.said_b_KC


def _kinds_of_labels(a: Predictions, b: Predictions) -> _Pairs:
    width = len(a.names) + 1
    codes = (a.gold_index_N * width + a.prediction_index_N + 1) * width + b.prediction_index_N + 1
    kinds, sizes = np.unique(codes, return_counts=True)
    classes = np.arange(len(a.names))
    columns = (kinds // width**2, kinds // width % width - 1, kinds % width - 1)
    gold, said_a, said_b = ((column[:, None] == classes).astype(np.float64) for column in columns)
    return _Pairs(sizes_K=sizes, gold_KC=gold, said_a_KC=said_a, said_b_KC=said_b)


def _kinds_of_sets(a: Predictions, b: Predictions) -> _Pairs:
    together = np.concatenate([a.gold_sets_NC, a.prediction_sets_NC, b.prediction_sets_NC], axis=1)
    packed = np.ascontiguousarray(np.packbits(together, axis=1))
    _, first, sizes = np.unique(packed.view(f"V{packed.shape[1]}").ravel(), return_index=True, return_counts=True)
    gold, said_a, said_b = np.split(together[first].astype(np.float64), 3, axis=1)
    return _Pairs(sizes_K=sizes, gold_KC=gold, said_a_KC=said_a, said_b_KC=said_b)


def _swappable(a: Predictions, b: Predictions, metric: str) -> tuple[Floats, Floats, Floats, Function]:
    functions = METRICS[metric].functions
    if a.kind == "regression":
        return a.gold_value_N, a.prediction_value_N, b.prediction_value_N, functions["numbers"]
    if a.kind == "multi_label":
        return a.gold_sets_NC, a.scores_NC, b.scores_NC, functions["set_scores"]
    return a.gold_index_N, a.scores_NC, b.scores_NC, functions["label_scores"]


def _aligned(a: Predictions, b: Predictions) -> tuple[Predictions, Predictions]:
    """Both with gold only, b in the order of a, and one list of labels, so that class places mean the same."""
    a, b = a.labelled, b.labelled
    if a.kind != b.kind:
        raise DataError(f"can't compare {a.kind} with {b.kind} predictions; both must be of one kind of task")
    places = pc.index_in(a.table.column("row_id"), value_set=b.table.column("row_id").combine_chunks())
    if len(a) != len(b) or places.null_count:
        raise DataError(
            f"can't compare systems on different rows: {len(a)} and {len(b)} rows with gold, "
            f"{len(a) - places.null_count} of them in both; predict the same split with both"
        )
    table = b.table.take(places)
    if not table.column("gold").equals(a.table.column("gold")):
        raise DataError("can't compare systems whose gold differs; both files must come from the same labels")
    return _on_labels(a, b.names), _on_labels(Predictions(table=table, kind=b.kind, labels=b.labels), a.names)


def _on_labels(rows: Predictions, others: tuple[str, ...]) -> Predictions:
    """The same predictions over the sorted union of both systems' classes; unknown classes get score 0."""
    if rows.kind == "regression":
        return rows
    names = tuple(sorted({*rows.names, *others}))
    if names == rows.labels:
        return rows
    table = rows.table
    if rows.has_scores:
        wide = np.zeros((len(rows), len(names)))
        wide[:, [names.index(name) for name in rows.names]] = rows.scores_NC
        lists = pa.FixedSizeListArray.from_arrays(pa.array(wide.ravel()), len(names)).cast(pa.list_(pa.float64()))
        table = table.set_column(table.column_names.index("scores"), "scores", lists)
    return Predictions(table=table, kind=rows.kind, labels=names)


def _changed(a: Predictions, b: Predictions) -> Booleans:
    if a.kind == "multi_label":
        return np.asarray((a.prediction_sets_NC != b.prediction_sets_NC).any(1))
    if a.kind == "regression":
        return np.asarray(a.prediction_value_N != b.prediction_value_N)
    return np.asarray(a.prediction_index_N != b.prediction_index_N)


def _only(a: Predictions, b: Predictions) -> tuple[int, int]:
    """Rows that only a, and that only b has right."""
    right_a, right_b = _right(a), _right(b)
    return int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())


def _right(rows: Predictions) -> Booleans:
    if rows.kind == "multi_label":
        return np.asarray((rows.gold_sets_NC == rows.prediction_sets_NC).all(1))
    return np.asarray(rows.gold_index_N == rows.prediction_index_N)


def _verdict(comparison: Comparison) -> Verdict:
    if comparison.p_adjusted is None or not comparison.difference or comparison.p_adjusted >= ALPHA:
        return "no_difference_shown"
    higher = METRICS[comparison.metric].higher_is_better
    return "a_better" if (comparison.difference > 0) == higher else "b_better"


def _count_as_large(values: Floats, observed: float) -> int:
    """How many are at least as far from 0 as what was observed; 1e-12 of slack for rounding. Undefined ones count."""
    return int((~(np.abs(values) < abs(observed) - 1e-12)).sum())


def _bootstraps(resamples: int) -> int:
    """An interval needs fewer resamples than a small p-value does."""
    return min(resamples, 2000)


_COUNTED: dict[str, CountMetric] = {
    "balanced_accuracy": counts.balanced_accuracy, "macro_f1": counts.macro_f1, "micro_f1": counts.micro_f1,
    "weighted_f1": counts.weighted_f1, "mcc": counts.mcc,
}  # fmt: skip
_ROWS: dict[tuple[str, str], Callable[[Predictions], Floats]] = {
    ("single_label", "brier"): lambda rows: probability.brier_rows(rows.gold_index_N, rows.scores_NC),
    ("single_label", "nll"): lambda rows: probability.nll_rows(rows.gold_index_N, rows.scores_NC),
    ("multi_label", "brier"): lambda rows: probability.brier_sets_rows(rows.gold_sets_NC, rows.scores_NC),
    ("multi_label", "nll"): lambda rows: probability.nll_sets_rows(rows.gold_sets_NC, rows.scores_NC),
    ("multi_label", "hamming_loss"): lambda rows: (rows.gold_sets_NC != rows.prediction_sets_NC).mean(1),
    ("regression", "mae"): lambda rows: np.abs(rows.gold_value_N - rows.prediction_value_N),
}
_RESAMPLED: dict[str, Callable[[Floats, Floats], intervals.Statistic]] = {
    "rmse": lambda gold_N, said_N: statistics.root_mean_of(np.square(gold_N - said_N)),
    "pearson": statistics.pearson_of,
    "spearman": statistics.spearman_of,
    "r2": statistics.r2_of,
}

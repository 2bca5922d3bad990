"""Scores: every metric of a file of predictions with an interval, or with the reason why there is none.

Per-class figures are scores of the slice `label=NAME`. Which interval a metric gets was decided by measured coverage
(`bench/coverage.py`): Wilson for what is a proportion, effective Wilson where the variance is known, else BCa.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tunewright.core.errors import DataError
from tunewright.evaluate.predictions import Booleans, Floats, Integers, Kind, Predictions
from tunewright.metrics import METRICS, Interval, counts, intervals, probability, ranking, statistics
from tunewright.metrics.counts import ClassCounts, CountMetric
from tunewright.metrics.metric import finite


@dataclass(frozen=True, kw_only=True)
class Score:
    """One number of one system on one split, with the interval that holds its true value in `level` of all samples."""

    metric: str
    value: float | None
    low: float | None
    high: float | None
    level: float
    interval_method: str
    n: int
    """Rows that the number is about."""
    split: str
    slice: str | None
    """None for all rows, else for instance `label=refund`."""
    system: str
    signature: str
    """The exact definition in short."""
    reason: str | None = None
    """Why there is no value, or no interval."""


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """A value and its interval before it gets the name of its system."""

    metric: str
    value: float | None
    interval: Interval
    n: int
    slice: str | None = None
    signature: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Resampling:
    seed: int
    resamples: int
    level: float


def score(
    predictions: Predictions,
    *,
    split: str,
    system: str,
    seed: int,
    level: float = 0.95,
    resamples: int = 1000,
) -> list[Score]:
    """All metrics that the predictions allow, over the rows that have gold; per-class ones after the whole ones."""
    rows = predictions.labelled
    how = _Resampling(seed=seed, resamples=resamples, level=level)
    return [
        Score(
            metric=figure.metric,
            value=figure.value,
            low=figure.interval.low if figure.value is not None else None,
            high=figure.interval.high if figure.value is not None else None,
            level=level,
            interval_method=figure.interval.method if figure.value is not None else "none",
            n=figure.n,
            split=split,
            slice=figure.slice,
            system=system,
            signature=figure.signature or METRICS[figure.metric].signature,
            reason=figure.reason
            or (METRICS[figure.metric].undefined if figure.value is None else figure.interval.reason),
        )
        for figure in _FIGURES[predictions.kind](rows, how)
    ]


def value_of(predictions: Predictions, metric: str) -> float | None:
    """One metric of the rows that have gold, without an interval; None where it is undefined."""
    rows = predictions.labelled
    functions = METRICS[metric].functions
    if rows.kind == "single_label" and "labels" in functions:
        return functions["labels"](rows.gold_index_N, rows.prediction_index_N)
    if rows.kind == "single_label" and "label_scores" in functions:
        return functions["label_scores"](rows.gold_index_N, rows.scores_NC)
    if rows.kind == "multi_label" and "sets" in functions:
        return functions["sets"](rows.gold_sets_NC, rows.prediction_sets_NC)
    if rows.kind == "multi_label" and "set_scores" in functions:
        return functions["set_scores"](rows.gold_sets_NC, rows.scores_NC)
    if rows.kind == "regression" and "numbers" in functions:
        return functions["numbers"](rows.gold_value_N, rows.prediction_value_N)
    raise DataError(
        f"the metric `{metric}` is not for {rows.kind} predictions; {', '.join(metrics_for(rows.kind))} are"
    )


def metrics_for(kind: Kind) -> list[str]:
    """The names of the metrics that fit a kind of task."""
    fitting = {
        "single_label": {"labels", "label_scores"}, "multi_label": {"sets", "set_scores"}, "regression": {"numbers"},
    }[kind]  # fmt: skip
    return [name for name, metric in METRICS.items() if fitting & set(metric.functions)]


def _single_label(rows: Predictions, how: _Resampling) -> Iterator[_Figure]:
    gold_N, prediction_N, n = rows.gold_index_N, rows.prediction_index_N, len(rows)
    counted = counts.count_labels(gold_N, prediction_N, len(rows.names))
    kinds = statistics.kinds_of_labels(gold_N, prediction_N, len(rows.names))
    right = float(counted.right.sum())
    yield _Figure(
        metric="accuracy",
        value=finite(counts.accuracy(counted)),
        interval=intervals.wilson(right, n, level=how.level),
        n=n,
    )
    for name, metric in _COUNTED.items():
        interval = _bca(statistics.of_kinds(metric, kinds), kinds.sizes_K, how)
        yield _Figure(metric=name, value=finite(metric(counted)), interval=interval, n=n)
    if rows.has_scores:
        scores_NC = rows.scores_NC
        yield _auroc(ranking.one_hot(gold_N, len(rows.names)), scores_NC, rows, how)
        yield _mean("brier", probability.brier_rows(gold_N, scores_NC), how)
        yield _mean("nll", probability.nll_rows(gold_N, scores_NC), how)
        bins = probability.bin_confidence(*probability.top_label(gold_N, scores_NC))
        yield _Figure(metric="ece", value=probability.ece_of(bins), interval=_PLUG_IN, n=n)
        yield _Figure(
            metric="ece_debiased",
            value=probability.ece_debiased_of(bins),
            interval=intervals.ece_interval(bins, seed=how.seed, level=how.level),
            n=n,
        )
    yield from _per_class(rows, counted, how)


def _multi_label(rows: Predictions, how: _Resampling) -> Iterator[_Figure]:
    gold_NC, prediction_NC, n = rows.gold_sets_NC, rows.prediction_sets_NC, len(rows)
    counted = counts.count_sets(gold_NC, prediction_NC)
    right = float((gold_NC == prediction_NC).all(1).sum())
    yield _Figure(
        metric="accuracy",
        value=counts.subset_accuracy(gold_NC, prediction_NC),
        interval=intervals.wilson(right, n, level=how.level),
        n=n,
    )
    each = np.ones(n, np.int64)
    for name in ("micro_f1", "macro_f1", "weighted_f1"):
        metric = _COUNTED[name]
        interval = _bca(statistics.of_sets(metric, gold_NC, prediction_NC), each, how)
        yield _Figure(metric=name, value=finite(metric(counted)), interval=interval, n=n)
    yield _mean("hamming_loss", (gold_NC != prediction_NC).mean(1) if gold_NC.size else np.zeros(0), how)
    if rows.has_scores:
        scores_NC = rows.scores_NC
        yield _auroc(gold_NC, scores_NC, rows, how)
        yield _mean("brier", probability.brier_sets_rows(gold_NC, scores_NC), how)
        yield _mean("nll", probability.nll_sets_rows(gold_NC, scores_NC), how)
        yield _Figure(metric="ece", value=probability.ece_sets(gold_NC, scores_NC), interval=_PLUG_IN, n=n)
    yield from _per_class(rows, counted, how)


def _regression(rows: Predictions, how: _Resampling) -> Iterator[_Figure]:
    gold_N, said_N = rows.gold_value_N, rows.prediction_value_N
    each = np.ones(len(rows), np.int64)
    error_N = gold_N - said_N
    resampled: dict[str, Callable[[], intervals.Statistic]] = {
        "mae": lambda: statistics.mean_of(np.abs(error_N)),
        "rmse": lambda: statistics.root_mean_of(np.square(error_N)),
        "pearson": lambda: statistics.pearson_of(gold_N, said_N),
        "spearman": lambda: statistics.spearman_of(gold_N, said_N),
        "r2": lambda: statistics.r2_of(gold_N, said_N),
    }
    for name, statistic in resampled.items():
        value = METRICS[name].functions["numbers"](gold_N, said_N)
        interval = _bca(statistic(), each, how) if value is not None else intervals.no_interval("there is no value")
        yield _Figure(metric=name, value=value, interval=interval, n=len(rows))


def _per_class(rows: Predictions, counted: ClassCounts, how: _Resampling) -> Iterator[_Figure]:
    """Precision, recall and F1 of each class; each is a proportion of rows, or rises with one."""
    for place, name in enumerate(rows.names):
        right, gold, predicted = (
            float(counted.right[place]),
            float(counted.gold[place]),
            float(counted.predicted[place]),
        )
        where = f"label={name}"
        yield _Figure(
            metric="precision", slice=where, n=int(predicted), signature="right/predicted",
            value=right / predicted if predicted else None, interval=intervals.wilson(right, predicted, level=how.level),
            reason=None if predicted else "the class was never predicted",
        )  # fmt: skip
        yield _Figure(
            metric="recall", slice=where, n=int(gold), signature="right/gold",
            value=right / gold if gold else None, interval=intervals.wilson(right, gold, level=how.level),
            reason=None if gold else "the class is not in gold",
        )  # fmt: skip
        either = gold + predicted - right
        yield _Figure(
            metric="f1", slice=where, n=int(either), signature="2 right/(gold + predicted)",
            value=2 * right / (gold + predicted) if either else None,
            interval=intervals.wilson_f1(right, gold, predicted, level=how.level),
            reason=None if either else "the class is neither in gold nor predicted",
        )  # fmt: skip


def _auroc(gold_NC: Booleans, scores_NC: Floats, rows: Predictions, how: _Resampling) -> _Figure:
    ranked = ranking.auroc_macro(gold_NC, scores_NC)
    n = len(gold_NC)
    if ranked.value is None:
        return _Figure(metric="auroc", value=None, interval=intervals.no_interval("there is no value"), n=n)
    interval = intervals.wilson_effective(
        ranked.value,
        variance=float(np.square(ranked.influence).sum()) / n**2,
        rows=ranked.smallest_side,
        level=how.level,
    )
    signature = f"{METRICS['auroc'].signature}|{ranked.classes} of {len(rows.names)} classes"
    return _Figure(metric="auroc", value=ranked.value, interval=interval, n=n, signature=signature)


def _mean(metric: str, values_N: Floats, how: _Resampling) -> _Figure:
    """A metric that is the mean of one number per row."""
    n = len(values_N)
    value = finite(values_N.mean()) if n else None
    return _Figure(
        metric=metric, value=value, interval=_bca(statistics.mean_of(values_N), np.ones(n, np.int64), how), n=n
    )


def _bca(statistic: intervals.Statistic, sizes_K: Integers, how: _Resampling) -> Interval:
    return intervals.bca(statistic, sizes_K, seed=how.seed, resamples=how.resamples, level=how.level)


_COUNTED: dict[str, CountMetric] = {
    "balanced_accuracy": counts.balanced_accuracy,
    "macro_f1": counts.macro_f1,
    "micro_f1": counts.micro_f1,
    "weighted_f1": counts.weighted_f1,
    "mcc": counts.mcc,
}
_PLUG_IN = intervals.no_interval("the plug-in error is too large by construction; `ece_debiased` has an interval")
_FIGURES: dict[Kind, Callable[[Predictions, _Resampling], Iterator[_Figure]]] = {
    "single_label": _single_label, "multi_label": _multi_label, "regression": _regression,
}  # fmt: skip

"""Scores: every metric of a file of predictions with an interval, or with the reason why there is none.

Per-class figures are scores of the slice `label=NAME`. Which interval a metric gets was decided by measured coverage
(`bench/coverage.py`): Wilson for a proportion, Wilson at an effective number of rows where the metric has a range and
a variance, else BCa.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from tunewright.core.errors import DataError
from tunewright.evaluate.figure import NO_VALUE, Figure, How, bca, share, within
from tunewright.evaluate.predictions import Kind, Predictions
from tunewright.evaluate.score_sums import summed, summed_spans
from tunewright.evaluate.sums import SUMMED, statistics_of
from tunewright.metrics import METRICS, TEXT_METRICS, counts, intervals, probability, ranking, statistics
from tunewright.metrics.counts import ClassCounts
from tunewright.metrics.metric import Booleans, Floats, Integers, finite
from tunewright.metrics.text.metric import TextMetric


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


def score(
    predictions: Predictions,
    *,
    split: str,
    system: str,
    seed: int,
    level: float = 0.95,
    resamples: int = 1000,
    metrics: Collection[str] | None = None,
    texts: Mapping[str, TextMetric] = TEXT_METRICS,
) -> list[Score]:
    """All metrics that the predictions allow, over the rows that have gold; per-class ones after the whole ones.

    `metrics`: only these; of texts, those that are not asked for cost no time. `texts`: the metrics of texts.
    """
    rows = predictions.labelled
    how = How(seed=seed, resamples=resamples, level=level, metrics=metrics, texts=texts)
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
        if how.wants(figure.metric)
    ]


def value_of(predictions: Predictions, metric: str, *, texts: Mapping[str, TextMetric] = TEXT_METRICS) -> float | None:
    """One metric of the rows that have gold, without an interval; None where it is undefined."""
    rows = predictions.labelled
    if rows.kind in SUMMED:
        return statistics_of(rows, metric, texts=texts).value
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
        "text": {"texts"}, "spans": {"spans", "tags"},
    }[kind]  # fmt: skip
    return [name for name, metric in METRICS.items() if fitting & set(metric.functions)]


def _single_label(rows: Predictions, how: How) -> Iterator[Figure]:
    gold_N, prediction_N, n = rows.gold_index_N, rows.prediction_index_N, len(rows)
    counted = counts.count_labels(gold_N, prediction_N, len(rows.names))
    for name in ("accuracy", "micro_f1"):
        interval = intervals.wilson(float(counted.right.sum()), n, level=how.level)
        yield Figure(metric=name, value=METRICS[name].functions["labels"](gold_N, prediction_N), interval=interval, n=n)
    kinds = statistics.kinds_of_labels(gold_N, prediction_N, len(rows.names))
    for name in ("balanced_accuracy", "macro_f1", "weighted_f1", "mcc"):
        yield _counted(name, counted, kinds, how)
    if rows.has_scores:
        yield from _probabilities(gold_N, rows.scores_NC, how)
    yield from _per_class(rows, counted, how)


def _probabilities(gold_N: Integers, scores_NC: Floats, how: How) -> Iterator[Figure]:
    n = len(gold_N)
    yield _auroc(ranking.one_hot(gold_N, scores_NC.shape[1]), scores_NC, how)
    for name, per_row in (("brier", probability.brier_rows), ("nll", probability.nll_rows)):
        yield _loss(name, per_row, gold_N, scores_NC, how)
    bins = probability.bin_confidence(*probability.top_label(gold_N, scores_NC))
    yield Figure(metric="ece", value=probability.ece_of(bins), interval=_PLUG_IN, n=n)
    yield Figure(
        metric="ece_debiased",
        value=probability.ece_debiased_of(bins),
        interval=intervals.ece_interval(bins, seed=how.seed, level=how.level),
        n=n,
    )


def _multi_label(rows: Predictions, how: How) -> Iterator[Figure]:
    gold_NC, prediction_NC, n = rows.gold_sets_NC, rows.prediction_sets_NC, len(rows)
    right = float((gold_NC == prediction_NC).all(1).sum())
    yield Figure(
        metric="accuracy",
        value=counts.subset_accuracy(gold_NC, prediction_NC),
        interval=intervals.wilson(right, n, level=how.level),
        n=n,
    )
    counted, kinds = counts.count_sets(gold_NC, prediction_NC), statistics.kinds_of_sets(gold_NC, prediction_NC)
    for name in ("micro_f1", "macro_f1", "weighted_f1"):
        yield _counted(name, counted, kinds, how)
    yield share("hamming_loss", _row_means(gold_NC != prediction_NC), how)
    if rows.has_scores:
        scores_NC = rows.scores_NC
        yield _auroc(gold_NC, scores_NC, how)
        yield share("brier", _row_means(np.square(scores_NC - gold_NC)), how)
        losses_N = probability.nll_sets_rows(gold_NC, scores_NC)
        yield Figure(
            metric="nll",
            value=finite(losses_N.mean()) if n else None,
            interval=bca(intervals.mean_of(losses_N), np.ones(n, np.int64), how),
            n=n,
        )
        yield Figure(metric="ece", value=probability.ece_sets(gold_NC, scores_NC), interval=_SETS_PLUG_IN, n=n)
    yield from _per_class(rows, counted, how)


def _regression(rows: Predictions, how: How) -> Iterator[Figure]:
    gold_N, said_N = rows.gold_value_N, rows.prediction_value_N
    each = np.ones(len(rows), np.int64)
    for name, statistic in statistics.OF_NUMBERS.items():
        value = METRICS[name].functions["numbers"](gold_N, said_N)
        interval = NO_VALUE if value is None else bca(statistic(gold_N, said_N), each, how)
        yield Figure(metric=name, value=value, interval=interval, n=len(rows))


def _per_class(rows: Predictions, counted: ClassCounts, how: How) -> Iterator[Figure]:
    """Precision, recall and F1 of each class; each is a proportion of rows, or rises with one."""
    for place, name in enumerate(rows.names):
        right, gold, predicted = (float(of[place]) for of in (counted.right, counted.gold, counted.predicted))
        where, either = f"label={name}", gold + predicted - right
        yield Figure(
            metric="precision",
            slice=where,
            n=int(predicted),
            signature="right/predicted",
            value=right / predicted if predicted else None,
            interval=intervals.wilson(right, predicted, level=how.level),
            reason=None if predicted else "the class was never predicted",
        )
        yield Figure(
            metric="recall",
            slice=where,
            n=int(gold),
            signature="right/gold",
            value=right / gold if gold else None,
            interval=intervals.wilson(right, gold, level=how.level),
            reason=None if gold else "the class is not in gold",
        )
        yield Figure(
            metric="f1",
            slice=where,
            n=int(either),
            signature="2 right/(gold + predicted)",
            value=2 * right / (gold + predicted) if either else None,
            interval=intervals.wilson_f1(right, gold, predicted, level=how.level),
            reason=None if either else "the class is neither in gold nor predicted",
        )


def _counted(name: str, counted: ClassCounts, kinds: statistics.Kinds, how: How) -> Figure:
    """A metric of counts, with the jackknife's variance."""
    metric = counts.COUNT_METRICS[name]
    variance = intervals.jackknife_variance(statistics.left_out(metric, kinds), kinds.sizes_K)
    value, n = finite(metric(counted)), int(counted.rows)
    return within(name, value, METRICS[name].range, variance=variance, n=n, how=how)


def _auroc(gold_NC: Booleans, scores_NC: Floats, how: How) -> Figure:
    ranked, n = ranking.auroc_macro(gold_NC, scores_NC), len(gold_NC)
    if ranked.value is None:
        return Figure(metric="auroc", value=None, interval=NO_VALUE, n=n)
    interval = intervals.wilson_effective(
        ranked.value, variance=ranked.variance, rows=ranked.smallest_side, freedom=max(ranked.freedom, 3.0),
        level=how.level,
    )  # fmt: skip
    signature = f"{METRICS['auroc'].signature}|{ranked.classes} of {gold_NC.shape[1]} classes"
    return Figure(metric="auroc", value=ranked.value, interval=interval, n=n, signature=signature)


def _loss(
    name: str, per_row: Callable[[Integers, Floats], Floats], gold_N: Integers, scores_NC: Floats, how: How
) -> Figure:
    """Brier or NLL, with the wrong row imagined that the model itself thinks likeliest: its second choice is right."""
    n = len(gold_N)
    losses_N = per_row(gold_N, scores_NC)
    if n < 2 or scores_NC.shape[1] < 2:
        interval = intervals.no_interval("there are fewer than two rows or classes")
        return Figure(metric=name, value=finite(losses_N.mean()) if n else None, interval=interval, n=n)
    confidence_N, right_N = probability.top_label(gold_N, scores_NC)
    second_N = np.argpartition(-scores_NC, 1, axis=1)[:, 1]
    doubt_N = np.maximum(1 - confidence_N, 1e-300)
    imagined = float(doubt_N @ per_row(second_N, scores_NC) / doubt_N.sum())
    interval = intervals.loss_interval(
        losses_N, right_N=right_N, imagined=imagined, seed=how.seed, resamples=how.resamples, level=how.level
    )
    return Figure(metric=name, value=finite(losses_N.mean()), interval=interval, n=n)


def _row_means(matrix_NC: Booleans | Floats) -> Floats:
    return np.asarray(matrix_NC.mean(1) if matrix_NC.size else np.zeros(len(matrix_NC)), np.float64)


_PLUG_IN = intervals.no_interval("the plug-in error is too large by construction; `ece_debiased` has an interval")
_SETS_PLUG_IN = intervals.no_interval("the plug-in error is too large by construction; `brier` has an interval")
_FIGURES: dict[Kind, Callable[[Predictions, How], Iterator[Figure]]] = {
    "single_label": _single_label, "multi_label": _multi_label, "regression": _regression,
    "text": summed, "spans": summed_spans,
}  # fmt: skip

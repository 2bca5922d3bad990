"""Figures of texts and spans: every metric that is about any of the rows, each with an interval."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isfinite

import numpy as np

from tunewright.evaluate.figure import NO_VALUE, Figure, How, share, within
from tunewright.evaluate.predictions import Predictions
from tunewright.evaluate.sums import Statistics, names_for, statistics_of
from tunewright.metrics import METRICS, SPAN_METRICS, intervals, spans
from tunewright.metrics.metric import Floats, finite

Combine = Callable[[Floats], Floats]


def summed(rows: Predictions, how: How) -> Iterator[Figure]:
    """The metrics over all rows; one that is about none of them is left out."""
    for name in names_for(rows.kind, texts=how.texts):
        if not how.wants(name):
            continue
        statistics = statistics_of(rows, name, texts=how.texts)
        used_NK = statistics.rows_NK[statistics.used_N]
        if len(used_NK) or not len(rows):
            yield replace(figure_of(name, used_NK, statistics, how), signature=statistics.signature)


def summed_spans(rows: Predictions, how: How) -> Iterator[Figure]:
    """`summed`, and precision, recall and F1 of each label."""
    yield from summed(rows, how)
    of_labels_N3C = spans.statistics(rows.gold_spans, rows.prediction_spans, rows.names).reshape(
        len(rows), 3, len(rows.names)
    )
    for place, label in enumerate(rows.names):
        statistics_N3 = of_labels_N3C[:, :, place]
        _, gold, said = statistics_N3.sum(0)
        for name, like, n, signature, reason in (
            ("precision", "span_precision", said, "right/said", "the label was never said"),
            ("recall", "span_recall", gold, "right/gold", "the label is not in gold"),
            ("f1", "span_f1", gold + said, "2 right/(gold + said)", "the label is neither in gold nor said"),
        ):
            figure = _of_sums(like, statistics_N3, SPAN_METRICS[like], how)
            why = None if n else reason
            yield replace(figure, metric=name, slice=f"label={label}", n=int(n), signature=signature, reason=why)


def figure_of(name: str, used_NK: Floats, statistics: Statistics, how: How) -> Figure:
    """The metric over some rows of its statistics. Which interval it gets was decided by measured coverage."""
    n = len(used_NK)
    if statistics.shape == "rate":
        so = float(used_NK[:, 0].sum())
        return Figure(metric=name, value=so / n if n else None, interval=intervals.wilson(so, n, level=how.level), n=n)
    if statistics.shape == "mean":
        return share(name, used_NK[:, 0], how)
    return _of_sums(name, used_NK, statistics.combine, how)


def _of_sums(name: str, used_NK: Floats, combine: Combine, how: How) -> Figure:
    """By the jackknife over rows: what stands in one row is not independent."""
    n, sums_K, (lowest, highest) = len(used_NK), used_NK.sum(0), METRICS[name].range
    value = finite(combine(sums_K)) if n else None
    if value is None:
        return Figure(metric=name, value=None, interval=NO_VALUE, n=n)
    left_out_N = combine(sums_K - used_NK)
    if isfinite(highest):
        variance = intervals.jackknife_variance(left_out_N, np.ones(n, np.int64))
        return within(name, value, (lowest, highest), variance=variance, n=n, how=how)
    interval = intervals.student_log(value, left_out_N, lowest=lowest, level=how.level)
    return Figure(metric=name, value=value, interval=interval, n=n)

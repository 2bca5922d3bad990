"""One number per row whose mean is the metric: what makes any smooth metric as easy to analyse as accuracy.

For a mean over rows it is the row's own part. For a metric of counts it is the jackknife's pseudo-value,
N m - (N - 1) m_without_the_row; for the others the metric plus the row's influence. Their mean is the metric, and their
variance over N the metric's variance, up to terms of order 1 / N.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tunewright.evaluate.predictions import Predictions
from tunewright.evaluate.score import value_of
from tunewright.evaluate.sums import SUMMED, Statistics, statistics_of
from tunewright.metrics import counts, probability, ranking, statistics
from tunewright.metrics.metric import Booleans, Floats


def row_values(rows: Predictions, metric: str) -> Floats | None:
    """N values whose mean is the metric; None where it can't be taken apart so. `rows` must all have gold."""
    if rows.kind in SUMMED:
        return _of_sums(statistics_of(rows, metric))
    if (rows.kind, metric) in OF_ROWS:
        return OF_ROWS[rows.kind, metric](rows)
    if rows.kind in ("single_label", "multi_label") and metric in counts.COUNT_METRICS:
        return _of_counts(rows, metric)
    if metric == "auroc":
        ranked = auroc(rows)
        return None if ranked.value is None else ranked.value + ranked.influence
    if rows.kind == "regression" and metric in _OF_NUMBERS and value_of(rows, metric) is not None:
        return _OF_NUMBERS[metric](rows.gold_value_N, rows.prediction_value_N)
    return None


def right(rows: Predictions) -> Booleans:
    """Whether each answer is right as a whole: all of its labels or spans; a text that is one of the references."""
    if rows.kind in SUMMED:
        return np.asarray(statistics_of(rows, "exact_match").rows_NK[:, 0] > 0)
    if rows.kind == "multi_label":
        return np.asarray((rows.gold_sets_NC == rows.prediction_sets_NC).all(1))
    return np.asarray(rows.gold_index_N == rows.prediction_index_N)


def auroc(rows: Predictions) -> ranking.Ranking:
    """Mean AUROC over the classes, and each row's influence on it."""
    sets = rows.kind == "multi_label"
    gold_NC = rows.gold_sets_NC if sets else ranking.one_hot(rows.gold_index_N, len(rows.names))
    return ranking.auroc_macro(gold_NC, rows.scores_NC)


def _of_sums(of: Statistics) -> Floats | None:
    """Pseudo-values of the jackknife; None where the metric is not about every row."""
    n = len(of.rows_NK)
    if n < 2 or not of.used_N.all() or of.value is None:
        return None
    return _pseudo_values(of.value, of.combine(of.rows_NK.sum(0) - of.rows_NK))


def _pseudo_values(value: float, without_N: Floats) -> Floats:
    """From the metric, and the metric without each row; where that is undefined the row counts as the metric."""
    n = len(without_N)
    return np.where(np.isfinite(without_N), n * value - (n - 1) * without_N, value)


def _of_counts(rows: Predictions, metric: str) -> Floats | None:
    if rows.kind == "multi_label":
        gold_NC, said_NC = rows.gold_sets_NC, rows.prediction_sets_NC
    else:
        classes = len(rows.names)
        gold_NC = ranking.one_hot(rows.gold_index_N, classes)
        said_NC = ranking.one_hot(rows.prediction_index_N, classes)
    n = len(rows)
    each = statistics.Kinds(
        gold_KC=gold_NC.astype(np.float64), said_KC=said_NC.astype(np.float64), sizes_K=np.ones(n, np.int64)
    )
    of = counts.COUNT_METRICS[metric]
    value = float(of(counts.count_sets(gold_NC, said_NC)))
    if n < 2 or not np.isfinite(value):
        return None
    return _pseudo_values(value, statistics.left_out(of, each))


def _rmse(gold_N: Floats, said_N: Floats) -> Floats:
    squared_N = np.square(gold_N - said_N)
    value = float(np.sqrt(squared_N.mean()))
    return value + (squared_N - value**2) / (2 * value) if value else np.zeros(len(gold_N))


def _pearson(gold_N: Floats, said_N: Floats) -> Floats:
    x_N, y_N = ((of - of.mean()) / of.std() for of in (gold_N, said_N))
    value = float((x_N * y_N).mean())
    return np.asarray(value + x_N * y_N - value * (np.square(x_N) + np.square(y_N)) / 2)


def _r2(gold_N: Floats, said_N: Floats) -> Floats:
    squared_N, centred_N = np.square(gold_N - said_N), np.square(gold_N - gold_N.mean())
    error, spread = float(squared_N.mean()), float(centred_N.mean())
    return np.asarray(1 - squared_N / spread + error * (centred_N - spread) / spread**2)


_OF_NUMBERS: dict[str, Callable[[Floats, Floats], Floats]] = {"rmse": _rmse, "pearson": _pearson, "r2": _r2}

OF_ROWS: dict[tuple[str, str], Callable[[Predictions], Floats]] = {
    ("single_label", "accuracy"): lambda rows: right(rows).astype(np.float64),
    ("multi_label", "accuracy"): lambda rows: right(rows).astype(np.float64),
    ("single_label", "micro_f1"): lambda rows: right(rows).astype(np.float64),
    ("single_label", "brier"): lambda rows: probability.brier_rows(rows.gold_index_N, rows.scores_NC),
    ("single_label", "nll"): lambda rows: probability.nll_rows(rows.gold_index_N, rows.scores_NC),
    ("multi_label", "brier"): lambda rows: probability.brier_sets_rows(rows.gold_sets_NC, rows.scores_NC),
    ("multi_label", "nll"): lambda rows: probability.nll_sets_rows(rows.gold_sets_NC, rows.scores_NC),
    ("multi_label", "hamming_loss"): lambda rows: (rows.gold_sets_NC != rows.prediction_sets_NC).mean(1),
    ("regression", "mae"): lambda rows: np.abs(rows.gold_value_N - rows.prediction_value_N),
}
"""The metrics that are means over rows, with what each row adds."""

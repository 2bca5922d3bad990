"""Metrics of decisions. All are functions of three counts per class, so a thousand resamples cost one matrix product.

    right      rows of the class that were said to be of it (true positives)
    gold       rows of the class
    predicted  rows said to be of it

Shapes: N rows, C classes; `...` stands for any leading axes, for instance resamples. The same three counts serve
single-label rows (each row one class) and multi-label rows (each row any set of classes). Where scikit-learn has the
metric, the value is scikit-learn's; a class that is neither in gold nor predicted is left out of averages, as there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tunewright.metrics.metric import Booleans, Floats, Integers, divide, finite


@dataclass(frozen=True, kw_only=True)
class ClassCounts:
    """Three counts per class, as floats of shape (..., C), and the number of rows, of shape (...)."""

    right: Floats
    gold: Floats
    predicted: Floats
    rows: Floats


CountMetric = Callable[[ClassCounts], Floats]
"""Value per leading axis, NaN where undefined; only `value_of` hands values out of this package."""


def count_labels(gold_N: Integers, prediction_N: Integers, num_classes: int | None = None) -> ClassCounts:
    """The counts of single-label rows. A prediction of -1 is no answer: wrong, and no class of its own."""
    size = num_classes or int(max(gold_N.max(initial=-1), prediction_N.max(initial=-1))) + 1
    return ClassCounts(
        right=np.bincount(gold_N[gold_N == prediction_N], minlength=size).astype(np.float64),
        gold=np.bincount(gold_N, minlength=size).astype(np.float64),
        predicted=np.bincount(prediction_N[prediction_N >= 0], minlength=size).astype(np.float64),
        rows=np.asarray(len(gold_N), np.float64),
    )


def count_sets(gold_NC: Booleans, prediction_NC: Booleans) -> ClassCounts:
    """The counts of multi-label rows."""
    return ClassCounts(
        right=(gold_NC & prediction_NC).sum(0).astype(np.float64),
        gold=gold_NC.sum(0).astype(np.float64),
        predicted=prediction_NC.sum(0).astype(np.float64),
        rows=np.asarray(len(gold_NC), np.float64),
    )


def confusion_matrix(gold_N: Integers, prediction_N: Integers, num_classes: int) -> Integers:
    """Rows by gold class (first axis) and predicted class (second axis); rows without an answer (-1) are left out."""
    answered = prediction_N >= 0
    cells = np.bincount(gold_N[answered] * num_classes + prediction_N[answered], minlength=num_classes * num_classes)
    return cells.reshape(num_classes, num_classes)


def accuracy(counts: ClassCounts) -> Floats:
    """Share of single-label rows that are right."""
    return divide(counts.right.sum(-1), counts.rows)


def recall(counts: ClassCounts) -> Floats:
    """Per class: of the rows of the class, the share found."""
    return divide(counts.right, counts.gold)


def precision(counts: ClassCounts) -> Floats:
    """Per class: of the rows said to be of the class, the share that is."""
    return divide(counts.right, counts.predicted)


def f1(counts: ClassCounts) -> Floats:
    """Per class: the harmonic mean of precision and recall, 2 right / (gold + predicted)."""
    return divide(2 * counts.right, counts.gold + counts.predicted)


def balanced_accuracy(counts: ClassCounts) -> Floats:
    """Mean recall over the classes in gold."""
    return _mean_of_defined(recall(counts))


def macro_f1(counts: ClassCounts) -> Floats:
    """Mean F1 over the classes in gold or predicted."""
    return _mean_of_defined(f1(counts))


def micro_f1(counts: ClassCounts) -> Floats:
    """F1 of all decisions pooled; for single-label rows the same number as accuracy."""
    return divide(2 * counts.right.sum(-1), counts.gold.sum(-1) + counts.predicted.sum(-1))


def weighted_f1(counts: ClassCounts) -> Floats:
    """Mean F1 weighted by the rows of each class in gold."""
    return divide((counts.gold * np.nan_to_num(f1(counts))).sum(-1), counts.gold.sum(-1))


def mcc(counts: ClassCounts) -> Floats:
    """Matthews' correlation, in Gorodkin's form for any number of classes; 0 where all predictions are one class."""
    rows = counts.rows
    covariance = counts.right.sum(-1) * rows - (counts.gold * counts.predicted).sum(-1)
    gold_spread = rows**2 - (counts.gold**2).sum(-1)
    predicted_spread = rows**2 - (counts.predicted**2).sum(-1)
    value = divide(covariance, np.sqrt(gold_spread) * np.sqrt(predicted_spread))
    constant_answer = (predicted_spread == 0) & (gold_spread > 0)
    return np.where(constant_answer, 0.0, value)


def subset_accuracy(gold_NC: Booleans, prediction_NC: Booleans) -> float | None:
    """Share of rows whose whole set of labels is right."""
    return finite((gold_NC == prediction_NC).all(1).mean()) if len(gold_NC) else None


def hamming_loss(gold_NC: Booleans, prediction_NC: Booleans) -> float | None:
    """Share of all (row, label) decisions that are wrong."""
    return finite((gold_NC != prediction_NC).mean()) if gold_NC.size else None


COUNT_METRICS: dict[str, CountMetric] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "micro_f1": micro_f1,
    "weighted_f1": weighted_f1,
    "mcc": mcc,
}
"""The metrics that are one number for all classes. `accuracy` is for single-label rows only."""


def of_labels(metric: CountMetric) -> Callable[[Integers, Integers], float | None]:
    """The metric as a function of class indices."""
    return lambda gold_N, prediction_N: finite(metric(count_labels(gold_N, prediction_N)))


def of_sets(metric: CountMetric) -> Callable[[Booleans, Booleans], float | None]:
    """The metric as a function of boolean matrices."""
    return lambda gold_NC, prediction_NC: finite(metric(count_sets(gold_NC, prediction_NC)))


def _mean_of_defined(values: Floats) -> Floats:
    defined = ~np.isnan(values)
    return divide(np.where(defined, values, 0.0).sum(-1), defined.sum(-1).astype(np.float64))

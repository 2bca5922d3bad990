"""Labels that are probably wrong, by confident learning (Northcutt, Jiang and Chuang 2021, JAIR 70).

    N  rows     C  classes

The probabilities must be out of sample: each row judged by a model that has not been trained on it or on a duplicate
of it, or every label would look right. Where they come from is the pipeline's business; this file is numpy alone.

1. A row *counts for* class j when its probability of j is at least the mean that rows given as j have (`thresholds_C`);
   of several such classes, for the likeliest.
2. The counts by given and likely class, scaled to the number of rows of each given class, estimate how many rows of
   class i truly are of class j (`joint_CC`).
3. So many rows of i are suspected of being j: those with the largest margin between both probabilities. A row whose
   likeliest class is the given one is never suspected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

Pruning = Literal["noise_rate", "class", "both"]
"""Which rows are suspected: per pair of classes by margin; per class by the probability of the given label; both."""
Ranking = Literal["self_confidence", "normalized_margin"]

_SLACK = 1e-6
"""Probabilities that differ by rounding alone must not fall on two sides of a threshold."""


@dataclass(frozen=True, kw_only=True)
class LabelErrors:
    """What confident learning says of each row. For several labels a row, of its worst label."""

    suspected_N: Booleans
    suggested_N: Integers
    """The likeliest class; for several labels a row, the label that should be added or taken away."""
    confidence_N: Floats
    """Probability of what is suggested."""
    quality_N: Floats
    """0 (certainly wrong) to 1: what the ranking goes by."""
    joint_CC: Integers
    """Estimated rows by given (first axis) and true class (second). For several labels a row, wrongly absent and
    wrongly present per label: (C, 2)."""

    @property
    def ranked(self) -> Integers:
        """The suspected rows, the surest error first; of equals the earlier row."""
        rows = np.flatnonzero(self.suspected_N)
        return rows[np.argsort(self.quality_N[rows], kind="stable")]


def confident_learning(
    probabilities_NC: Floats, given_N: Integers, *, pruning: Pruning = "noise_rate",
    ranking: Ranking = "self_confidence",
) -> LabelErrors:  # fmt: skip
    """Suspected errors among labels of which each row has one; `given_N` are class indices."""
    rows = np.arange(len(given_N))
    likeliest_N = probabilities_NC.argmax(axis=1)
    joint_CC = confident_joint(probabilities_NC, given_N)
    suspected_N = _PRUNINGS[pruning](probabilities_NC, given_N, joint_CC) & (likeliest_N != given_N)
    return LabelErrors(
        suspected_N=suspected_N,
        suggested_N=likeliest_N.astype(np.int64),
        confidence_N=probabilities_NC[rows, likeliest_N],
        quality_N=label_quality(probabilities_NC, given_N, ranking=ranking),
        joint_CC=joint_CC,
    )


def confident_learning_sets(
    probabilities_NC: Floats, given_NC: Booleans, *, pruning: Pruning = "noise_rate",
    ranking: Ranking = "self_confidence",
) -> LabelErrors:  # fmt: skip
    """Suspected errors among sets of labels: each label by itself is there or not, and the worst one speaks for the row."""
    num_rows, num_classes = given_NC.shape
    suspected_NC = np.zeros((num_rows, num_classes), bool)
    quality_NC = np.ones((num_rows, num_classes))
    wrong_C2 = np.zeros((num_classes, 2), np.int64)
    for c in range(num_classes):
        there_N2 = np.stack([1 - probabilities_NC[:, c], probabilities_NC[:, c]], axis=1)
        found = confident_learning(there_N2, given_NC[:, c].astype(np.int64), pruning=pruning, ranking=ranking)
        suspected_NC[:, c], quality_NC[:, c] = found.suspected_N, found.quality_N
        wrong_C2[c] = found.joint_CC[0, 1], found.joint_CC[1, 0]
    # Of a suspected row the worst suspected label; of any other row the worst label.
    worst_N = np.where(suspected_NC, quality_NC, quality_NC + suspected_NC.any(axis=1, keepdims=True)).argmin(axis=1)
    rows = np.arange(num_rows)
    quality_N = quality_NC[rows, worst_N]
    return LabelErrors(
        suspected_N=np.asarray(suspected_NC.any(axis=1), bool),
        suggested_N=worst_N.astype(np.int64),
        confidence_N=np.where(given_NC[rows, worst_N], 1 - probabilities_NC[rows, worst_N], probabilities_NC[rows, worst_N]),
        quality_N=quality_N,
        joint_CC=wrong_C2,
    )  # fmt: skip


def confident_joint(probabilities_NC: Floats, given_N: Integers) -> Integers:
    """Estimated number of rows by given class (first axis) and true class; each row of it sums to the given count."""
    num_classes = probabilities_NC.shape[1]
    counts_C = np.bincount(given_N, minlength=num_classes)
    sums_C = np.bincount(given_N, weights=_given(probabilities_NC, given_N), minlength=num_classes)
    # A class without rows has no mean: nothing counts for it.
    thresholds_C = np.divide(sums_C, counts_C, out=np.full(num_classes, np.inf), where=counts_C > 0)
    confident_NC = probabilities_NC >= thresholds_C - _SLACK
    likely_N = np.where(confident_NC, probabilities_NC, -1.0).argmax(axis=1)
    sure_N = confident_NC.any(axis=1)
    joint_CC = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(joint_CC, (given_N[sure_N], likely_N[sure_N]), 1)
    # One row of each class is taken to be right: a class of which none counts for itself would vanish otherwise.
    np.fill_diagonal(joint_CC, np.maximum(joint_CC.diagonal(), 1))
    scaled_CC = joint_CC * (counts_C / joint_CC.sum(axis=1))[:, None]
    return np.stack([_rounded(row, total) for row, total in zip(scaled_CC, counts_C.tolist(), strict=True)])


def label_quality(probabilities_NC: Floats, given_N: Integers, *, ranking: Ranking = "self_confidence") -> Floats:
    """0 to 1 a row: the probability of its label, or that less the best other class's, put between 0 and 1."""
    own_N = _given(probabilities_NC, given_N)
    if ranking == "self_confidence":
        return own_N
    others_NC = probabilities_NC.copy()
    others_NC[np.arange(len(given_N)), given_N] = -np.inf
    return np.asarray((own_N - others_NC.max(axis=1) + 1) / 2, np.float64)


def _by_noise_rate(probabilities_NC: Floats, given_N: Integers, joint_CC: Integers) -> Booleans:
    """For each pair of classes as many rows as the joint says, those with the largest margin."""
    suspected_N = np.zeros(len(given_N), bool)
    for given in range(len(joint_CC)):
        rows = np.flatnonzero(given_N == given)
        for true in np.flatnonzero(joint_CC[given]):
            if true != given:
                margin = probabilities_NC[rows, true] - probabilities_NC[rows, given]
                suspected_N[rows[_largest(margin, int(joint_CC[given, true]))]] = True
    return suspected_N


def _by_class(probabilities_NC: Floats, given_N: Integers, joint_CC: Integers) -> Booleans:
    """For each class as many rows as the joint says are of another, those with the least probability of their label."""
    suspected_N = np.zeros(len(given_N), bool)
    for given in range(len(joint_CC)):
        rows = np.flatnonzero(given_N == given)
        wrong = int(joint_CC[given].sum() - joint_CC[given, given])
        suspected_N[rows[_largest(-probabilities_NC[rows, given], wrong)]] = True
    return suspected_N


def _by_both(probabilities_NC: Floats, given_N: Integers, joint_CC: Integers) -> Booleans:
    return _by_noise_rate(probabilities_NC, given_N, joint_CC) & _by_class(probabilities_NC, given_N, joint_CC)


_PRUNINGS: dict[Pruning, Callable[[Floats, Integers, Integers], Booleans]] = {
    "noise_rate": _by_noise_rate, "class": _by_class, "both": _by_both,
}  # fmt: skip


def _given(probabilities_NC: Floats, given_N: Integers) -> Floats:
    return np.asarray(probabilities_NC[np.arange(len(given_N)), given_N], np.float64)


def _largest(values: npt.NDArray[Any], count: int) -> Integers:
    """Places of the `count` largest values; of equals the earlier one."""
    return np.argsort(-values, kind="stable")[:count]


def _rounded(values_C: Floats, total: int) -> Integers:
    """Whole numbers with the given sum, by largest remainder."""
    whole_C = np.floor(values_C + 1e-9).astype(np.int64)
    missing = total - int(whole_C.sum())
    whole_C[_largest(values_C - whole_C, missing)] += 1
    return whole_C

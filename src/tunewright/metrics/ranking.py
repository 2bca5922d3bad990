"""AUROC with ties counted half, and each row's influence on it, from which its variance comes (DeLong 1988).

Shapes: N rows, C classes. For several classes: one class against the rest, averaged over the classes that have rows
on both sides. One sort per class; no matrix of pairs is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tunewright.metrics.metric import Booleans, Floats, Integers


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """AUROC and what its interval needs."""

    value: float | None
    """None where no class has rows on both sides."""
    influence: Floats
    """Per row: its part in the deviation of the value; the variance is sum(influence**2) / N**2."""
    classes: int
    """Number of classes averaged."""
    smallest_side: int
    """Rows on the smaller side of the scarcest class averaged."""

    @property
    def variance(self) -> float:
        """Of the value, from the rows' influence."""
        rows = len(self.influence)
        return float(np.square(self.influence).sum()) / rows**2 if rows else 0.0

    @property
    def freedom(self) -> float:
        """Degrees of freedom behind the variance (after Satterthwaite): few where a few rows make most of it."""
        squares = np.square(self.influence)
        fourth = float(np.square(squares).sum())
        return 2 * float(squares.sum()) ** 2 / fourth if fourth > 0 else float("inf")


def auroc_one(is_positive_N: Booleans, scores_N: Floats) -> Ranking:
    """Chance that a positive row scores higher than a negative one, a tie counting half."""
    rows = len(scores_N)
    positives = int(is_positive_N.sum())
    negatives = rows - positives
    if not positives or not negatives:
        return Ranking(value=None, influence=np.zeros(rows), classes=0, smallest_side=0)
    _, group_N, sizes = np.unique(scores_N, return_inverse=True, return_counts=True)
    positives_G = np.bincount(group_N, weights=is_positive_N, minlength=len(sizes))
    negatives_G = sizes - positives_G
    # Per group of equal scores: the share of the other side that such a row beats, ties half.
    beaten_G = (np.cumsum(negatives_G) - negatives_G / 2) / negatives
    beats_G = (positives - np.cumsum(positives_G) + positives_G / 2) / positives
    value = float(positives_G @ beaten_G) / positives
    # n / (n - 1): the unbiased variance on each side, as DeLong has it.
    on_positives = rows / positives * np.sqrt(positives / max(positives - 1, 1))
    on_negatives = rows / negatives * np.sqrt(negatives / max(negatives - 1, 1))
    influence = np.where(
        is_positive_N, (beaten_G[group_N] - value) * on_positives, (beats_G[group_N] - value) * on_negatives
    )
    return Ranking(value=value, influence=influence, classes=1, smallest_side=min(positives, negatives))


def auroc_macro(gold_NC: Booleans, scores_NC: Floats) -> Ranking:
    """Mean AUROC over the columns that have both positive and negative rows."""
    total, classes, smallest = 0.0, 0, len(gold_NC)
    influence = np.zeros(len(gold_NC))
    for column in range(gold_NC.shape[1]):
        one = auroc_one(gold_NC[:, column], scores_NC[:, column])
        if one.value is not None:
            total, classes, smallest = total + one.value, classes + 1, min(smallest, one.smallest_side)
            influence += one.influence
    if not classes:
        return Ranking(value=None, influence=influence, classes=0, smallest_side=0)
    return Ranking(value=total / classes, influence=influence / classes, classes=classes, smallest_side=smallest)


def one_hot(gold_N: Integers, num_classes: int) -> Booleans:
    """gold_NC: true in the column of each row's class."""
    hot: Booleans = gold_N[:, None] == np.arange(num_classes)
    return hot


def auroc_labels(gold_N: Integers, scores_NC: Floats) -> float | None:
    """`auroc_macro` for class indices: each class against the rest."""
    return auroc_macro(one_hot(gold_N, scores_NC.shape[1]), scores_NC).value


def auroc_sets(gold_NC: Booleans, scores_NC: Floats) -> float | None:
    """`auroc_macro` for multi-label rows."""
    return auroc_macro(gold_NC, scores_NC).value

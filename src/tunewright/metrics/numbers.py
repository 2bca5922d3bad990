"""Metrics of numbers: gold_N and prediction_N are float64. None where undefined: no rows, or nothing that varies."""

from __future__ import annotations

import numpy as np

from tunewright.metrics.metric import Floats, finite


def mae(gold_N: Floats, prediction_N: Floats) -> float | None:
    """Mean absolute error, in the unit of gold."""
    return finite(np.abs(gold_N - prediction_N).mean()) if len(gold_N) else None


def rmse(gold_N: Floats, prediction_N: Floats) -> float | None:
    """Root of the mean squared error, in the unit of gold."""
    return finite(np.sqrt(np.square(gold_N - prediction_N).mean())) if len(gold_N) else None


def r2(gold_N: Floats, prediction_N: Floats) -> float | None:
    """Explained share of gold's variance; below 0 when worse than saying the mean. None where gold is constant."""
    if not _varies(gold_N):
        return None
    return finite(1 - np.square(gold_N - prediction_N).sum() / np.square(gold_N - gold_N.mean()).sum())


def pearson(gold_N: Floats, prediction_N: Floats) -> float | None:
    """Linear correlation. None where either side is constant."""
    if not _varies(gold_N) or not _varies(prediction_N):
        return None
    x, y = _standard(gold_N), _standard(prediction_N)
    return finite(np.clip(x @ y, -1.0, 1.0))


def spearman(gold_N: Floats, prediction_N: Floats) -> float | None:
    """Linear correlation of the ranks, equal values sharing their mean rank. None where either side is constant."""
    return pearson(mean_ranks(gold_N), mean_ranks(prediction_N))


def mean_ranks(values_N: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of their ranks."""
    _, group_N, sizes = np.unique(values_N, return_inverse=True, return_counts=True)
    ranks_G = np.cumsum(sizes) - (sizes - 1) / 2
    ranks: Floats = ranks_G[group_N]
    return ranks


def _varies(values_N: Floats) -> bool:
    return len(values_N) > 1 and bool(values_N.max() > values_N.min())


def _standard(values_N: Floats) -> Floats:
    """Centred, and of length 1; scaled first, so that huge and tiny numbers neither overflow nor vanish."""
    centred = values_N - values_N.mean()
    centred = centred / np.abs(centred).max()
    standard: Floats = centred / np.linalg.norm(centred)
    return standard

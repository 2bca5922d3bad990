"""How much a model knows of a task before it is trained: two estimators from its features and the answers, in closed form.

    N  rows     H  feature size     C  classes     K  targets     R  rank, at most min(N, H)

`h_score` and `log_me` are the definitions of their papers, to the last digits: `tests/reference` computes the same numbers
in other ways. Neither is a score of a fine-tuned model; `bench/rank.py` measures what they are worth as an order of models.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_DECADES = 14
"""The ratio of the two precisions of LogME is looked for within ten to this power of the features' own scale."""
_GRID = 4 * _DECADES + 1
_GOLDEN = (np.sqrt(5) - 1) / 2
_HALVINGS = 80
"""Of the bracket around the best place of the grid: enough to reach the last digits."""


def h_score(features_NH: npt.NDArray[Any], classes_N: npt.NDArray[np.int64]) -> float:
    """How much of the features' variance lies between the classes, from 0 to C - 1; higher is better.

    The H-score `tr(cov(f)^-1 cov(E[f|y]))` (Bao et al. 2019, ICIP) with the features' covariance shrunk, as it must be where
    rows are few: `tr(cov_a(f)^-1 (1 - a) cov(E[f|y]))`, `cov_a = (1 - a) cov(f) + a tr(cov(f))/H I` (Ibrahim et al. 2021,
    arXiv:2110.06893), the share a by Ledoit and Wolf (2004). Covariances are sums over rows divided by N.

    0 where there are fewer than two classes or the features never change.
    """
    centred_NH = np.asarray(features_NH, np.float64)
    centred_NH = centred_NH - centred_NH.mean(axis=0)
    num_rows, size = centred_NH.shape
    covariance_HH = centred_NH.T @ centred_NH / num_rows
    scale = float(np.trace(covariance_HH)) / size
    shrinkage = _ledoit_wolf(centred_NH, covariance_HH, scale)
    present, class_of_N, counts_C = np.unique(classes_N, return_inverse=True, return_counts=True)
    if len(present) < 2 or not scale:
        return 0.0
    means_CH = np.zeros((len(present), size))
    np.add.at(means_CH, class_of_N, centred_NH)
    means_CH /= counts_C[:, None]
    between_HH = (means_CH * counts_C[:, None]).T @ means_CH / num_rows
    shrunk_HH = (1 - shrinkage) * covariance_HH + shrinkage * scale * np.eye(size)
    return float((1 - shrinkage) * np.trace(np.linalg.solve(shrunk_HH, between_HH)))


def _ledoit_wolf(centred_NH: Floats, covariance_HH: Floats, scale: float) -> float:
    """The share of `scale * I` in the covariance with the least expected squared error, from 0 to 1."""
    num_rows, size = centred_NH.shape
    squared_norm = float(np.square(covariance_HH).sum())
    distance = squared_norm - size * scale**2
    noise = (float(np.square(np.square(centred_NH).sum(axis=1)).sum()) / num_rows - squared_norm) / num_rows
    return min(1.0, noise / distance) if distance > 0 else 1.0


def log_me(features_NH: npt.NDArray[Any], targets_NK: npt.NDArray[Any]) -> float:
    """Log evidence a row of a Bayesian linear model of the targets, the mean over targets, in nats; higher is better.

    The largest over both precisions, `max_{a,b} log N(y; 0, I/b + f f'/a) / N` for each target y (You et al. 2021, ICML).
    Classes are given as 0 or 1 in a column each. The published fixed point of (a, b) is a stationary point of the same
    function, and there may be several; here the largest is searched along a / b, with b in closed form, so that the
    answer does not depend on where an iteration began or was stopped. For targets that the features give exactly there
    is no largest evidence: it grows as a / b falls, and the answer is the one at the lowest ratio looked at.

    Raises: ValueError without rows.
    """
    if not len(features_NH):
        raise ValueError("LogME needs rows")
    targets_NK = np.asarray(targets_NK, np.float64).reshape(len(features_NH), -1)
    left_NR, singular_R, _ = np.linalg.svd(np.asarray(features_NH, np.float64), full_matrices=False)
    eigenvalues_R = np.square(singular_R)
    if not eigenvalues_R.any():
        eigenvalues_R = np.ones_like(eigenvalues_R)  # features of zeros say nothing at any scale
        left_NR = np.zeros_like(left_NR)
    inside_RK = np.square(left_NR.T @ targets_NK)
    outside_K = np.maximum(np.square(targets_NK).sum(axis=0) - inside_RK.sum(axis=0), 0.0)
    evidence = _Evidence(eigenvalues_R, inside_RK, outside_K, num_rows=len(targets_NK))
    return float(evidence.largest_K().mean())


class _Evidence:
    """The log evidence a row as a function of log(a / b), for all targets at once."""

    def __init__(self, eigenvalues_R: Floats, inside_RK: Floats, outside_K: Floats, *, num_rows: int) -> None:
        self._eigenvalues_R1 = eigenvalues_R[:, None]
        self._inside_RK = inside_RK
        self._outside_K = outside_K
        self._num_rows = num_rows

    def at(self, log_ratio_K: Floats) -> Floats:
        """(K,) for a ratio of each target."""
        shrunk_RK = self._eigenvalues_R1 / np.exp(log_ratio_K)
        variance_K = (self._outside_K + (self._inside_RK / (1 + shrunk_RK)).sum(axis=0)) / self._num_rows
        # A target of zeros is predicted without error: the smallest normal number stands in for its variance.
        variance_K = np.maximum(variance_K, np.finfo(np.float64).tiny)
        log_determinant_K = np.log1p(shrunk_RK).sum(axis=0)
        found: Floats = -0.5 * (np.log(2 * np.pi * variance_K) + 1 + log_determinant_K / self._num_rows)
        return found

    def largest_K(self) -> Floats:
        """The best place of a grid, then golden sections of the bracket around it."""
        middle = np.log(self._eigenvalues_R1.mean())
        grid_G = middle + np.log(10) * np.linspace(-_DECADES, _DECADES, _GRID)
        every_K = np.ones(self._inside_RK.shape[1])
        on_grid_GK = np.stack([self.at(value * every_K) for value in grid_G])
        best_K = on_grid_GK.argmax(axis=0)
        low_K, high_K = grid_G[np.maximum(best_K - 1, 0)], grid_G[np.minimum(best_K + 1, _GRID - 1)]
        for _ in range(_HALVINGS):
            width_K = _GOLDEN * (high_K - low_K)
            left_K, right_K = high_K - width_K, low_K + width_K
            goes_left_K = self.at(left_K) > self.at(right_K)
            low_K, high_K = np.where(goes_left_K, low_K, left_K), np.where(goes_left_K, right_K, high_K)
        largest_K: Floats = np.maximum(self.at((low_K + high_K) / 2), on_grid_GK.max(axis=0))
        return largest_K

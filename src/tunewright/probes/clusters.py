"""Rows that a pretrained model finds alike, put together: k-means over its features."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LARGE = 20_000
"""From so many rows on, each step looks at some of them only."""


def cluster_features(features_NF: npt.NDArray[np.float32], *, clusters: int, seed: int) -> npt.NDArray[np.int64]:
    """The cluster 0..clusters-1 of each row, the largest cluster first; features are compared by their direction."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    norms = np.linalg.norm(features_NF, axis=1, keepdims=True)
    directions_NF = features_NF / np.maximum(norms, 1e-12)
    kind = KMeans if len(features_NF) < LARGE else MiniBatchKMeans
    found = kind(n_clusters=min(clusters, len(features_NF)), n_init=3, random_state=seed).fit_predict(directions_NF)
    by_size = np.argsort(-np.bincount(found), kind="stable")
    place = np.empty(len(by_size), np.int64)
    place[by_size] = np.arange(len(by_size))
    return np.asarray(place[found], np.int64)

"""Which rows to label next: those that a model is least sure of, and not the same thing twice.

Rows are picked one after the other. Each time the one is taken for which

    doubt * (1 - cosine to the nearest that is picked already)

is largest: a near duplicate of a picked row is worth next to nothing, however unsure the model is of it.

N  rows     C  classes     V  n-grams     P  picked
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tunewright.metrics.metric import Floats

MOST_ROWS = 20_000
"""Of more rows, the ones of which the model is least sure are looked at."""
ALIKE = 0.6
"""Texts whose n-grams have this cosine say much the same."""


@dataclass(frozen=True, kw_only=True)
class Pick:
    """One row to label."""

    place: int
    doubt: float
    """From 0 (the model is certain) to 1 (it could as well toss a coin)."""
    alike: int
    """Other rows that say much the same: labelled once, they need not be labelled again."""


def doubt_of(scores_NC: Floats, *, kind: Literal["single_label", "multi_label"]) -> Floats:
    """How unsure a model is of each row, (N,), from 0 to 1: by the margin between its first two labels, or of several labels
    by the one that is nearest to a coin."""
    if kind == "multi_label":
        found: Floats = 1 - np.abs(2 * scores_NC - 1).min(axis=1)
        return found
    two_N2 = np.sort(scores_NC, axis=1)[:, -2:]
    margin: Floats = 1 - (two_N2[:, 1] - two_N2[:, 0])
    return margin


def pick_rows(doubt_N: Floats, vectors_NV: Any, *, number: int) -> list[Pick]:
    """At most so many rows, the first to be labelled first.

    `vectors_NV` are sparse and of length one, so that a product is a cosine (`probes.text_vectors`). Rows without a single
    n-gram, whose vectors are zero, are never picked.
    """
    looked_at = np.sort(np.argsort(-doubt_N, kind="stable")[:MOST_ROWS])
    vectors_NV = vectors_NV[looked_at]
    worth_N = np.where(np.asarray(vectors_NV.multiply(vectors_NV).sum(axis=1)).ravel() > 0, doubt_N[looked_at], -1.0)
    nearest_N = np.zeros(len(worth_N))
    picked: list[Pick] = []
    while len(picked) < number:
        best = int(np.argmax(worth_N * (1 - nearest_N)))
        if worth_N[best] < 0:
            break  # nothing is left
        cosine_N = np.asarray((vectors_NV @ vectors_NV[best].T).todense()).ravel()
        doubt = float(worth_N[best])
        worth_N[best] = -1.0
        picked.append(Pick(place=int(looked_at[best]), doubt=doubt, alike=int((cosine_N >= ALIKE).sum()) - 1))
        nearest_N = np.clip(np.maximum(nearest_N, cosine_N), 0.0, 1.0)
        nearest_N[best] = 0.0
    return picked

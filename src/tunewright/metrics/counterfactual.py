"""How alike the answers to versions of one text are, and whether scores move with the group: counts of pairs, and a test.

A *frame* is what the versions of one text have in common; see `evaluate/counterfactual.py`. Shapes: V versions, F frames,
C clusters of frames, K labels looked at, R resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunewright.metrics.intervals import WORK
from tunewright.metrics.metric import Floats, Integers


@dataclass(frozen=True, kw_only=True)
class PairCounts:
    """How often each frame's versions of each group got each answer: pairs are counted, never listed."""

    num_frames: int
    cell_frame: Integers
    cell_answer: Integers
    cell_group: Integers
    cell_n: Floats

    def across(self) -> Floats:
        """Per frame: of the pairs of versions from different groups, the share with different answers; NaN without pairs."""
        alike = self._pairs("frame", "answer") - self._pairs("frame", "group", "answer")
        return _unlike(alike, self._pairs("frame") - self._pairs("frame", "group"))

    def within(self) -> Floats:
        """The same of pairs from one group."""
        return _unlike(self._pairs("frame", "group", "answer"), self._pairs("frame", "group"))

    def num_split(self) -> int:
        """Frames with at least two answers."""
        return int((self._pairs("frame") > self._pairs("frame", "answer")).sum())

    def _pairs(self, *by: Literal["frame", "group", "answer"]) -> Floats:
        """Per frame: the pairs of versions that are alike in what is named."""
        columns = np.stack([getattr(self, f"cell_{name}") for name in by], axis=1)
        keys, place = np.unique(columns, axis=0, return_inverse=True)
        n = np.bincount(place.ravel(), weights=self.cell_n, minlength=len(keys))
        return np.bincount(keys[:, 0], weights=n * (n - 1) / 2, minlength=self.num_frames).astype(np.float64)


def count_pairs(frame_V: Integers, group_V: Integers, answer_V: Integers, *, num_groups: int) -> PairCounts:
    """The counts of versions by frame, group and answer, all of them numbers from 0."""
    width = int(answer_V.max(initial=0)) + 1
    codes, n = np.unique((frame_V * num_groups + group_V) * width + answer_V, return_counts=True)
    rest = codes // width
    return PairCounts(
        num_frames=int(frame_V.max(initial=-1)) + 1, cell_frame=rest // num_groups, cell_answer=codes % width,
        cell_group=rest % num_groups, cell_n=n.astype(np.float64),
    )  # fmt: skip


def sign_flip_test(shift_CK: Floats, *, seed: int, resamples: int) -> float | None:
    """Chance of mean shifts at least so far from 0, over all K together, if each cluster's could as well have the other sign.

    None for fewer than two clusters. The labels are put on one scale by their root mean square, which no flip changes.
    """
    if len(shift_CK) < 2:
        return None
    size_K = np.sqrt(np.square(shift_CK).sum(0))
    unit_CK = shift_CK[:, size_K > 0] / size_K[size_K > 0]
    observed = float(np.square(unit_CK.sum(0)).sum())
    rng = np.random.default_rng(seed)
    as_large, chunk = 0, max(1, WORK // len(unit_CK))
    for start in range(0, resamples, chunk):
        flipped_RC = rng.integers(0, 2, (min(chunk, resamples - start), len(unit_CK)), np.int8)
        sums_RK = unit_CK.sum(0) - 2 * (flipped_RC.astype(np.float64) @ unit_CK)
        as_large += _as_large(np.square(sums_RK).sum(1), observed)
    return (1 + as_large) / (1 + resamples)


def _unlike(alike_F: Floats, pairs_F: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Floats = np.where(pairs_F > 0, 1 - alike_F / pairs_F, np.nan)
    return share


def _as_large(resampled_R: Floats, observed: float) -> int:
    return int((resampled_R >= observed - 1e-9 * max(1.0, observed)).sum())

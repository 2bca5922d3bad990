"""What a system says of one text in several versions that differ in a group alone: how often its answer flips, and how far
its scores move.

A *frame* is what the versions of one text have in common; a frame may have several versions of one group (other names). A
*cluster* holds frames that are alike (one template); single rows are clusters of their own. Clusters weigh the same and are
what intervals and tests resample: a hundred sentences from one template are one witness. Shapes: V versions, F frames,
C clusters, G groups, T terms, K labels looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow.compute as pc

from tunewright.evaluate.config import FairnessConfig
from tunewright.evaluate.fairness import ALPHA, looked_at
from tunewright.evaluate.over_terms import term_effects
from tunewright.evaluate.predictions import Predictions
from tunewright.metrics import intervals
from tunewright.metrics.counterfactual import count_pairs, sign_flip_test
from tunewright.metrics.fairness import mean_intervals, means
from tunewright.metrics.intervals import Interval
from tunewright.metrics.metric import Booleans, Floats, Integers
from tunewright.metrics.multiple import holm

FEW_CLUSTERS = 30
"""Below this many clusters Student's interval; the bootstrap needs more."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """Which version of which text each prediction is of; all sequences have V entries."""

    axis: str
    groups: tuple[str, ...]
    frames: Sequence[str]
    clusters: Sequence[str]
    group_V: Integers
    """Place in `groups`."""
    terms: Sequence[str]
    """What stands for the group in this version."""
    mixed_V: Sequence[bool] | None = None
    """Versions of texts that are about several groups at once: they flip or not, and belong to no group's shift."""
    interchangeable: bool = False
    """Whether the terms of a group are examples of it, such as names, rather than counterparts of those of other groups."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of pairs of versions, averaged over clusters."""

    value: float
    low: float | None
    high: float | None
    n: int
    """Frames that it rests on."""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How much higher the score of one label is (or the number) for one group than for the others, text by text."""

    label: str | None
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class GroupShift:
    """One group against the mean of the others."""

    group: str
    n: int
    """Frames that have a version of the group and one of another."""
    clusters: int
    shifts: tuple[Shift, ...]
    """One for each label that is looked at."""
    p_value: float | None
    """Chance of scores that move at least so far if the group's versions and the others' were interchangeable, over all
    labels at once. Where terms are examples of their group, the larger of the chance over texts and the chance over terms;
    None where there are too few terms to tell."""
    p_texts: float | None
    """The chance over texts: each cluster's shift might as well have had the other sign."""
    p_terms: float | None
    """The chance over terms: whether the group's terms differ from the others' by more than terms of one group do."""
    p_adjusted: float | None
    verdict: Literal["shift", "no_shift_shown", "not_tested"]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one axis does to a system's answers."""

    axis: str
    groups: tuple[str, ...]
    frames: int
    versions: int
    mixed: int
    """Frames that are about several groups at once."""
    sizes: Mapping[str, int]
    """Versions of each group."""
    flips: Share | None
    """Share of pairs of versions about different groups that are answered differently; None for numbers."""
    flips_within: Share | None
    """The same of versions about one group: what any change of words does. None where there are none."""
    frames_flipped: int
    """Frames with at least two answers."""
    shifts: tuple[GroupShift, ...]
    """Of two groups the first against the second; of more, each."""


def effect(predictions: Predictions, design: Design, *, config: FairnessConfig) -> Effect:
    """The effect of one axis; `predictions` are of the versions of `design`, in order. p-values are not yet adjusted."""
    frame_V, cluster_F = _frames(design)
    answers = _answers(predictions)
    mixed_V = np.zeros(len(frame_V), np.bool_) if design.mixed_V is None else np.asarray(design.mixed_V, np.bool_)
    across = within = None
    flipped = 0
    if answers is not None:
        counts = count_pairs(frame_V, design.group_V, answers, num_groups=len(design.groups))
        across = _share(counts.across(), cluster_F, config)
        within = _share(counts.within(), cluster_F, config)
        flipped = counts.num_split()
    plain = ~mixed_V
    return Effect(
        axis=design.axis, groups=design.groups, frames=len(cluster_F), versions=len(frame_V),
        mixed=len(np.unique(frame_V[mixed_V])),
        sizes={
            group: int(n)
            for group, n in zip(
                design.groups, np.bincount(design.group_V[plain], minlength=len(design.groups)), strict=True
            )
        },
        flips=across, flips_within=within, frames_flipped=flipped,
        shifts=tuple(_shifts(predictions, design, frame_V, cluster_F, plain, config)),
    )  # fmt: skip


def judged(effects: Sequence[Effect]) -> list[Effect]:
    """The effects with p-values adjusted for the number of all their tests (Holm), and verdicts at 5 %."""
    adjusted = iter(holm([shift.p_value for one in effects for shift in one.shifts]))
    return [replace(one, shifts=tuple(_judged(shift, next(adjusted)) for shift in one.shifts)) for one in effects]


def _judged(shift: GroupShift, p_adjusted: float | None) -> GroupShift:
    if p_adjusted is None:
        return shift
    return replace(shift, p_adjusted=p_adjusted, verdict="shift" if p_adjusted < ALPHA else "no_shift_shown")


# ---- flips


def _share(share_F: Floats, cluster_F: Integers, config: FairnessConfig) -> Share | None:
    known = np.isfinite(share_F)
    if not known.any():
        return None
    mean_C = _cluster_means(share_F[known, None], cluster_F[known])[:, 0]
    value, clusters = float(mean_C.mean()), len(mean_C)
    if clusters < 2:
        return Share(value=value, low=None, high=None, n=int(known.sum()))
    interval = intervals.wilson_effective(
        value, variance=float(mean_C.var(ddof=1)) / clusters, rows=clusters, freedom=clusters - 1, level=config.level
    )
    return Share(value=value, low=interval.low, high=interval.high, n=int(known.sum()))


def _answers(predictions: Predictions) -> Integers | None:
    """A number for each distinct answer; None for numbers, which have no such thing."""
    if predictions.kind == "regression":
        return None
    if predictions.kind == "multi_label":
        _, codes = np.unique(predictions.prediction_sets_NC, axis=0, return_inverse=True)
        return np.asarray(codes, np.int64).ravel()
    codes = pc.dictionary_encode(predictions.table.column("prediction").combine_chunks(), null_encoding="encode")
    return np.asarray(codes.indices.to_numpy(zero_copy_only=False), np.int64)


# ---- shifts


def _shifts(
    predictions: Predictions, design: Design, frame_V: Integers, cluster_F: Integers, plain_V: Booleans, config: FairnessConfig
) -> list[GroupShift]:  # fmt: skip
    labels, score_VK = _scores(predictions, config)
    if score_VK is None:
        return []
    frame_V, group_V, score_VK = frame_V[plain_V], design.group_V[plain_V], score_VK[plain_V]
    mean_FGK = _group_means(score_VK, frame_V, group_V, len(cluster_F), len(design.groups))
    away_VK = score_VK - _mean(mean_FGK, axis=1)[frame_V]
    terms = None
    if design.interchangeable:
        named = [term for term, plain in zip(design.terms, plain_V, strict=True) if plain]
        weight_V = 1.0 / np.bincount(cluster_F)[cluster_F[frame_V]]  # clusters weigh the same, here as in the shifts
        terms = term_effects(away_VK, group_V, named, weight_V=weight_V, num_groups=len(design.groups))
    tested = design.groups[:1] if len(design.groups) == 2 else design.groups
    found = []
    for g, group in enumerate(tested):
        shift_FK = mean_FGK[:, g] - _mean(np.delete(mean_FGK, g, axis=1), axis=1)
        has = np.isfinite(shift_FK).all(1)
        if not has.any():
            continue
        shift_CK = _cluster_means(shift_FK[has], cluster_F[has])
        p_texts = sign_flip_test(shift_CK, seed=config.seed, resamples=config.resamples)
        over = terms.of_group(g) if terms else None
        p_terms = over.p_value if over else None
        half_K = over.half_widths(level=config.level) if over else np.zeros(len(labels))
        shifts = [_shift(labels[k], shift_CK[:, k], float(half_K[k]), config) for k in range(len(labels))]
        found.append(
            GroupShift(
                group=group, n=int(has.sum()), clusters=len(shift_CK), shifts=tuple(shifts),
                p_value=_larger(p_texts, p_terms) if design.interchangeable else p_texts, p_texts=p_texts,
                p_terms=p_terms, p_adjusted=None, verdict="not_tested",
            )
        )  # fmt: skip
    return found


def _scores(predictions: Predictions, config: FairnessConfig) -> tuple[tuple[str | None, ...], Floats | None]:
    """The labels looked at and their scores, or the number itself; None for a system that gives answers only."""
    if predictions.kind == "regression":
        return (None,), predictions.prediction_value_N[:, None]
    if not predictions.has_scores:
        return (), None
    labels = looked_at(predictions, config)
    return labels, predictions.scores_NC[:, [predictions.names.index(label) for label in labels]]


def _frames(design: Design) -> tuple[Integers, Integers]:
    """frame_V, and the cluster of each frame."""
    _, frame_V = np.unique(np.array(design.frames, object).astype(str), return_inverse=True)
    _, cluster_V = np.unique(np.array(design.clusters, object).astype(str), return_inverse=True)
    cluster_F = np.zeros(int(frame_V.max(initial=-1)) + 1, np.int64)
    cluster_F[frame_V] = cluster_V
    return np.asarray(frame_V, np.int64), cluster_F


def _group_means(score_VK: Floats, frame_V: Integers, group_V: Integers, num_frames: int, num_groups: int) -> Floats:
    """Mean over a frame's versions of each group, (F, G, K); NaN where it has none."""
    cell_V = frame_V * num_groups + group_V
    n = np.bincount(cell_V, minlength=num_frames * num_groups).astype(np.float64)
    sums = [np.bincount(cell_V, weights=column, minlength=len(n)) for column in score_VK.T]
    with np.errstate(invalid="ignore"):
        means: Floats = np.stack(sums, axis=1) / n[:, None]
    return means.reshape(num_frames, num_groups, -1)


def _mean(values: Floats, *, axis: int) -> Floats:
    """The mean of what is not NaN; NaN where nothing is."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        mean: Floats = np.where(known, values, 0.0).sum(axis) / known.sum(axis)
    return mean


def _cluster_means(value_FK: Floats, cluster_F: Integers) -> Floats:
    """Mean over the frames of each cluster that is there, (C, K)."""
    _, place_F, n_C = np.unique(cluster_F, return_inverse=True, return_counts=True)
    sums = [np.bincount(place_F, weights=column, minlength=len(n_C)) for column in value_FK.T]
    return np.stack(sums, axis=1) / n_C[:, None]


def _larger(p_texts: float | None, p_terms: float | None) -> float | None:
    return None if p_texts is None or p_terms is None else max(p_texts, p_terms)


def _shift(label: str | None, shift_C: Floats, half_over_terms: float, config: FairnessConfig) -> Shift:
    """The mean shift with its interval over texts, or over terms where that is wider."""
    value, interval = float(shift_C.mean()), _interval(shift_C, config)
    if interval.low is None or interval.high is None:
        return Shift(label=label, value=value, low=None, high=None)
    low, high = min(interval.low, value - half_over_terms), max(interval.high, value + half_over_terms)
    return Shift(label=label, value=value, low=low, high=high)


def _interval(shift_C: Floats, config: FairnessConfig) -> Interval:
    if len(shift_C) >= FEW_CLUSTERS:
        each = np.ones(len(shift_C), np.int64)
        return intervals.bca(intervals.mean_of(shift_C), each, seed=config.seed, resamples=2000, level=config.level)
    if len(shift_C) < 2:
        return intervals.no_interval("there are fewer than two clusters")
    one_group = means(shift_C, np.zeros(len(shift_C), np.int64), 1)
    return mean_intervals(one_group, level=config.level)[0]

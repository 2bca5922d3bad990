"""Pretrained models in the order of what their frozen features know of a task, with how sure that order is and what each costs.

Everything here is about one sample of rows that all candidates read. What fine-tuning makes of a model it can't know: the
order is evidence beforehand, and `bench/rank.py` measures how good it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tunewright.evaluate import Comparison, holm
from tunewright.planning.transferability import h_score, log_me

HALVES = 20
"""Random halves of the sample in which the order is found again."""
LIKELY = 0.8
"""Share of the halves in which the first must be first for its place to be called likely."""
ALTERNATIVE_COST = 0.67
"""A candidate that is not shown to be worse is named beside the first if it costs at most this share of its time."""

Sureness = Literal["clear", "likely", "open"]


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """What features, pooled one way, know of the task."""

    h_score: float | None
    """Between 0 and the number of classes less one; None where the answers are no classes."""
    log_me: float
    """Nats a row."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A pretrained model as it was found and measured."""

    name: str
    reference: str
    """What finds it again: goes into a recipe."""
    revision: str | None
    digest: str
    license: str | None
    noncommercial: bool
    languages: tuple[str, ...]
    num_parameters: int
    size_bytes: int
    """Of its files."""
    feature_size: int
    max_length: int
    """The most tokens that it reads at once."""
    tokens_per_character: float
    unknown_share: float
    """Of tokens."""
    share_truncated: float
    """Of texts that are longer than what was read of them."""
    milliseconds_per_row: float
    """To read one row of the sample, measured on this machine in batches."""
    answer_bytes: int
    """Memory of its weights in float32."""
    train_bytes: int
    """Memory of weights, gradients and both moments of AdamW in float32; activations come on top."""
    layers: Estimates
    """Of the mean over all layers. Its LogME is the score that orders candidates."""
    last: Estimates
    """Of the last layer."""
    probe: float
    """Metric of a linear model over the mean of all layers, each row answered by one that has not seen it."""
    probe_low: float | None
    probe_high: float | None
    halves: tuple[float, ...]
    """The score again, on the same random halves of the sample for every candidate."""

    @property
    def score(self) -> float:
        """What candidates are ordered by; larger is better."""
        return self.layers.log_me


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A candidate that could not be ranked."""

    reference: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """One candidate's place in the order."""

    candidate: Candidate
    first_share: float
    """Share of the halves in which it scores highest."""
    not_shown_worse: bool
    """Whether the paired test of the first's linear model against this one's, after Holm, leaves open which is better."""
    pareto: bool
    """Whether no other candidate scores at least as well and costs less."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Candidates, best first, and how sure the first place is."""

    places: tuple[Place, ...]
    sureness: Sureness
    """`clear`: all others are shown to be worse and it is first in every half. `likely`: it is first in most halves.
    `open`: neither."""
    alternative: str | None
    """Reference of the cheapest candidate that is not shown to be worse and costs clearly less than the first."""


def estimates(features_NH: npt.NDArray[Any], targets: npt.NDArray[Any], *, kind: str) -> Estimates:
    """Both estimators; `targets` are classes (N,), multi-hot (N, C) or numbers (N,). Numbers are standardised for LogME."""
    h = h_score(features_NH, targets) if kind == "single_label" else None
    return Estimates(h_score=h, log_me=_log_me(features_NH, targets, kind=kind))


def scores_of_halves(
    features_NH: npt.NDArray[Any], targets: npt.NDArray[Any], *, kind: str, seed: int
) -> tuple[float, ...]:
    """The score on random halves of the rows: for one seed the same halves, whatever the features."""
    rng = np.random.default_rng(seed)
    halves = [rng.permutation(len(targets))[: max(1, len(targets) // 2)] for _ in range(HALVES)]
    return tuple(_log_me(features_NH[half], targets[half], kind=kind) for half in halves)


def put_in_order(candidates: Sequence[Candidate], compare_with: Callable[[Candidate, Candidate], Comparison]) -> Order:
    """Order candidates by their score. `compare_with(first, other)` is the paired test of their linear models."""
    ordered = sorted(candidates, key=lambda one: (-one.score, one.milliseconds_per_row, one.reference))
    first, others = ordered[0], ordered[1:]
    compared = holm([compare_with(first, other) for other in others])
    open_which = [True, *(comparison.verdict != "a_better" for comparison in compared)]
    winners = np.argmax([one.halves for one in ordered], axis=0)
    shares = [float(np.mean(winners == place)) for place in range(len(ordered))]
    cheaper = [
        one
        for one, is_open in zip(ordered, open_which, strict=True)
        if is_open and one.milliseconds_per_row <= ALTERNATIVE_COST * first.milliseconds_per_row
    ]
    alternative = min(cheaper, key=lambda one: one.milliseconds_per_row).reference if cheaper else None
    clear = not any(open_which[1:]) and shares[0] == 1
    return Order(
        places=tuple(
            Place(candidate=one, first_share=share, not_shown_worse=is_open, pareto=_is_pareto(one, ordered))
            for one, share, is_open in zip(ordered, shares, open_which, strict=True)
        ),
        sureness="clear" if clear else "likely" if shares[0] >= LIKELY else "open",
        alternative=alternative,
    )


def _is_pareto(one: Candidate, candidates: Sequence[Candidate]) -> bool:
    return not any(
        other.score >= one.score and other.milliseconds_per_row < one.milliseconds_per_row for other in candidates
    )


def _log_me(features_NH: npt.NDArray[Any], targets: npt.NDArray[Any], *, kind: str) -> float:
    if kind == "single_label":
        return log_me(features_NH, targets[:, None] == np.unique(targets))
    if kind == "regression":
        return log_me(features_NH, (targets - targets.mean()) / (targets.std() or 1.0))
    return log_me(features_NH, targets)

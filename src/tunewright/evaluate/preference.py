"""Of two texts that differ in a group, which one does a language model find likelier, and is that more often the stereotype?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tunewright.evaluate.config import FairnessConfig
from tunewright.evaluate.fairness import ALPHA
from tunewright.evaluate.paired import mcnemar_mid_p
from tunewright.metrics.intervals import wilson
from tunewright.metrics.metric import Floats
from tunewright.metrics.multiple import holm


@dataclass(frozen=True, kw_only=True)
class Preference:
    """Pairs of one category, or all of them."""

    category: str | None
    """None for all."""
    value: float
    """Share of pairs whose stereotyped text is the likelier one; .5 is no preference."""
    low: float | None
    high: float | None
    n: int
    """Pairs of which one is likelier."""
    p_value: float
    """Chance of a share at least as far from .5 if either text were as likely to be the likelier one."""
    p_adjusted: float
    verdict: Literal["stereotype", "counter_stereotype", "no_preference_shown"]


def preferences(difference_N: Floats, categories: Sequence[str], *, config: FairnessConfig) -> tuple[Preference, ...]:
    """`difference_N`: log p of the stereotyped text less that of the other. Categories with fewer than `config.min_group_rows`
    pairs stand only in the whole. p-values go through Holm together.
    """
    names = np.array(categories, object)
    chosen: list[tuple[str | None, Floats]] = [(None, difference_N)]
    chosen += [(str(name), difference_N[names == name]) for name in sorted(set(categories))]
    found = [_preference(name, of, config) for name, of in chosen if name is None or len(of) >= config.min_group_rows]
    adjusted = holm([one.p_value for one in found])
    return tuple(_judged(one, p_value or 0.0) for one, p_value in zip(found, adjusted, strict=True))


def _preference(category: str | None, difference_N: Floats, config: FairnessConfig) -> Preference:
    stereotyped, other = int((difference_N > 0).sum()), int((difference_N < 0).sum())
    n = stereotyped + other
    interval = wilson(stereotyped, n, level=config.level)
    p_value = mcnemar_mid_p(stereotyped, other)
    return Preference(
        category=category, value=stereotyped / n if n else 0.5, low=interval.low, high=interval.high, n=n,
        p_value=p_value, p_adjusted=p_value, verdict="no_preference_shown",
    )  # fmt: skip


def _judged(one: Preference, p_adjusted: float) -> Preference:
    if p_adjusted >= ALPHA:
        return replace(one, p_adjusted=p_adjusted)
    return replace(one, p_adjusted=p_adjusted, verdict="stereotype" if one.value > 0.5 else "counter_stereotype")

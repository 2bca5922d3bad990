"""Names are examples of a group: what ten of them show of it is uncertain by how much names of one group differ.

A difference that is certain over texts may be the doing of one odd name; so where terms are examples, tests and intervals are
over terms as well: Student's, of the mean of a group's terms less the mean of the other groups' means, the spread of terms
being one for all groups (two names alone would not show theirs). Shapes: V versions, T terms, G groups, K labels looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.metrics import student
from tunewright.metrics.metric import Floats, Integers


@dataclass(frozen=True, kw_only=True)
class OverTerms:
    """One group's terms against the others', for each label."""

    difference_K: Floats
    error_K: Floats
    """Standard error of the difference."""
    freedom: int

    @property
    def p_value(self) -> float:
        """Chance of a difference at least so large in any of the labels (Bonferroni) if groups did not differ."""
        moving = self.error_K > 0
        if not moving.any():
            return 1.0
        t_K = np.abs(self.difference_K[moving]) / self.error_K[moving]
        return min(1.0, len(self.error_K) * student.two_sided(float(t_K.max()), freedom=self.freedom))

    def half_widths(self, *, level: float) -> Floats:
        """Of each label's interval."""
        half_K: Floats = student.quantile((1 + level) / 2, freedom=self.freedom) * self.error_K
        return half_K


@dataclass(frozen=True, kw_only=True)
class TermEffects:
    """How far the versions with each term lie from the middle of their texts."""

    effect_TK: Floats
    group_T: Integers
    num_groups: int

    def of_group(self, group: int) -> OverTerms | None:
        """A group against the mean of the others; None where no group has two terms, so that their spread is not known."""
        n_G = np.bincount(self.group_T, minlength=self.num_groups).astype(np.float64)
        others_G = (n_G > 0) & (np.arange(self.num_groups) != group)
        freedom = int(n_G.sum() - (n_G > 0).sum())
        if freedom < 1 or not n_G[group] or not others_G.any():
            return None
        sums = [np.bincount(self.group_T, weights=column, minlength=self.num_groups) for column in self.effect_TK.T]
        mean_GK = np.stack(sums, axis=1) / np.maximum(n_G, 1)[:, None]
        variance_K = np.square(self.effect_TK - mean_GK[self.group_T]).sum(0) / freedom
        share = 1 / n_G[group] + (1 / n_G[others_G]).sum() / others_G.sum() ** 2
        return OverTerms(
            difference_K=mean_GK[group] - mean_GK[others_G].mean(0),
            error_K=np.sqrt(share * variance_K),
            freedom=freedom,
        )


def term_effects(
    away_VK: Floats, group_V: Integers, terms: Sequence[str], *, weight_V: Floats, num_groups: int
) -> TermEffects:
    """`away_VK`: how far each version lies from the middle of its text; `weight_V`: how much the text counts."""
    named = np.array([f"{group}|{term}" for group, term in zip(group_V, terms, strict=True)])
    names, term_V = np.unique(named, return_inverse=True)
    weight_T = np.bincount(term_V, weights=weight_V)
    sums = [np.bincount(term_V, weights=weight_V * column) for column in away_VK.T]
    effect_TK = np.stack(sums, axis=1) / weight_T[:, None]
    group_T = np.array([int(name.split("|", 1)[0]) for name in names], np.int64)
    return TermEffects(effect_TK=effect_TK, group_T=group_T, num_groups=num_groups)

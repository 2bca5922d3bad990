"""Gaps between groups: how differently a system treats them. The values are fairlearn's, to the last digits.

demographic parity   the share that is given the label
equal opportunity    that share among rows that should have it (the true positive rate)
equalised odds       both that share and the share among rows that should not (the false positive rate): the larger gap

A gap is the largest value of a group less the smallest. Chance alone makes it positive, the more so the more groups
there are and the smaller they are, so a gap comes with an interval and a test (`largest_difference`, `rates_test`,
`means_test`), and who calls decides which groups are large enough. Shapes: N rows, G groups, R resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.metrics import student
from tunewright.metrics.intervals import Interval, no_interval, wilson
from tunewright.metrics.metric import Booleans, Floats, Integers, finite


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Per group: of how many rows how many were hits."""

    hits_G: Floats
    rows_G: Floats

    @property
    def values_G(self) -> Floats:
        """The share of each group, NaN where it has no row."""
        with np.errstate(invalid="ignore"):
            values: Floats = self.hits_G / self.rows_G
        return values


@dataclass(frozen=True, kw_only=True)
class Means:
    """Per group: the mean of a number, and the variance of the rows around it."""

    values_G: Floats
    variance_G: Floats
    """With the divisor n - 1; NaN where there are fewer than two rows."""
    rows_G: Floats


# ---- what is measured


def rates(hit_N: Booleans, group_N: Integers, num_groups: int, *, among_N: Booleans | None = None) -> Rates:
    """The share of hits per group, among all rows or among some. Rows with group -1 are of no group."""
    counted_N = group_N >= 0 if among_N is None else (group_N >= 0) & among_N
    return Rates(
        hits_G=np.bincount(group_N[counted_N & hit_N], minlength=num_groups).astype(np.float64),
        rows_G=np.bincount(group_N[counted_N], minlength=num_groups).astype(np.float64),
    )


def means(values_N: Floats, group_N: Integers, num_groups: int, *, least_variance_N: Floats | None = None) -> Means:
    """The mean per group. `least_variance_N`: variance that each row is known to have, however alike the rows look."""
    counted_N = group_N >= 0
    group_N, values_N = group_N[counted_N], values_N[counted_N]
    rows_G = np.bincount(group_N, minlength=num_groups).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        values_G = np.bincount(group_N, weights=values_N, minlength=num_groups) / rows_G
        away_N = values_N - values_G[group_N]
        variance_G = np.bincount(group_N, weights=away_N**2, minlength=num_groups) / (rows_G - 1)
        if least_variance_N is not None:
            known_G = np.bincount(group_N, weights=least_variance_N[counted_N], minlength=num_groups) / rows_G
            variance_G = np.maximum(variance_G, known_G)
    variance_G[rows_G < 2] = np.nan
    return Means(values_G=values_G, variance_G=variance_G, rows_G=rows_G)


def selection_rates(said_N: Booleans, group_N: Integers, num_groups: int) -> Rates:
    """How often each group is given the label."""
    return rates(said_N, group_N, num_groups)


def true_positive_rates(gold_N: Booleans, said_N: Booleans, group_N: Integers, num_groups: int) -> Rates:
    """How often each group is given the label where it should be."""
    return rates(said_N, group_N, num_groups, among_N=gold_N)


def false_positive_rates(gold_N: Booleans, said_N: Booleans, group_N: Integers, num_groups: int) -> Rates:
    """How often each group is given the label where it should not be."""
    return rates(said_N, group_N, num_groups, among_N=~gold_N)


def difference(values_G: Floats) -> float | None:
    """The largest value less the smallest, of the groups that have one; None where fewer than two have."""
    values_G = values_G[np.isfinite(values_G)]
    return finite(values_G.max() - values_G.min()) if len(values_G) > 1 else None


def ratio(values_G: Floats) -> float | None:
    """The smallest value over the largest, of the groups that have one; None where all are 0."""
    values_G = values_G[np.isfinite(values_G)]
    return finite(values_G.min() / values_G.max()) if len(values_G) > 1 and values_G.max() > 0 else None


# ---- how sure it is


def rate_intervals(measured: Rates, *, level: float) -> list[Interval]:
    """Wilson's interval of each group's share."""
    return [wilson(hits, rows, level=level) for hits, rows in zip(measured.hits_G, measured.rows_G, strict=True)]


def mean_intervals(measured: Means, *, level: float) -> list[Interval]:
    """Student's interval of each group's mean."""
    found = []
    for value, variance, rows in zip(measured.values_G, measured.variance_G, measured.rows_G, strict=True):
        if rows < 2:
            found.append(no_interval("there are fewer than two rows"))
            continue
        half = student.quantile((1 + level) / 2, freedom=rows - 1) * float(np.sqrt(variance / rows))
        found.append(Interval(low=float(value) - half, high=float(value) + half, method="student"))
    return found


def pairs_level(num_groups: int, *, level: float, tables: int = 1) -> float:
    """The level at which the intervals of every pair of groups, in each of several tables, hold together (Bonferroni)."""
    pairs = tables * num_groups * (num_groups - 1) / 2
    return 1 - (1 - level) / max(pairs, 1)


def largest_difference(values_G: Floats, intervals_G: Sequence[Interval]) -> Interval:
    """Interval of the gap, from the groups' own intervals at `pairs_level`.

    Each pair's difference gets Newcombe's interval (1998; for means Zou and Donner's 2008), and the gap lies between the
    largest of the low ends and the largest of the high ends wherever all of those hold. With two groups that is
    Newcombe's interval of the absolute difference; with many it is wide rather than wrong.
    """
    usable = [g for g, one in enumerate(intervals_G) if one.low is not None and np.isfinite(values_G[g])]
    if len(usable) < 2:
        return no_interval("fewer than two groups have a value")
    value = values_G[usable]
    below = value - np.array([intervals_G[g].low for g in usable], np.float64)
    above = np.array([intervals_G[g].high for g in usable], np.float64) - value
    apart_GG = value[:, None] - value[None, :]
    low_GG = apart_GG - np.sqrt(below[:, None] ** 2 + above[None, :] ** 2)
    high_GG = apart_GG + np.sqrt(above[:, None] ** 2 + below[None, :] ** 2)
    others = ~np.eye(len(usable), dtype=np.bool_)
    return Interval(
        low=max(0.0, float(low_GG[others].max())), high=float(high_GG[others].max()),
        method="newcombe" if intervals_G[usable[0]].method == "wilson" else "zou_donner",
    )  # fmt: skip


def rates_test(tables: Sequence[Rates], *, seed: int, resamples: int = 10_000) -> float:
    """Chance of shares at least as uneven if the group said nothing: Pearson's chi-squares added up over the tables.

    Exact but for the number of resamples: hits are dealt to the groups anew, table by table, both margins being given.
    """
    rng = np.random.default_rng(seed)
    observed, dealt_R = 0.0, np.zeros(resamples)
    for table in tables:
        rows_G, hits = table.rows_G.astype(np.int64), int(table.hits_G.sum())
        observed += float(_chi_square(table.hits_G[None], table.rows_G)[0])
        hits_RG = rng.multivariate_hypergeometric(rows_G, hits, size=resamples, method="marginals")
        dealt_R += _chi_square(hits_RG.astype(np.float64), table.rows_G)
    return _share_as_large(dealt_R, observed)


def means_test(measured: Means) -> float | None:
    """Chance of means at least as uneven if the groups did not differ: Welch's analysis of variance (1951).

    It weighs each group by what its own rows scatter, so that a small loud group does not make an alarm of itself. None for
    fewer than two groups of two rows or more.
    """
    used = measured.rows_G >= 2
    groups, rows_G, mean_G = int(used.sum()), measured.rows_G[used], measured.values_G[used]
    if groups < 2:
        return None
    # Rows that are all alike leave no variance: then any difference is certain, and equal means are no difference.
    weight_G = rows_G / np.maximum(measured.variance_G[used], 1e-24 * max(float(np.square(mean_G).max()), 1e-276))
    common = weight_G @ mean_G / weight_G.sum()
    uncertain = float(((1 - weight_G / weight_G.sum()) ** 2 / (rows_G - 1)).sum())
    between = float(weight_G @ (mean_G - common) ** 2) / (groups - 1)
    f = between / (1 + 2 * (groups - 2) / (groups**2 - 1) * uncertain)
    freedom = (groups**2 - 1) / (3 * uncertain)
    return student.incomplete_beta(freedom / (freedom + (groups - 1) * f), freedom / 2, (groups - 1) / 2)


def _chi_square(hits_RG: Floats, rows_G: Floats) -> Floats:
    share = hits_RG.sum(1, keepdims=True) / max(rows_G.sum(), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cells = (hits_RG - share * rows_G) ** 2 / (rows_G * share * (1 - share))
    total: Floats = np.nan_to_num(cells, posinf=0.0).sum(1)
    return total


def _share_as_large(resampled_R: Floats, observed: float) -> float:
    slack = 1e-9 * max(1.0, abs(observed))
    return float((1 + (resampled_R >= observed - slack).sum()) / (1 + len(resampled_R)))

"""Several seeds of one recipe on the same test rows: what varies with the seed, and what with the rows that were tested.

A score of one run varies for two reasons: another seed would have given another model, and another sample of test rows
another score of the same model. With the values of `row_values` as an S x N table of seeds by rows, this is the
two-way layout of the analysis of variance with random effects,

    y_sn = mean + seed_s + row_n + rest_sn,

whose three variances are estimated from mean squares. A test over the rows alone (McNemar, bootstrap) says whether *these
two models* differ; whether *two recipes* differ has the variance of their seeds in it as well. An interval over both is

    half width^2 = t(seeds)^2 variance(seeds) + t(rows)^2 variance(rows),

each part with Student's t of its own degrees of freedom. One t for the sum (Satterthwaite's) covered 88 % instead of 95 %
where the seeds matter and are few. With fewer than two degrees of freedom between seeds nothing that was tried covered, so
there is no interval then.

    S  seeds     N  rows
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tunewright.evaluate.compare import Comparison, aligned, changed, compare, verdict_of
from tunewright.evaluate.predictions import Predictions
from tunewright.evaluate.row_values import row_values
from tunewright.evaluate.score import value_of
from tunewright.metrics import METRICS, Interval, intervals, student
from tunewright.metrics.metric import Floats


@dataclass(frozen=True, kw_only=True)
class SeedScore:
    """One metric of a recipe, over all its seeds."""

    metric: str
    values: tuple[float | None, ...]
    """One a seed."""
    value: float | None
    """Their mean: what to expect of a run with a new seed on new rows."""
    low: float | None
    high: float | None
    level: float
    method: str
    n: int
    seed_deviation: float | None
    """Standard deviation of the scores of runs that differ in their seed alone, tested on endless rows; None for one seed."""
    test_deviation: float | None
    """Standard deviation of the score of one model over samples of N test rows."""
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Mean squares of a table of seeds by rows, and what follows from them."""

    mean: float
    seeds: int
    n: int
    of_seeds: float
    """Mean square between seeds; it expects rest + N seed."""
    of_rows: float
    """Mean square between rows; it expects rest + S row."""
    of_rest: float

    @property
    def seed(self) -> float:
        """The variance between seeds, once the noise of few rows is taken out; 0 where that explains it all."""
        return max(0.0, (self.of_seeds - self.of_rest) / self.n)

    @property
    def safe_seed(self) -> float:
        """The same for tests and intervals, with half of that noise left in.

        With few seeds what is taken out is itself uncertain: with all of it out, equal recipes were called different in up
        to 10 % of cases instead of 5 % where seeds matter; with half of it, in up to 7 %, and 3 % where they do not.
        """
        return max(0.0, (self.of_seeds - self.of_rest / 2) / self.n)

    @property
    def row(self) -> float:
        """The variance between rows that all seeds share."""
        return max(0.0, (self.of_rows - self.of_rest) / self.seeds)

    @property
    def parts(self) -> tuple[Part, Part]:
        """The variances of the mean over seeds and rows: what the seeds add, and what the rows do."""
        of_seeds, of_rows = self.safe_seed / self.seeds, self.of_rows / (self.seeds * self.n)
        return Part(variance=of_seeds, freedom=self.seeds - 1.0), Part(variance=of_rows, freedom=self.n - 1.0)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A variance, and the degrees of freedom that it was estimated with."""

    variance: float
    freedom: float


def half_width(parts: Sequence[Part], *, level: float) -> float:
    """Half an interval whose variance is the sum of parts that are known more or less well."""
    share = (1 + level) / 2
    return math.sqrt(sum(part.variance * student.quantile(share, freedom=part.freedom) ** 2 for part in parts))


def p_value_of(difference: float, parts: Sequence[Part]) -> float:
    """One less the level of the widest interval around `difference` that leaves 0 out; never below 1e-12."""
    if not difference or not any(part.variance for part in parts):
        return float(not difference)
    low, high = 1e-12, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if half_width(parts, level=1 - middle) > abs(difference) else (low, middle)
    return high


def layout(values_SN: Floats) -> Layout:
    """The analysis of variance of at least two seeds and two rows."""
    seeds, n = values_SN.shape
    mean, of_S, of_N = float(values_SN.mean()), values_SN.mean(1), values_SN.mean(0)
    rest_SN = values_SN - of_S[:, None] - of_N[None] + mean
    return Layout(
        mean=mean, seeds=seeds, n=n, of_seeds=n * float(of_S.var(ddof=1)), of_rows=seeds * float(of_N.var(ddof=1)),
        of_rest=float(np.square(rest_SN).sum()) / ((seeds - 1) * (n - 1)),
    )  # fmt: skip


def score_seeds(runs: Sequence[Predictions], metric: str, *, level: float = 0.95) -> SeedScore:
    """One metric over the seeds of a recipe, all on the same rows; with one seed nothing is known of the others."""
    runs = align_all(runs)
    values = tuple(value_of(run, metric) for run in runs)
    known = [value for value in values if value is not None]
    n = len(runs[0])
    score = SeedScore(
        metric=metric, values=values, value=float(np.mean(known)) if known else None, low=None, high=None, level=level,
        method="none", n=n, seed_deviation=None, test_deviation=None, reason=METRICS[metric].undefined,
    )  # fmt: skip
    table_SN = _table(runs, metric)
    if len(known) < len(values) or table_SN is None:
        return replace(score, reason=score.reason if len(known) < len(values) else NOT_BY_ROWS)
    if len(values) == 1 or n < 2:
        deviation = float(table_SN[0].std(ddof=1)) / math.sqrt(n) if n > 1 else None
        return replace(score, test_deviation=deviation, reason="one seed says nothing about others")
    found = layout(table_SN)
    score = replace(
        score, seed_deviation=math.sqrt(found.seed), test_deviation=math.sqrt((found.row + found.of_rest) / n)
    )
    if found.seeds - 1 < LEAST_FREEDOM:
        return replace(score, reason="two seeds are too few for an interval that covers; train a third one")
    interval = _interval(found, metric, value=float(np.mean(known)), level=level)
    return replace(score, low=interval.low, high=interval.high, method=interval.method, reason=interval.reason)


def compare_recipes(
    a: Sequence[Predictions], b: Sequence[Predictions], *, metric: str, seed: int, system_a: str = "a",
    system_b: str = "b", level: float = 0.95, others: Sequence[Layout] = (), seedless: Collection[str] = (),
) -> Comparison:  # fmt: skip
    """Whether one recipe is better than another, its seeds being a sample of all seeds and the rows one of all rows.

    Takes the difference of the means over seeds, the variance over rows of the paired differences, and the variance between
    seeds pooled over both sides and `others`, layouts of further recipes. Where those have fewer than two degrees of
    freedom between seeds, or the metric is not made of rows, the first run of each side is compared, and `reason` says so.
    `seedless` names the systems that no seed has made, such as word counting.

    Raises DataError where rows or gold differ.
    """
    together = align_all([*a, *b])
    a, b = together[: len(a)], together[len(a) :]
    a_SN, b_SN = _table(a, metric), _table(b, metric)
    known = [of for of in (layout_of(a, metric), layout_of(b, metric), *others) if of is not None]
    freedom = sum(of.seeds - 1.0 for of in known)
    if a_SN is None or b_SN is None or freedom < LEAST_FREEDOM:
        one_pair = compare(a[0], b[0], metric=metric, seed=seed, system_a=system_a, system_b=system_b, level=level)
        return replace(one_pair, reason=NOT_BY_ROWS if a_SN is None or b_SN is None else FEW_SEEDS)
    n = a_SN.shape[1]
    of_seed = sum(of.safe_seed * (of.seeds - 1) for of in known) / freedom
    parts = (
        Part(variance=float((a_SN.mean(0) - b_SN.mean(0)).var(ddof=1)) / n, freedom=n - 1.0),
        Part(
            variance=of_seed * sum(1 / len(of) for of, name in ((a, system_a), (b, system_b)) if name not in seedless),
            freedom=freedom,
        ),
    )
    difference = float(np.mean(_values(a, metric)) - np.mean(_values(b, metric)))
    half, p_value = half_width(parts, level=level), p_value_of(difference, parts)
    comparison = Comparison(
        metric=metric, system_a=system_a, system_b=system_b, difference=difference, low=difference - half,
        high=difference + half, level=level, p_value=p_value, p_adjusted=p_value, method="t_over_seeds_and_rows", n=n,
        n_changed=int(changed(a[0], b[0]).sum()), verdict="no_difference_shown",
    )  # fmt: skip
    return replace(comparison, verdict=verdict_of(comparison))


def align_all(runs: Sequence[Predictions]) -> list[Predictions]:
    """All with gold only, in the order of the first, over one list of labels."""
    first = runs[0].labelled
    for run in runs[1:]:
        first = aligned(first, run)[0]
    return [first, *(aligned(first, run)[1] for run in runs[1:])]


def layout_of(runs: Sequence[Predictions], metric: str) -> Layout | None:
    """The layout of a recipe's runs; None with one run, or where the metric is not made of rows."""
    table_SN = _table(align_all(runs), metric) if len(runs) > 1 else None
    return None if table_SN is None or table_SN.shape[1] < 2 else layout(table_SN)


def _table(runs: Sequence[Predictions], metric: str) -> Floats | None:
    rows = [row_values(run, metric) for run in runs]
    return None if any(row is None for row in rows) else np.stack([row for row in rows if row is not None])


def _values(runs: Sequence[Predictions], metric: str) -> list[float]:
    return [value for run in runs if (value := value_of(run, metric)) is not None]


def _interval(found: Layout, metric: str, *, value: float, level: float) -> Interval:
    lowest, highest = METRICS[metric].range
    half = half_width(found.parts, level=level)
    if not math.isfinite(lowest) or not math.isfinite(highest):
        return Interval(low=max(lowest, value - half), high=min(highest, value + half), method="seeds_and_rows")
    # Near its end a metric is as skewed as a proportion is, and so is Wilson's interval.
    width = highest - lowest
    deviation = half / intervals.NORMAL.inv_cdf((1 + level) / 2) / width
    unit = intervals.wilson_effective((value - lowest) / width, variance=deviation**2, rows=found.n, level=level)
    low, high = (None if end is None else lowest + width * end for end in (unit.low, unit.high))
    return Interval(low=low, high=high, method="seeds_and_rows", reason=unit.reason)


LEAST_FREEDOM = 2.0
"""Degrees of freedom between seeds, below which no interval was seen to cover."""
NOT_BY_ROWS = "this metric is not made of rows, so what varies with the seed can't be told from what varies with them"
FEW_SEEDS = "too few seeds to know how much they matter: one run of each is compared, and holds for these two models"

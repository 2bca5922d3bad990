"""A value and its interval, before it gets the name of its system: what scores of every kind are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tunewright.metrics import Interval, intervals
from tunewright.metrics.metric import Floats, Integers, finite
from tunewright.metrics.text.metric import TextMetric

NO_VALUE = intervals.no_interval("there is no value")
TOO_FEW = intervals.no_interval("there are fewer than two rows")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number about some rows."""

    metric: str
    value: float | None
    interval: Interval
    n: int
    slice: str | None = None
    signature: str | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class How:
    """What every figure is made with."""

    seed: int
    resamples: int
    level: float
    metrics: Collection[str] | None
    texts: Mapping[str, TextMetric]

    def wants(self, metric: str) -> bool:
        """Whether the metric was asked for."""
        return self.metrics is None or metric in self.metrics


def share(name: str, shares_N: Floats, how: How) -> Figure:
    """The mean of a number in [0, 1] per row."""
    n = len(shares_N)
    if n < 2:
        return Figure(metric=name, value=finite(shares_N.mean()) if n else None, interval=TOO_FEW, n=n)
    variance = float(shares_N.var(ddof=1)) / n
    interval = intervals.wilson_effective(float(shares_N.mean()), variance=variance, rows=n, level=how.level)
    return Figure(metric=name, value=finite(shares_N.mean()), interval=interval, n=n)


def within(name: str, value: float | None, bounds: tuple[float, float], *, variance: float, n: int, how: How) -> Figure:
    """A metric with a range: Wilson's interval at the number of rows that its variance is worth."""
    if value is None:
        return Figure(metric=name, value=None, interval=NO_VALUE, n=n)
    lowest, highest = bounds
    width = highest - lowest
    unit = intervals.wilson_effective((value - lowest) / width, variance=variance / width**2, rows=n, level=how.level)
    low, high = (None if end is None else lowest + width * end for end in (unit.low, unit.high))
    return Figure(metric=name, value=value, interval=Interval(low=low, high=high, method=unit.method), n=n)


def bca(statistic: intervals.Statistic, sizes_K: Integers, how: How) -> Interval:
    """The bootstrap interval of any statistic of rows."""
    return intervals.bca(statistic, sizes_K, seed=how.seed, resamples=how.resamples, level=how.level)

"""Where does it fail? Slices of the rows on which a system is shown to be worse than on the others.

Many slices are looked at, and the worst of many looks bad by chance alone. So the errors are dealt anew to the rows, again and
again, and each slice is held against the worst that such dealings make: Westfall and Young's step-down procedure (1993). The
chance of calling even one slice worse where none is stays at 5 %, however the slices overlap, since overlapping slices
are dealt together. What a slice is must not depend on the answers: it is made of the texts and of columns.

    N  rows     S  slices     R  dealings
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunewright.evaluate.compare import ALPHA
from tunewright.evaluate.predictions import Predictions
from tunewright.evaluate.row_values import row_values
from tunewright.metrics import METRICS, Interval, intervals, student
from tunewright.metrics.metric import Booleans, Floats

METRIC = {
    "single_label": "accuracy", "multi_label": "accuracy", "regression": "mae", "text": "token_f1", "spans": "exact_match",
}  # fmt: skip
"""What is compared between slices: the metric of each kind that is a mean over rows."""
MOST_VALUES = 30
"""Values of one attribute that are looked at, the commonest ones."""
WORK = 4_000_000
"""Most numbers that are dealt at once: 32 MB."""
LARGE = 20_000
"""With more rows than this a quarter of the dealings must do."""


@dataclass(frozen=True, kw_only=True)
class Attribute:
    """Something that each row has a value of: its language, the file it came from, a column."""

    name: str
    values: Sequence[str | None]
    """One a row; None where it is not known."""
    labels: dict[str, str] | None = None
    """What a value is called, where it is a number only (words that are typical of a cluster)."""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """The rows with one value of an attribute, against all others."""

    attribute: str
    value: str
    label: str | None
    """What the value is called, where it has a name of its own."""
    n: int
    score: float
    """The metric over its rows."""
    low: float | None
    high: float | None
    others: float
    """The metric over the other rows."""
    p_value: float
    """Chance of a slice this bad if errors fell on rows at random; not yet adjusted."""
    p_adjusted: float
    """The same for the worst of as many slices."""
    is_worse: bool
    """By `p_adjusted` at 5 %."""


@dataclass(frozen=True, kw_only=True)
class Slices:
    """All slices that were looked at, the most surprising first."""

    metric: str
    higher_is_better: bool
    score: float | None
    """Over all rows."""
    n: int
    least_rows: int
    attributes: list[str]
    """What the rows were sliced by; one of which no value has rows enough is among them, too."""
    found: list[Slice]


def find_slices(
    predictions: Predictions, attributes: Sequence[Attribute], *, least_rows: int = 30, resamples: int = 2000, seed: int = 17,
    level: float = 0.95,
) -> Slices:  # fmt: skip
    """Look at every value of every attribute that `least_rows` rows have and as many lack.

    The values of an attribute stand in the order of `predictions`, which must all have gold.
    """
    metric = METRIC[predictions.kind]
    scores_N = row_values(predictions, metric)
    names = [attribute.name for attribute in attributes]
    n = len(predictions)
    chosen = _candidates(attributes, n, least_rows=least_rows)
    higher = METRICS[metric].higher_is_better
    if scores_N is None or not chosen:
        value = None if scores_N is None or not n else float(scores_N.mean())
        return Slices(
            metric=metric, higher_is_better=higher, score=value, n=n, least_rows=least_rows, attributes=names, found=[]
        )
    errors_N = -scores_N if higher else scores_N
    member_SN = np.stack([rows for _, _, rows in chosen])
    dealt = resamples if n <= LARGE else resamples // 4
    single_S, adjusted_S = _p_values(errors_N, member_SN, resamples=dealt, seed=seed)
    found = [
        _slice(attribute, value, rows, scores_N, metric, single=float(p), adjusted=float(q), level=level)
        for (attribute, value, rows), p, q in zip(chosen, single_S, adjusted_S, strict=True)
    ]
    found.sort(key=lambda one: (one.p_adjusted, one.p_value))
    return Slices(
        metric=metric, higher_is_better=higher, score=float(scores_N.mean()), n=n, least_rows=least_rows,
        attributes=names, found=found,
    )  # fmt: skip


def _candidates(attributes: Sequence[Attribute], n: int, *, least_rows: int) -> list[tuple[Attribute, str, Booleans]]:
    """Attribute, value and rows of each slice; of several slices of the same rows the first."""
    seen: set[bytes] = set()
    chosen = []
    for attribute in attributes:
        counts = Counter(value for value in attribute.values if value is not None)
        if len(counts) < 2:  # rows whose value is not known are no group of their own
            continue
        values = np.asarray(attribute.values, object)
        for value, rows in counts.most_common(MOST_VALUES):
            member_N = np.asarray(values == value, np.bool_)
            key = np.packbits(member_N).tobytes()
            if rows >= least_rows and n - rows >= least_rows and key not in seen:
                seen.add(key)
                chosen.append((attribute, value, member_N))
    return chosen


def _p_values(errors_N: Floats, member_SN: Booleans, *, resamples: int, seed: int) -> tuple[Floats, Floats]:
    """For each slice: the share of dealings in which it is as bad, and adjusted: in which any slice that is no worse is.

    Slices are held against each other in standard deviations of their dealings, so that small ones are not always the worst.
    """
    slices, n = member_SN.shape
    size_S = member_SN.sum(1).astype(np.float64)
    centred_N = errors_N - errors_N.mean()
    spread = float(np.square(centred_N).mean())
    if spread < 1e-24:
        return np.ones(slices), np.ones(slices)
    deviation_S = np.sqrt(spread * size_S * (n - size_S) / max(n - 1, 1))
    weight_NS = (member_SN / deviation_S[:, None]).T.astype(np.float64)
    seen_S = centred_N @ weight_NS
    order = np.argsort(-seen_S, kind="stable")
    back = np.argsort(order, kind="stable")
    weight_NS, sorted_S = weight_NS[:, order], seen_S[order] - 1e-9
    rng = np.random.default_rng(seed)
    single, stepped = np.ones(slices), np.ones(slices)
    chunk = max(1, WORK // n)
    for start in range(0, resamples, chunk):
        dealt_RN = np.tile(centred_N, (min(chunk, resamples - start), 1))
        dealt_RS = rng.permuted(dealt_RN, axis=1, out=dealt_RN) @ weight_NS
        single += (dealt_RS >= sorted_S).sum(0)
        # Step down: a slice competes only with those that are no worse than it.
        worst_RS = np.maximum.accumulate(dealt_RS[:, ::-1], axis=1)[:, ::-1]
        stepped += (worst_RS >= sorted_S).sum(0)
    adjusted = np.maximum.accumulate(stepped / (1 + resamples))
    return (single / (1 + resamples))[back], adjusted[back]


def _slice(
    attribute: Attribute, value: str, rows: Booleans, scores_N: Floats, metric: str, *, single: float, adjusted: float,
    level: float,
) -> Slice:  # fmt: skip
    own_N, rest_N = scores_N[rows], scores_N[~rows]
    interval = _interval(own_N, metric, level=level)
    return Slice(
        attribute=attribute.name, value=value, label=(attribute.labels or {}).get(value), n=len(own_N),
        score=float(own_N.mean()), low=interval.low, high=interval.high, others=float(rest_N.mean()), p_value=single,
        p_adjusted=adjusted, is_worse=adjusted < ALPHA,
    )  # fmt: skip


def _interval(values_N: Floats, metric: str, *, level: float) -> Interval:
    n = len(values_N)
    if set(np.unique(values_N)) <= {0.0, 1.0}:
        return intervals.wilson(float(values_N.sum()), n, level=level)
    variance = float(values_N.var(ddof=1)) / n
    if METRICS[metric].range == (0, 1):
        return intervals.wilson_effective(float(values_N.mean()), variance=variance, rows=n, level=level)
    half: Any = student.quantile((1 + level) / 2, freedom=n - 1.0) * variance**0.5
    return Interval(low=float(values_N.mean() - half), high=float(values_N.mean() + half), method="t")

"""Gaps between groups in a file of predictions, each with an interval and a test, small groups refused.

measure               what is compared between the groups                            needs
accuracy              the share of rows that are answered right                      answers to compare with
demographic_parity    the share that is given the label                              nothing more
equal_opportunity     that share among rows that should have it                      answers to compare with
equalized_odds        both that share and the one among rows that should not         answers to compare with
calibration           mean probability of the label less the share that has it       both, and probabilities
mean_prediction       numbers: the mean of what is said                              nothing more
mean_error            numbers: the mean of said - gold                               answers to compare with
mean_absolute_error   numbers: the mean of |said - gold|                             answers to compare with

Of several labels each is looked at against the rest. Every test of one call goes through Holm together. Intervals are
as in `metrics/fairness.py`; which coverage they have is measured by `bench/fairness.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tunewright.core.errors import DataError, closest
from tunewright.evaluate.config import FairnessConfig
from tunewright.evaluate.predictions import Kind, Predictions
from tunewright.metrics import fairness as measures
from tunewright.metrics.fairness import Rates
from tunewright.metrics.intervals import Interval, ece_interval, no_interval
from tunewright.metrics.metric import Booleans, Floats, Integers
from tunewright.metrics.multiple import holm
from tunewright.metrics.probability import bin_confidence, ece_debiased_of

Measure = Literal[
    "accuracy", "demographic_parity", "equal_opportunity", "equalized_odds", "calibration", "mean_prediction",
    "mean_error", "mean_absolute_error",
]  # fmt: skip
Lacking = Literal["rows", "rows_with_label", "rows_without_label"]
Reason = Literal["few_groups", "no_gold", "no_scores"]
ALPHA = 0.05
LEAST_RESAMPLES = 40
"""For each test of a call."""
MOST_GROUPS = 100
"""A column with more groups than this that are large enough is no column of groups."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One group's value, with an interval of its own."""

    group: str
    value: float
    low: float | None
    high: float | None
    n: int
    """Rows that the value rests on."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A group that is too small for a measure."""

    group: str
    n: int
    lacking: Lacking
    """What there is too little of: rows at all, rows that should have the label, or rows that should not."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One measure of one label between the groups of one column."""

    column: str
    measure: Measure
    label: str | None
    """None for measures that are not about one label."""
    value: float | None
    """The largest group's value less the smallest's; of equalised odds the larger of its two gaps."""
    ratio: float | None
    """The smallest over the largest, for shares; of equalised odds the smaller of its two."""
    low: float | None
    high: float | None
    level: float
    method: str
    p_value: float | None
    """Chance of values at least as uneven if the group said nothing."""
    p_adjusted: float | None
    verdict: Literal["gap", "no_gap_shown", "not_measured"]
    """By `p_adjusted` at 5 %."""
    n: int
    figures: Mapping[str, tuple[Figure, ...]]
    """The groups' values by the name of what is measured; calibration has each group's calibration error besides."""
    refused: tuple[Refused, ...]
    reason: Reason | None = None
    """Why nothing was measured."""


@dataclass(frozen=True, kw_only=True)
class GroupGaps:
    """All gaps of one column, and what became of its rows."""

    column: str
    rows: int
    without_group: int
    """Rows whose cell is empty."""
    sizes: Mapping[str, int]
    """Rows of each group, the largest first."""
    gaps: tuple[Gap, ...]


def group_gaps(
    predictions: Predictions, columns: Mapping[str, Sequence[str | None]], *, config: FairnessConfig
) -> list[GroupGaps]:
    """The gaps of each column; `columns` has the group of each row in the order of the predictions.

    Raises DataError for a column without groups or with more than `MOST_GROUPS`, for an unknown `config.positive`, and for
    predictions that are neither labels nor numbers.
    """
    if predictions.kind not in MEASURED:
        raise DataError(
            f"gaps between groups are measured of {', '.join(MEASURED)} predictions, and these are {predictions.kind}."
        )
    _require_label(predictions, config)
    # Holm multiplies by the number of tests, so with many labels a p-value must be able to get small.
    tests = len(columns) * (1 + 3 * len(looked_at(predictions, config)))
    config = config.model_copy(update={"resamples": max(config.resamples, LEAST_RESAMPLES * tests)})
    found = [_of_column(predictions, name, groups, config) for name, groups in columns.items()]
    adjusted = iter(holm([gap.p_value for one in found for gap in one.gaps]))
    return [replace(one, gaps=tuple(_judged(gap, next(adjusted)) for gap in one.gaps)) for one in found]


def group_sizes(name: str, groups: Sequence[str | None], *, least: int) -> dict[str, int]:
    """Rows of each group, the largest first. Raises DataError for a column that is empty or has too many large groups."""
    sizes = dict(Counter(group for group in groups if group is not None).most_common())
    if not sizes:
        raise DataError(f"column `{name}` has no groups: it is empty on every row. Name another one.")
    large = sum(rows >= least for rows in sizes.values())
    if large > MOST_GROUPS:
        raise DataError(
            f"column `{name}` has {large} groups of {least} rows or more; at most {MOST_GROUPS} are compared. "
            "Put its values into bands (18-29, 30-49...) in a column of their own and name that."
        )
    return sizes


def without_small_names(found: GroupGaps, *, least: int) -> GroupGaps:
    """The same without the names of groups that are as small as a person may be."""
    gaps = [
        replace(gap, refused=tuple(r if found.sizes[r.group] >= least else replace(r, group="") for r in gap.refused))
        for gap in found.gaps
    ]
    return replace(found, sizes={group: n for group, n in found.sizes.items() if n >= least}, gaps=tuple(gaps))


def _judged(gap: Gap, p_adjusted: float | None) -> Gap:
    if p_adjusted is None:
        return gap
    return replace(gap, p_adjusted=p_adjusted, verdict="gap" if p_adjusted < ALPHA else "no_gap_shown")


# ---- one column


@dataclass(frozen=True, kw_only=True)
class _Column:
    """The rows of a column with their groups as places among its large ones."""

    name: str
    groups: tuple[str, ...]
    group_N: Integers
    """-1 for rows without a group, or of one that is too small."""
    small: tuple[Refused, ...]
    config: FairnessConfig

    @property
    def level(self) -> float:
        return self.config.level

    def only(self, rows: Booleans) -> _Column:
        return replace(self, group_N=np.where(rows, self.group_N, -1))


def _of_column(predictions: Predictions, name: str, groups: Sequence[str | None], config: FairnessConfig) -> GroupGaps:
    sizes = group_sizes(name, groups, least=config.min_group_rows)
    large = tuple(sorted(group for group, rows in sizes.items() if rows >= config.min_group_rows))
    place = {group: i for i, group in enumerate(large)}
    column = _Column(
        name=name, groups=large, group_N=np.array([place.get(group or "", -1) for group in groups], np.int64),
        small=tuple(Refused(group=g, n=n, lacking="rows") for g, n in sizes.items() if n < config.min_group_rows),
        config=config,
    )  # fmt: skip
    return GroupGaps(
        column=name, rows=len(predictions), without_group=sum(group is None for group in groups), sizes=sizes,
        gaps=tuple(MEASURED[predictions.kind](predictions, column)),
    )  # fmt: skip


def _of_labels(predictions: Predictions, column: _Column) -> Iterator[Gap]:
    has_gold_N = _valid(predictions, "gold")
    if has_gold_N.any():
        yield _gap_of_rates(column.only(has_gold_N), "accuracy", None, {"accuracy": (_right(predictions), None)})
    else:
        yield _not_measured(column, "accuracy", None, "no_gold")
    for label, gold_N, said_N, score_N in _decisions(predictions, column.config):
        yield _gap_of_rates(column, "demographic_parity", label, {"selection_rate": (said_N, None)})
        if not has_gold_N.any():
            for measure in ("equal_opportunity", "equalized_odds", "calibration"):
                yield _not_measured(column, measure, label, "no_gold")
            continue
        scored = column.only(has_gold_N)
        with_label = {"true_positive_rate": (said_N, gold_N)}
        yield _gap_of_rates(scored, "equal_opportunity", label, with_label)
        yield _gap_of_rates(
            scored, "equalized_odds", label, with_label | {"false_positive_rate": (said_N, ~gold_N & has_gold_N)}
        )
        if score_N is None:
            yield _not_measured(column, "calibration", label, "no_scores")
        else:
            yield _calibration(scored, label, gold_N, score_N)


def _of_numbers(predictions: Predictions, column: _Column) -> Iterator[Gap]:
    said_N, gold_N = predictions.prediction_value_N, predictions.gold_value_N
    answered, scored = np.isfinite(said_N), np.isfinite(said_N) & np.isfinite(gold_N)
    yield _gap_of_means(column.only(answered), "mean_prediction", None, said_N)
    errors_N = said_N - gold_N
    of_errors: dict[Measure, Floats] = {"mean_error": errors_N, "mean_absolute_error": np.abs(errors_N)}
    for measure, values_N in of_errors.items():
        if scored.any():
            yield _gap_of_means(column.only(scored), measure, None, values_N)
        else:
            yield _not_measured(column, measure, None, "no_gold")


# ---- one measure


def _gap_of_rates(
    column: _Column, measure: Measure, label: str | None, hits: Mapping[str, tuple[Booleans, Booleans | None]]
) -> Gap:
    """`hits`: per named rate which rows are hits, and among which rows (None: all)."""
    size = len(column.groups)
    tables = {
        name: measures.rates(hit_N, column.group_N, size, among_N=among_N) for name, (hit_N, among_N) in hits.items()
    }
    lacking: dict[str, Lacking] = {
        "true_positive_rate": "rows_with_label", "false_positive_rate": "rows_without_label",
    }  # fmt: skip
    large_G, refused = np.ones(size, np.bool_), list(column.small)
    for name, table in tables.items():
        for g in np.flatnonzero((table.rows_G < column.config.min_group_rows) & large_G):
            large_G[g] = False
            refused.append(
                Refused(group=column.groups[g], n=int(table.rows_G[g]), lacking=lacking.get(name, "rows"))
            )  # fmt: skip
    tables = {name: Rates(hits_G=t.hits_G[large_G], rows_G=t.rows_G[large_G]) for name, t in tables.items()}
    groups = [group for group, large in zip(column.groups, large_G, strict=True) if large]
    figures = {
        name: _figures(groups, t.values_G, measures.rate_intervals(t, level=column.level), t.rows_G)
        for name, t in tables.items()
    }
    if len(groups) < 2:
        return _not_measured(column, measure, label, "few_groups", figures=figures, refused=refused)
    level = measures.pairs_level(len(groups), level=column.level, tables=len(tables))
    intervals = [
        measures.largest_difference(t.values_G, measures.rate_intervals(t, level=level)) for t in tables.values()
    ]
    ratios = [measures.ratio(t.values_G) for t in tables.values()]
    return _gap(
        column, measure, label,
        value=max(measures.difference(t.values_G) or 0.0 for t in tables.values()),
        ratio=min((ratio for ratio in ratios if ratio is not None), default=None),
        interval=_larger(intervals),
        p_value=measures.rates_test(
            list(tables.values()), seed=column.config.seed, resamples=column.config.resamples
        ),
        n=int(sum(t.rows_G.sum() for t in tables.values())), figures=figures, refused=refused,
    )  # fmt: skip


def _gap_of_means(
    column: _Column, measure: Measure, label: str | None, values_N: Floats, *, least_variance_N: Floats | None = None
) -> Gap:
    size = len(column.groups)
    sizes_G = np.bincount(column.group_N[column.group_N >= 0], minlength=size)
    small_G = sizes_G < column.config.min_group_rows
    refused = [
        *column.small,
        *(Refused(group=column.groups[g], n=int(sizes_G[g]), lacking="rows") for g in np.flatnonzero(small_G)),
    ]
    kept = np.flatnonzero(~small_G)
    renumbered_G = np.full(size + 1, -1)
    renumbered_G[kept] = np.arange(len(kept))
    group_N, groups = renumbered_G[column.group_N], [column.groups[g] for g in kept]
    table = measures.means(values_N, group_N, len(groups), least_variance_N=least_variance_N)
    figures: dict[str, tuple[Figure, ...]] = {
        measure: _figures(groups, table.values_G, measures.mean_intervals(table, level=column.level), table.rows_G)
    }
    if len(groups) < 2:
        return _not_measured(column, measure, label, "few_groups", figures=figures, refused=refused)
    level = measures.pairs_level(len(groups), level=column.level)
    return _gap(
        column, measure, label, value=measures.difference(table.values_G), ratio=None,
        interval=measures.largest_difference(table.values_G, measures.mean_intervals(table, level=level)),
        p_value=measures.means_test(table), n=int(table.rows_G.sum()), figures=figures, refused=refused,
    )  # fmt: skip


def _calibration(column: _Column, label: str, gold_N: Booleans, score_N: Floats) -> Gap:
    """Probability less outcome, which varies by p (1 - p) even in a group whose rows happen to be all right."""
    gap = _gap_of_means(column, "calibration", label, score_N - gold_N, least_variance_N=score_N * (1 - score_N))
    errors = []
    for figure in gap.figures["calibration"]:
        rows = column.group_N == column.groups.index(figure.group)
        bins = bin_confidence(score_N[rows], gold_N[rows])
        interval = ece_interval(bins, seed=column.config.seed, level=column.level)
        value = ece_debiased_of(bins) or 0.0
        errors.append(Figure(group=figure.group, value=value, low=interval.low, high=interval.high, n=figure.n))
    return replace(gap, figures={**gap.figures, "calibration_error": tuple(errors)})


def _gap(
    column: _Column, measure: Measure, label: str | None, *, value: float | None, ratio: float | None,
    interval: Interval, p_value: float | None, n: int, figures: Mapping[str, tuple[Figure, ...]],
    refused: Sequence[Refused], reason: Reason | None = None,
) -> Gap:  # fmt: skip
    return Gap(
        column=column.name, measure=measure, label=label, value=value, ratio=ratio, low=interval.low,
        high=interval.high, level=column.level, method=interval.method, p_value=p_value, p_adjusted=p_value,
        verdict="not_measured", n=n, figures=figures, refused=tuple(refused), reason=reason,
    )  # fmt: skip


def _not_measured(
    column: _Column, measure: Measure, label: str | None, reason: Reason, *,
    figures: Mapping[str, tuple[Figure, ...]] | None = None, refused: Sequence[Refused] = (),
) -> Gap:  # fmt: skip
    return _gap(
        column, measure, label, value=None, ratio=None, interval=no_interval(reason), p_value=None,
        n=0, figures=figures or {}, refused=refused, reason=reason,
    )  # fmt: skip


def _figures(
    groups: Sequence[str], values_G: Floats, intervals_G: Sequence[Interval], rows_G: Floats
) -> tuple[Figure, ...]:
    return tuple(
        Figure(group=group, value=float(value), low=interval.low, high=interval.high, n=int(rows))
        for group, value, interval, rows in zip(groups, values_G, intervals_G, rows_G, strict=True)
    )


def _larger(intervals: Sequence[Interval]) -> Interval:
    """Interval of the larger of several gaps whose intervals hold together."""
    known = [(one.low, one.high) for one in intervals if one.low is not None and one.high is not None]
    return replace(intervals[0], low=max(low for low, _ in known), high=max(high for _, high in known))


# ---- from predictions to decisions


def _decisions(
    predictions: Predictions, config: FairnessConfig
) -> Iterator[tuple[str, Booleans, Booleans, Floats | None]]:
    """label, gold_N, said_N and score_N for each label that is looked at."""
    names = predictions.names
    for label in looked_at(predictions, config):
        place = names.index(label)
        score_N = predictions.scores_NC[:, place] if predictions.has_scores else None
        if predictions.kind == "multi_label":
            yield label, predictions.gold_sets_NC[:, place], predictions.prediction_sets_NC[:, place], score_N
        else:
            yield label, predictions.gold_index_N == place, predictions.prediction_index_N == place, score_N


def looked_at(predictions: Predictions, config: FairnessConfig) -> tuple[str, ...]:
    """The labels whose shares are compared: of two exclusive ones the positive one, else all; none for numbers."""
    if predictions.kind == "regression":
        return ()
    if predictions.kind == "single_label" and len(predictions.labels) == 2:
        return (config.positive or predictions.labels[-1],)
    return predictions.labels if config.positive is None else (config.positive,)


def _require_label(predictions: Predictions, config: FairnessConfig) -> None:
    wanted, known = config.positive, predictions.labels
    if wanted is not None and wanted not in known:
        near = closest(wanted, known)
        raise DataError(
            f"the model has no label `{wanted}`{f'; is `{near}` meant?' if near else '.'} "
            f"It has {', '.join(known) if known else 'no labels: it gives numbers'}."
        )


def _right(predictions: Predictions) -> Booleans:
    if predictions.kind == "multi_label":
        return np.asarray((predictions.gold_sets_NC == predictions.prediction_sets_NC).all(1))
    return np.asarray(predictions.gold_index_N == predictions.prediction_index_N)


def _valid(predictions: Predictions, column: str) -> Booleans:
    return np.asarray(predictions.table.column(column).is_valid().to_numpy(), np.bool_)


MEASURED: Mapping[Kind, Callable[[Predictions, _Column], Iterator[Gap]]] = {
    "single_label": _of_labels, "multi_label": _of_labels, "regression": _of_numbers,
}  # fmt: skip
"""The kinds of predictions that have gaps, and how they are found."""

"""Is one system better than another on the same rows? A paired test, an interval of the difference, and a verdict.

Which test a metric gets stands in `paired.py`. Several comparisons in one report go through `holm`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tunewright.core.errors import DataError
from tunewright.evaluate import paired
from tunewright.evaluate.predictions import Predictions
from tunewright.evaluate.row_values import OF_ROWS, auroc, right
from tunewright.evaluate.score import value_of
from tunewright.evaluate.sums import SUMMED, Statistics, statistics_of
from tunewright.metrics import METRICS, TEXT_METRICS, counts, intervals, probability, spans, statistics
from tunewright.metrics.metric import Better, Booleans, Floats
from tunewright.metrics.multiple import holm as adjust
from tunewright.metrics.text.metric import TextMetric

Verdict = Literal["a_better", "b_better", "no_difference_shown"]
ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """System a against system b on one metric, over the same rows."""

    metric: str
    system_a: str
    system_b: str
    difference: float | None
    """Value of a minus value of b, in the metric's own direction: for an error, a negative number is good for a."""
    low: float | None
    high: float | None
    level: float
    p_value: float | None
    """Chance of a difference at least this large if the two were interchangeable, two-sided."""
    p_adjusted: float | None
    """The p-value after `holm`, over all comparisons of the report; the same as `p_value` for a single one."""
    method: str
    n: int
    n_changed: int
    """Rows whose answer differs between the two."""
    verdict: Verdict
    """By `p_adjusted` at 5 %."""
    better: Better | None = None
    """Which way the metric is better; None: as `METRICS` says. By one that has an aim nothing is called better."""
    reason: str | None = None
    """Why there is no test or no interval."""


def compare(
    a: Predictions,
    b: Predictions,
    *,
    metric: str,
    seed: int,
    system_a: str = "a",
    system_b: str = "b",
    level: float = 0.95,
    resamples: int = 10_000,
    texts: Mapping[str, TextMetric] = TEXT_METRICS,
) -> Comparison:
    """Compare two systems on the rows that have gold; both must have answered exactly the same rows.

    `texts`: the metrics of texts by their names.
    """
    a, b = aligned(a, b)
    both = _both(a, b, metric, texts) if a.kind in SUMMED else None
    value_a, value_b = (of.value for of in both) if both else (value_of(a, metric), value_of(b, metric))
    test = None
    if value_a is None or value_b is None:
        difference = None
    else:
        difference = value_a - value_b
        if both:
            test = statistics_test(*both, seed=seed, level=level, resamples=resamples)
        else:
            test = _test(a, b, metric=metric, difference=difference, seed=seed, level=level, resamples=resamples)
    return compared(
        test,
        metric=metric,
        systems=(system_a, system_b),
        difference=difference,
        level=level,
        n=len(both[0].rows_NK) if both else len(a),
        n_changed=int(changed(a, b).sum()),
        reason=METRICS[metric].undefined,
    )


def compared(
    test: paired.Test | None,
    *,
    metric: str,
    systems: tuple[str, str],
    difference: float | None,
    level: float,
    n: int,
    n_changed: int,
    reason: str,
    better: Better | None = None,
) -> Comparison:
    """What a test says, with its verdict. `reason`: why there is none, where there is none."""
    comparison = Comparison(
        metric=metric,
        system_a=systems[0],
        system_b=systems[1],
        difference=difference,
        low=test.interval.low if test else None,
        high=test.interval.high if test else None,
        level=level,
        p_value=test.p_value if test else None,
        p_adjusted=test.p_value if test else None,
        method=test.method if test else "none",
        n=n,
        n_changed=n_changed,
        verdict="no_difference_shown",
        better=better,
        reason=test.interval.reason if test else reason,
    )
    return replace(comparison, verdict=verdict_of(comparison))


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons, in their order, with p-values adjusted for their number (Holm 1979) and verdicts to match.

    The chance of even one false alarm among them all then stays at 5 %.
    """
    adjusted = adjust([c.p_value for c in comparisons])
    result = [replace(c, p_adjusted=p_value) for c, p_value in zip(comparisons, adjusted, strict=True)]
    return [replace(c, verdict=verdict_of(c)) for c in result]


def _test(
    a: Predictions, b: Predictions, *, metric: str, difference: float, seed: int, level: float, resamples: int
) -> paired.Test:
    if metric == "accuracy" or (metric == "micro_f1" and a.kind == "single_label"):
        return paired.mcnemar_test(right(a), right(b), level=level)
    if metric == "auroc":
        influence_a, influence_b = auroc(a).influence, auroc(b).influence
        return paired.delong_test(influence_a, influence_b, difference, level=level)
    if (a.kind, metric) in OF_ROWS:
        per_row = OF_ROWS[a.kind, metric]
        return paired.mean_test(per_row(a) - per_row(b), seed=seed, level=level, resamples=resamples)
    if metric in counts.COUNT_METRICS:
        counted = counts.COUNT_METRICS[metric]
        return paired.count_test(_pairs(a, b), counted, seed=seed, level=level, resamples=resamples)
    if a.kind == "regression":
        return _numbers_test(a, b, metric=metric, seed=seed, level=level, resamples=resamples)
    return _calibration_test(a, b, metric=metric, seed=seed, resamples=resamples)


def _both(
    a: Predictions, b: Predictions, metric: str, texts: Mapping[str, TextMetric]
) -> tuple[Statistics, Statistics]:
    """Both systems' statistics of the rows that the metric is about for both: of losses, those that both measured."""
    of_a, of_b = (statistics_of(rows, metric, texts=texts) for rows in (a, b))
    used_N = of_a.used_N & of_b.used_N
    return replace(of_a, rows_NK=of_a.rows_NK[used_N]), replace(of_b, rows_NK=of_b.rows_NK[used_N])


def statistics_test(a: Statistics, b: Statistics, *, seed: int, level: float, resamples: int) -> paired.Test:
    """The paired test of one metric of two systems, whose statistics are of the same rows, all of which it is about."""
    if a.shape == "rate":
        return paired.mcnemar_test(a.rows_NK[:, 0] > 0, b.rows_NK[:, 0] > 0, level=level)
    if a.shape == "mean":
        differences_N = a.rows_NK[:, 0] - b.rows_NK[:, 0]
        return paired.mean_test(differences_N, seed=seed, level=level, resamples=resamples)
    return paired.sums_test(a.combine, a.rows_NK, b.rows_NK, seed=seed, level=level, resamples=resamples)


def _numbers_test(
    a: Predictions, b: Predictions, *, metric: str, seed: int, level: float, resamples: int
) -> paired.Test:
    gold_N, function = a.gold_value_N, METRICS[metric].functions["numbers"]
    of_a, of_b = (statistics.OF_NUMBERS[metric](gold_N, rows.prediction_value_N) for rows in (a, b))
    interval = intervals.bca(
        lambda drawn_RN: of_a(drawn_RN) - of_b(drawn_RN),
        np.ones(len(a), np.int64),
        seed=seed,
        resamples=min(resamples, paired.INTERVAL_RESAMPLES),
        level=level,
    )
    said_a_N1, said_b_N1 = a.prediction_value_N[:, None], b.prediction_value_N[:, None]
    return paired.swap_test(
        lambda said_N1: function(gold_N, said_N1[:, 0]),
        said_a_N1,
        said_b_N1,
        seed=seed,
        resamples=resamples,
        interval=interval,
    )


def _calibration_test(a: Predictions, b: Predictions, *, metric: str, seed: int, resamples: int) -> paired.Test:
    """Calibration errors look at nothing but confidence and whether it was right, so only those are swapped."""
    error_of = probability.ece_debiased_of if metric == "ece_debiased" else probability.ece_of

    def of(both_NX: Floats) -> float | None:
        half = both_NX.shape[1] // 2
        return error_of(probability.bin_confidence(both_NX[:, :half].ravel(), both_NX[:, half:].ravel() > 0.5))

    resamples = min(resamples, 999)  # slow, and nobody needs its p-value to four digits
    none = intervals.no_interval("no interval with measured coverage is known for this difference")
    return paired.swap_test(of, _sureness(a), _sureness(b), seed=seed, resamples=resamples, interval=none)


def _sureness(rows: Predictions) -> Floats:
    """Confidence, and beside it whether it was right: one decision a row, or one per label."""
    if rows.kind == "multi_label":
        sure, is_right = probability.flat_decisions(rows.gold_sets_NC, rows.scores_NC)
    else:
        sure, is_right = probability.top_label(rows.gold_index_N, rows.scores_NC)
    return np.concatenate([sure.reshape(len(rows), -1), is_right.reshape(len(rows), -1)], axis=1)


def _pairs(a: Predictions, b: Predictions) -> paired.Pairs:
    if a.kind == "multi_label":
        return paired.pairs_of_sets(a.gold_sets_NC, a.prediction_sets_NC, b.prediction_sets_NC)
    return paired.pairs_of_labels(a.gold_index_N, a.prediction_index_N, b.prediction_index_N, len(a.names))


def aligned(a: Predictions, b: Predictions) -> tuple[Predictions, Predictions]:
    """Both with gold only, b in the order of a, and one list of labels, so that class places mean the same.

    Raises DataError where they are of two kinds, of different rows, or of rows with different gold.
    """
    a, b = a.labelled, b.labelled
    if a.kind != b.kind:
        raise DataError(f"can't compare {a.kind} with {b.kind} predictions; both must be of one kind of task")
    if a.kind == "regression":  # rows that one of the two left without an answer can't be compared
        a, b = _only_rows(a, b.row_ids), _only_rows(b, a.row_ids)
    places = pc.index_in(a.table.column("row_id"), value_set=b.table.column("row_id").combine_chunks())
    if len(a) != len(b) or places.null_count:
        raise DataError(
            f"can't compare systems on different rows: {len(a)} and {len(b)} rows with gold, "
            f"{len(a) - places.null_count} of them in both; predict the same split with both"
        )
    table = b.table.take(places)
    right = ("gold", "references") if a.kind == "text" else ("gold",)
    if any(not table.column(name).equals(a.table.column(name)) for name in right):
        raise DataError("can't compare systems whose gold differs; both files must come from the same labels")
    return _on_labels(a, b.names), _on_labels(Predictions(table=table, kind=b.kind, labels=b.labels), a.names)


def _only_rows(rows: Predictions, row_ids: Sequence[str]) -> Predictions:
    wanted = pc.is_in(rows.table.column("row_id"), value_set=pa.array(row_ids, pa.string()))
    return Predictions(table=rows.table.filter(wanted), kind=rows.kind, labels=rows.labels)


def _on_labels(rows: Predictions, others: tuple[str, ...]) -> Predictions:
    """The same predictions over the sorted union of both systems' classes; unknown classes get score 0."""
    if rows.kind in ("regression", "text"):
        return rows
    names = tuple(sorted({*rows.names, *others}))
    if names == rows.labels:
        return rows
    table = rows.table
    if rows.has_scores:
        wide = np.zeros((len(rows), len(names)))
        wide[:, [names.index(name) for name in rows.names]] = rows.scores_NC
        lists = pa.FixedSizeListArray.from_arrays(pa.array(wide.ravel()), len(names)).cast(pa.list_(pa.float64()))
        table = table.set_column(table.column_names.index("scores"), "scores", lists)
    return Predictions(table=table, kind=rows.kind, labels=names)


def changed(a: Predictions, b: Predictions) -> Booleans:
    """Which answers differ; the two must be `aligned`."""
    if a.kind == "multi_label":
        return np.asarray((a.prediction_sets_NC != b.prediction_sets_NC).any(1))
    if a.kind == "text":
        return np.array([one != other for one, other in zip(a.answers, b.answers, strict=True)], np.bool_)
    if a.kind == "spans":
        return np.asarray(spans.rows_right(a.prediction_spans, b.prediction_spans) == 0)
    if a.kind == "regression":
        return np.asarray(a.prediction_value_N != b.prediction_value_N)
    return np.asarray(a.prediction_index_N != b.prediction_index_N)


def verdict_of(comparison: Comparison) -> Verdict:
    """Which side is shown to be better, by the adjusted p-value."""
    if comparison.p_adjusted is None or not comparison.difference or comparison.p_adjusted >= ALPHA:
        return "no_difference_shown"
    better = comparison.better or METRICS[comparison.metric].better
    if better == "neither":
        return "no_difference_shown"
    return "a_better" if (comparison.difference > 0) == (better == "higher") else "b_better"

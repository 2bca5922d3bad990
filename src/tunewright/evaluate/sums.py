"""Metrics that are functions of sums over rows, as those of texts and spans are: numbers of each row, one combination.

`statistics_of` is where predictions become such numbers; scores, comparisons and single values are made of them.
Shapes: N rows, K statistics of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tunewright.core.errors import DataError
from tunewright.evaluate.predictions import Kind, Predictions
from tunewright.metrics import METRICS, SPAN_METRICS, TEXT_METRICS, spans
from tunewright.metrics.metric import Booleans, Floats, finite
from tunewright.metrics.text.metric import Shape, TextMetric, beside_one, ratio

SUMMED: tuple[Kind, ...] = ("text", "spans")
"""The kinds of predictions whose metrics are all of this sort."""


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """One metric of one system."""

    rows_NK: Floats
    """What each row adds to the sums, NaN in rows that the metric is not about."""
    combine: Callable[[Floats], Floats]
    """Sums of shape (..., K) to values of shape (...), NaN where undefined."""
    shape: Shape
    signature: str

    @property
    def used_N(self) -> Booleans:
        """The rows that the metric is about."""
        return ~np.isnan(self.rows_NK[:, 0])

    @property
    def value(self) -> float | None:
        """Over the rows that the metric is about; None where there are none."""
        used_NK = self.rows_NK[self.used_N]
        return finite(self.combine(used_NK.sum(0))) if len(used_NK) else None


def statistics_of(rows: Predictions, metric: str, *, texts: Mapping[str, TextMetric] = TEXT_METRICS) -> Statistics:
    """The statistics of a metric over rows that all have gold; `texts` are the metrics of texts by their names.

    Raises `DataError` for a metric that is not among those of this kind of predictions.
    """
    if rows.kind == "text" and metric in texts:
        found = texts[metric]
        return Statistics(
            rows_NK=found.statistics(rows.asked, rows.said),
            combine=found.combine,
            shape=found.shape,
            signature=found.signature(rows.references),
        )
    if rows.kind == "spans" and metric == "exact_match":
        right = spans.rows_right(rows.gold_spans, rows.prediction_spans)
        return Statistics(rows_NK=beside_one(right), combine=ratio, shape="rate", signature="all spans of a row right")
    if rows.kind == "spans" and metric == "token_accuracy":
        return Statistics(
            rows_NK=spans.tag_statistics(rows.tags("gold"), rows.tags("prediction")),
            combine=ratio,
            shape="corpus",
            signature=METRICS[metric].signature,
        )
    if rows.kind == "spans" and metric in SPAN_METRICS:
        return Statistics(
            rows_NK=spans.statistics(rows.gold_spans, rows.prediction_spans, rows.names),
            combine=SPAN_METRICS[metric],
            shape="corpus",
            signature=METRICS[metric].signature,
        )
    names = ", ".join(names_for(rows.kind, texts=texts))
    raise DataError(f"the metric `{metric}` is not for {rows.kind} predictions; {names} are")


def names_for(kind: Kind, *, texts: Mapping[str, TextMetric] = TEXT_METRICS) -> list[str]:
    """The metrics of a kind of `SUMMED`."""
    return list(texts) if kind == "text" else ["exact_match", *SPAN_METRICS, "token_accuracy"]

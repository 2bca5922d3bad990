"""Metrics of spans: which parts of a text are what. A span is right when start, end and label all are.

Shapes: N rows, C labels. A row's statistics are three counts for each label, so that rows are resampled by one matrix
product, and the values are those of `counts.py`. With spans read from tags they are seqeval's numbers, in its default
or its strict mode, according to how the tags were read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from tunewright.metrics import counts
from tunewright.metrics.counts import ClassCounts
from tunewright.metrics.metric import Floats, divide, finite

Span = tuple[int, int, str]
"""Start, end and label."""
Spans = Collection[Span]


def statistics(gold: Sequence[Spans], said: Sequence[Spans], labels: Sequence[str]) -> Floats:
    """(N, 3C): spans of each label that are right, that are in gold, that were said; a span twice counts once."""
    place = {label: column for column, label in enumerate(labels)}
    rows_N3C = np.zeros((len(gold), 3, len(labels)))
    for row, (right, answer) in enumerate(zip(gold, said, strict=True)):
        wanted, given = set(right), set(answer)
        for kind, spans in enumerate((wanted & given, wanted, given)):
            for _, _, label in spans:
                rows_N3C[row, kind, place[label]] += 1
    return rows_N3C.reshape(len(gold), 3 * len(labels))


def counts_of(sums: Floats) -> ClassCounts:
    """Sums of `statistics`, of shape (..., 3C), as counts of each label."""
    right, gold, predicted = np.split(np.asarray(sums, np.float64), 3, axis=-1)
    return ClassCounts(right=right, gold=gold, predicted=predicted, rows=gold.sum(-1))


def precision(sums: Floats) -> Floats:
    """Of all spans that were said, the share that is right; NaN where none was said."""
    counted = counts_of(sums)
    return divide(counted.right.sum(-1), counted.predicted.sum(-1))


def recall(sums: Floats) -> Floats:
    """Of all spans in gold, the share that was said; NaN where gold has none."""
    counted = counts_of(sums)
    return divide(counted.right.sum(-1), counted.gold.sum(-1))


SPAN_METRICS: Mapping[str, Callable[[Floats], Floats]] = {
    "span_f1": lambda sums: counts.micro_f1(counts_of(sums)),
    "span_precision": precision,
    "span_recall": recall,
    "span_macro_f1": lambda sums: counts.macro_f1(counts_of(sums)),
    "span_weighted_f1": lambda sums: counts.weighted_f1(counts_of(sums)),
}
"""Functions of sums of `statistics`, NaN where undefined."""


def labels_of(*sides: Sequence[Spans]) -> list[str]:
    """All labels that occur, sorted."""
    return sorted({label for side in sides for row in side for _, _, label in row})


def of_spans(combine: Callable[[Floats], Floats]) -> Callable[[Sequence[Spans], Sequence[Spans]], float | None]:
    """The metric as a function of the spans of each row, gold and said."""
    return lambda gold, said: finite(combine(statistics(gold, said, labels_of(gold, said)).sum(0)))


def rows_right(gold: Sequence[Spans], said: Sequence[Spans]) -> Floats:
    """Of each row, 1 where its spans are exactly those of gold."""
    return np.array([set(right) == set(answer) for right, answer in zip(gold, said, strict=True)], np.float64)


def all_right(gold: Sequence[Spans], said: Sequence[Spans]) -> float | None:
    """Share of rows whose spans are exactly those of gold."""
    return finite(rows_right(gold, said).mean()) if len(gold) else None

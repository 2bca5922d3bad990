"""Metrics of spans: which parts of a text are what. A span is right when start, end and label all are.

Shapes: N rows, C labels, U words of a row. A row's statistics are three counts for each label, so that rows are resampled
by one matrix product, and the values are those of `counts.py`. With spans read from tags they are seqeval's numbers, in its
default or its strict mode, according to how the tags were read.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from tunewright.metrics import counts
from tunewright.metrics.counts import ClassCounts
from tunewright.metrics.metric import Floats, divide, finite

Span = tuple[int, int, str]
"""Start, end and label."""
Spans = Collection[Span]
Words = Sequence[tuple[int, int]]
"""Start and end of each word of a text, in order, without overlap."""
Tags = Sequence[str]
"""One for each word."""
OUTSIDE = "O"


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


def tags_of_words(words: Words, spans: Spans) -> list[str]:
    """The tag in BIO of each word, (U,): a word is in a span that has a character of it.

    Of spans that share a word the one that begins first is taken, of those that begin together the longest.
    """
    starts, ends = [start for start, _ in words], [end for _, end in words]
    tags, taken = [OUTSIDE] * len(words), 0
    for start, end, label in sorted(spans, key=lambda span: (span[0], -span[1], span[2])):
        first, behind = bisect_right(ends, start), bisect_left(starts, end)
        if taken <= first < behind:
            tags[first:behind] = [f"B-{label}", *[f"I-{label}"] * (behind - first - 1)]
            taken = behind
    return tags


def tag_statistics(gold: Sequence[Tags | None], said: Sequence[Tags | None]) -> Floats:
    """(N, 2): words with the right tag, and all words; NaN in rows whose words are not known."""
    rows_N2 = np.full((len(gold), 2), np.nan)
    for row, (right, answer) in enumerate(zip(gold, said, strict=True)):
        if right is not None and answer is not None:
            rows_N2[row] = sum(tag == other for tag, other in zip(right, answer, strict=True)), len(right)
    return rows_N2


def tag_accuracy(gold: Sequence[Tags], said: Sequence[Tags]) -> float | None:
    """Share of words with the right tag."""
    right, words = tag_statistics(gold, said).sum(0)
    return finite(divide(right, words))


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

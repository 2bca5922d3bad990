"""Span F1 against seqeval, in its default and its strict mode, on tags of every quality."""

from __future__ import annotations

import random
import warnings

import pytest
from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, IOBES, Entities

from tunewright.data.shapes.bio import repaired, spans_of_tags, strict_spans_of_tags
from tunewright.evaluate import from_spans, score, value_of

PREFIXES = {"BIO": "BI", "BIOES": "BIES"}
STRICT = {"BIO": IOB2, "BIOES": IOBES}


def tags_of(rng: random.Random, scheme: str, *, labels: str = "XYZ") -> list[str]:
    """A row of tags without any order to them, so that most rules are broken somewhere."""
    choices = ["O", *(f"{prefix}-{label}" for prefix in PREFIXES[scheme] for label in labels)]
    return [rng.choice(choices) for _ in range(rng.randrange(1, 12))]


def corpus(scheme: str, *, rows: int, seed: int) -> tuple[list[list[str]], list[list[str]]]:
    """Gold, and answers that differ from it in some tags."""
    rng = random.Random(f"{scheme}-{seed}")
    gold = [tags_of(rng, scheme) for _ in range(rows)]
    said = [[rng.choice(tags_of(rng, scheme)) if rng.random() < 0.2 else tag for tag in row] for row in gold]
    return gold, said


@pytest.mark.parametrize("scheme", ["BIO", "BIOES"])
def test_tags_are_read_as_by_seqeval(scheme: str) -> None:
    rng = random.Random(scheme)
    for _ in range(3000):
        tags = tags_of(rng, scheme, labels="XY")
        theirs = {(start, end, label) for label, start, end in get_entities(tags)}
        assert set(spans_of_tags(tags, scheme)) == theirs, tags
        [entities] = Entities([tags], STRICT[scheme]).entities
        assert {(e.start, e.end - 1, e.tag) for e in entities} == set(strict_spans_of_tags(tags, scheme)), tags


def test_repaired_tags_have_the_same_spans_by_the_rules() -> None:
    rng = random.Random(0)
    for scheme in ("BIO", "BIOES"):
        for _ in range(1000):
            tags = tags_of(rng, scheme)
            mended = repaired(tags, scheme)
            assert strict_spans_of_tags(mended, "BIO") == spans_of_tags(tags, scheme)
            assert repaired(mended) == mended
    assert repaired(["O", "I-X", "I-X", "I-Y"]) == ["O", "B-X", "I-X", "B-Y"]


@pytest.mark.parametrize("mode", ["default", "strict"])
@pytest.mark.parametrize("scheme", ["BIO", "BIOES"])
@pytest.mark.parametrize("seed", range(4))
def test_f1_precision_and_recall_are_seqevals(scheme: str, mode: str, seed: int) -> None:
    gold, said = corpus(scheme, rows=30, seed=seed)
    read = strict_spans_of_tags if mode == "strict" else spans_of_tags

    def spans(rows: list[list[str]]) -> list[list[tuple[int, int, str]]]:
        return [[(first, last + 1, label) for first, last, label in read(row, scheme)] for row in rows]

    texts = ["x" * len(row) for row in gold]
    ids = [str(place) for place in range(len(gold))]
    rows = from_spans(ids, labels=["X", "Y", "Z"], gold=spans(gold), answers=spans(said), texts=texts)
    how = {"mode": "strict", "scheme": STRICT[scheme]} if mode == "strict" else {}
    assert value_of(rows, "span_f1") == pytest.approx(f1_score(gold, said, **how), abs=1e-12)
    assert value_of(rows, "span_precision") == pytest.approx(precision_score(gold, said, **how), abs=1e-12)
    assert value_of(rows, "span_recall") == pytest.approx(recall_score(gold, said, **how), abs=1e-12)
    for average, metric in (("macro", "span_macro_f1"), ("weighted", "span_weighted_f1")):
        assert value_of(rows, metric) == pytest.approx(f1_score(gold, said, average=average, **how), abs=1e-12)
    by_label = f1_score(gold, said, average=None, **how)
    scores = {s.slice: s.value for s in score(rows, split="test", system="s", seed=0) if s.metric == "f1"}
    assert [scores[f"label={label}"] for label in "XYZ"] == pytest.approx(list(by_label), abs=1e-12)


def test_the_share_of_right_tags_is_seqevals() -> None:
    gold, said = ([repaired(row) for row in side] for side in corpus("BIO", rows=200, seed=0))
    spans = [
        [[(first, last + 1, label) for first, last, label in spans_of_tags(row, "BIO")] for row in side]
        for side in (gold, said)
    ]
    words = [[(place, place + 1) for place in range(len(row))] for row in gold]
    rows = from_spans(
        [str(place) for place in range(len(gold))], labels=["X", "Y", "Z"], gold=spans[0], answers=spans[1],
        texts=["x" * len(row) for row in gold], tokens=words,
    )  # fmt: skip
    assert value_of(rows, "token_accuracy") == pytest.approx(accuracy_score(gold, said), abs=1e-12)


def test_where_seqeval_warns_and_says_zero_the_value_is_missing_with_a_reason() -> None:
    rows = from_spans(["a"], labels=["X"], gold=[[(0, 1, "X")]], answers=[[]], texts=["x"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert precision_score([["B-X"]], [["O"]]) == 0.0
    [precision] = [s for s in score(rows, split="test", system="s", seed=0) if s.metric == "span_precision"]
    assert (precision.value, precision.reason) == (None, "no span was said")

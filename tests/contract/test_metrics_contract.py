"""One battery over `METRICS`: a new metric is tested by standing there."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from tunewright.metrics import METRICS, Asked, Input, Metric, Said

CASES = [
    pytest.param(metric, reads, id=f"{metric.name}-{reads}") for metric in METRICS.values() for reads in metric.inputs
]


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def example(metric: Metric, reads: Input, *, rows: int = 60, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    if reads == "labels":
        return rng.integers(0, 4, rows), rng.integers(0, 4, rows)
    if reads == "label_scores":
        return rng.integers(0, 4, rows), softmax(rng.normal(size=(rows, 4)))
    if reads == "sets":
        return rng.random((rows, 4)) < 0.4, rng.random((rows, 4)) < 0.4
    if reads == "set_scores":
        return rng.random((rows, 4)) < 0.4, rng.random((rows, 4))
    if reads == "texts":
        return texts(rng, rows, like=LIKE.get(metric.name))
    if reads == "spans":
        return [spans(rng) for _ in range(rows)], [spans(rng) for _ in range(rows)]
    if reads == "tags":
        lengths = rng.integers(0, 6, rows)
        return tuple([list(rng.choice(["O", "B-a", "I-a"], length)) for length in lengths] for _ in range(2))
    return rng.normal(size=rows), rng.normal(size=rows)


LIKE = {
    "off_variant_rate": "这个国家",
    "numbers_kept": "a {n}5 b",
    "addresses_kept": "https://a.org/{n}",
    "placeholders_kept": "<{n}>a</{n}>",
    "numeric_accuracy": "#### {n}",
    "json_valid_rate": '{{"a": {n}}}',
    "json_match": '{{"a": {n}}}',
    "tool_name_accuracy": '{{"name": "f{n}", "arguments": {{}}}}',
    "tool_call_accuracy": '{{"name": "f", "arguments": {{"x": {n}}}}}',
}
"""What the texts have to be like for a metric to be about them, where any text will not do."""


def texts(rng: np.random.Generator, rows: int, *, like: str | None) -> tuple[Asked, Said]:
    """Answers with every fault there is: none, the source, one phrase over and over, half of what is right."""
    right, other, source = (
        ["".join(rng.choice(list("ab 好。")) for _ in range(20)) for _ in range(rows)] for _ in range(3)
    )
    if like is not None:
        right = other = source = [like.format(n=n) for n in rng.integers(0, 9, rows)]
    ways = (lambda row: "", lambda row: source[row], lambda row: "ab " * 30 + "個", lambda row: right[row][:10] + "b")
    answers = [ways[way](row) for row, way in enumerate(rng.integers(0, len(ways), rows))]
    asked = Asked(
        references=list(zip(right, other, strict=True)), sources=source, num_tokens_N=rng.integers(1, 9, rows)
    )
    stops = [("end", "length")[place] for place in rng.integers(0, 2, rows)]
    return asked, Said(texts=answers, nll_N=rng.exponential(size=rows), stops=stops)


def spans(rng: np.random.Generator) -> list[tuple[int, int, str]]:
    starts = sorted(rng.choice(6, rng.integers(0, 4), replace=False))
    return [(int(start), int(start) + 1, str(rng.choice(["a", "b", "c"]))) for start in starts]


def take(rows: Any, order: np.ndarray) -> Any:
    """Some rows of gold or of what was said, in this order."""
    if isinstance(rows, Asked | Said):
        return replace(rows, **{field.name: take(getattr(rows, field.name), order) for field in fields(rows)})
    return [rows[place] for place in order] if isinstance(rows, list) else rows[order]


def perfect(reads: Input, gold: Any) -> Any:
    if reads == "label_scores":
        return np.eye(4)[gold]
    if reads == "texts":
        rows = len(gold)
        return Said(texts=[row[0] for row in gold.references], nll_N=np.zeros(rows), stops=["end"] * rows)
    return gold.astype(float) if reads == "set_scores" else gold


@pytest.mark.parametrize(("metric", "reads"), CASES)
def test_value_lies_in_the_stated_range(metric: Metric, reads: Input) -> None:
    for seed in range(20):
        value = metric.functions[reads](*example(metric, reads, rows=12, seed=seed))
        if value is not None:
            assert metric.range[0] - 1e-12 <= value <= metric.range[1] + 1e-12


@pytest.mark.parametrize(("metric", "reads"), CASES)
def test_perfect_answers_reach_the_good_end_and_others_do_not(metric: Metric, reads: Input) -> None:
    gold, said = example(metric, reads)
    best = metric.functions[reads](gold, perfect(reads, gold))
    other = metric.functions[reads](gold, said)
    end = metric.range[1] if metric.higher_is_better else metric.range[0]
    assert best == pytest.approx(end if metric.aim is None else metric.aim, abs=1e-12)
    assert other is not None
    if metric.aim is not None:
        assert other != best
        return
    assert other < best if metric.higher_is_better else other > best


@pytest.mark.parametrize(("metric", "reads"), CASES)
def test_order_of_rows_does_not_matter(metric: Metric, reads: Input) -> None:
    gold, said = example(metric, reads)
    order = np.random.default_rng(1).permutation(len(gold))
    assert metric.functions[reads](take(gold, order), take(said, order)) == pytest.approx(
        metric.functions[reads](gold, said), abs=1e-12
    )


@pytest.mark.parametrize(("metric", "reads"), [case for case in CASES if case.values[0].name != "ece_debiased"])
def test_every_row_twice_gives_the_same_value(metric: Metric, reads: Input) -> None:
    gold, said = example(metric, reads)
    order = np.tile(np.arange(len(gold)), 2)
    twice = metric.functions[reads](take(gold, order), take(said, order))
    assert twice == pytest.approx(metric.functions[reads](gold, said), abs=1e-12)


@pytest.mark.parametrize(("metric", "reads"), CASES)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_give_a_number_or_none_and_never_nan(metric: Metric, reads: Input, rows: int) -> None:
    value = metric.functions[reads](*example(metric, reads, rows=rows))
    assert value is None or math.isfinite(value)
    json.dumps(value, allow_nan=False)
    if rows == 0:
        assert value is None


@pytest.mark.parametrize(("metric", "reads"), CASES)
def test_entry_explains_itself(metric: Metric, reads: Input) -> None:
    assert METRICS[metric.name] is metric
    assert metric.undefined
    assert metric.signature

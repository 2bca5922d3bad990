from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict
from pathlib import Path

import pytest

from tunewright.core.errors import DataError
from tunewright.evaluate import (
    Predictions,
    compare,
    from_texts,
    metrics_for,
    read_predictions,
    score,
    value_of,
    write_predictions,
)

ALL = {
    "exact_match", "token_f1", "rouge1", "rouge2", "rougeL", "bleu", "chrf", "ter", "empty_rate", "copied_rate",
    "repeated_rate", "cut_rate", "length_ratio", "perplexity", "nll_per_token",
}  # fmt: skip


def predictions(answers: list[str], *, losses: bool = True) -> Predictions:
    rows = len(answers)
    return from_texts(
        [f"r{i}" for i in range(rows)],
        references=[["the cat sat on the mat", "a cat sat"], ["今天天气很好", "天气好"]][:rows] * (rows // 2 or 1),
        answers=answers,
        sources=["die Katze", "the weather"][:rows] * (rows // 2 or 1),
        nll=[6.0, 2.0][:rows] * (rows // 2 or 1) if losses else None,
        num_tokens=[6, 4][:rows] * (rows // 2 or 1) if losses else None,
        stop=["end" if answer.strip() and len(answer) < 40 else "length" for answer in answers],
        logprob=[-1.5] * rows,
    )


def test_a_file_of_texts_reads_back_as_it_was(tmp_path: Path) -> None:
    rows = predictions(["a cat sat", "天气不好"])
    write_predictions(rows, tmp_path / "model.test.parquet")
    back = read_predictions(tmp_path / "model.test.parquet")
    assert (back.kind, back.labels, back.names, back.has_scores) == ("text", (), (), False)
    assert back.table.equals(rows.table)
    assert back.references == [["the cat sat on the mat", "a cat sat"], ["今天天气很好", "天气好"]]
    assert back.table.column("gold").to_pylist() == ["the cat sat on the mat", "今天天气很好"]
    assert back.answers == ["a cat sat", "天气不好"]
    assert back.sources == ["die Katze", "the weather"]
    assert back.only({"r1"}).answers == ["天气不好"]


def test_rows_without_a_reference_are_kept_and_not_scored() -> None:
    rows = from_texts(
        ["a", "b", "c"], references=[["x"], None, []], answers=["x", "y", None], sources=None,
        nll=[1.0, math.nan, None], num_tokens=[1, None, None],
    )  # fmt: skip
    assert rows.references == [["x"], [], []]
    assert rows.labelled.row_ids == ["a"]
    assert value_of(rows, "exact_match") == 1.0
    assert value_of(rows, "perplexity") == pytest.approx(math.e)
    assert from_texts(["a"], references=None, answers=["x"], sources=None).labelled.row_ids == []


def test_every_metric_is_scored_once_with_an_interval_or_a_reason() -> None:
    rows = predictions(["a cat sat", "天气不好"] * 20)
    scores = score(rows, split="test", system="model", seed=0, resamples=200)
    assert {s.metric for s in scores} == ALL | {"off_target_rate", "off_variant_rate"} <= set(metrics_for("text"))
    for s in scores:
        assert s.value == pytest.approx(value_of(rows, s.metric), rel=1e-12)
        assert (s.low is not None and s.low <= s.value <= s.high) or s.reason, s
        assert s.signature
    assert value_of(rows, "nll_per_token") == pytest.approx(8 / 10)
    assert value_of(rows, "perplexity") == pytest.approx(math.exp(0.8))


def test_only_the_metrics_that_are_asked_for_are_scored() -> None:
    rows = predictions(["a cat sat", "天气不好"])
    scores = score(rows, split="test", system="model", seed=0, resamples=50, metrics=("bleu", "exact_match"))
    assert [s.metric for s in scores] == ["exact_match", "bleu"]


def test_what_was_not_measured_is_left_out() -> None:
    rows = from_texts(["a"], references=[["x"]], answers=["x"], sources=None)
    metrics = {s.metric for s in score(rows, split="test", system="copy", seed=0, resamples=50)}
    assert metrics == ALL - {"perplexity", "nll_per_token", "copied_rate", "cut_rate"}


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_are_scored_without_nan(rows: int) -> None:
    scores = score(predictions(["x", ""][:rows]), split="test", system="model", seed=0, resamples=50)
    assert json.dumps([asdict(s) for s in scores], allow_nan=False)
    for s in scores:
        assert (s.value is not None and s.low is not None) or s.reason, s


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"stop": ["finished"]}, "finished"),
        ({"nll": [1.0]}, "num_tokens"),
        ({"answers": ["x", "y"]}, "lengths"),
        ({"sources": []}, "lengths"),
        ({"references": []}, "lengths"),
    ],
)
def test_columns_that_do_not_fit_are_refused(changed: dict[str, object], message: str) -> None:
    columns = {"references": [["x"]], "answers": ["x"], "sources": None, **changed}
    with pytest.raises(DataError, match=message):
        from_texts(["a"], **columns)


@pytest.mark.parametrize("metric", sorted(ALL))
def test_a_better_system_is_found_better_in_the_metrics_own_direction(metric: str) -> None:
    good, bad = ["the cat sat on the mat", "今天天气很好"] * 15, ["die Katze", " "] * 5 + ["on on " * 20, "很好"] * 10
    a, b = predictions(good), predictions(bad)
    if metric in ("perplexity", "nll_per_token"):
        place = b.table.column_names.index("nll")
        b = Predictions(table=b.table.set_column(place, "nll", [[7.0, 3.0] * 15]), kind="text", labels=())
    found = compare(a, b, metric=metric, seed=0, resamples=999)
    assert found.difference == pytest.approx(value_of(a, metric) - value_of(b, metric))
    assert found.low <= found.difference <= found.high
    assert found.verdict == ("no_difference_shown" if metric == "length_ratio" else "a_better")
    assert compare(b, a, metric=metric, seed=0, resamples=999).verdict != "a_better"
    equal = compare(a, a, metric=metric, seed=0, resamples=99)
    assert (equal.p_value, equal.verdict, equal.n_changed) == (1.0, "no_difference_shown", 0)


def test_systems_with_other_references_are_not_compared() -> None:
    a = from_texts(["r"], references=[["x", "y"]], answers=["x"], sources=None)
    b = from_texts(["r"], references=[["x", "z"]], answers=["x"], sources=None)
    with pytest.raises(DataError, match="gold differs"):
        compare(a, b, metric="bleu", seed=0)


def test_a_metric_of_labels_is_refused_with_those_that_fit() -> None:
    rows = predictions(["x", "y"])
    for call in (lambda: value_of(rows, "accuracy"), lambda: compare(rows, rows, metric="accuracy", seed=0)):
        with pytest.raises(DataError, match="exact_match"):
            call()


@pytest.mark.parametrize("metric", ["bleu", "chrf", "length_ratio"])
def test_the_p_value_is_the_share_of_all_swaps_of_rows_that_differ_as_much(metric: str) -> None:
    right = [
        "the cat sat on the mat today",
        "a dog ran over the green hill",
        "we are all here now",
        "it is cold and wet",
    ]
    answers_a = ["the cat sat on a mat", "a dog ran over the hill", "we are all here", "it is very cold"]
    answers_b = ["a cat was on the mat today", "the dog ran over hill", "all of us are here now", "it is cold and wet"]

    def rows(answers: list[str]) -> Predictions:
        references = [[text] for text in right * 2]
        return from_texts([str(i) for i in range(8)], references=references, answers=answers, sources=None)

    a, b = answers_a + right, answers_b + answers_b
    observed = abs(value_of(rows(a), metric) - value_of(rows(b), metric))
    differences = []
    for swaps in itertools.product((False, True), repeat=8):
        pairs = [(y, x) if swap else (x, y) for x, y, swap in zip(a, b, swaps, strict=True)]
        of_a, of_b = (value_of(rows(list(side)), metric) for side in zip(*pairs, strict=True))
        differences.append(abs(of_a - of_b))
    exact = sum(difference >= observed - 1e-9 for difference in differences) / len(differences)
    found = compare(rows(a), rows(b), metric=metric, seed=0, resamples=10_000)
    assert found.p_value == pytest.approx(exact, abs=0.02)
    assert found.method == "approximate_randomisation"


def test_losses_are_compared_over_the_rows_that_both_measured() -> None:
    def rows(nll: list[float | None]) -> Predictions:
        ids, tokens = [str(i) for i in range(len(nll))], [None if value is None else 2 for value in nll]
        texts = ["x"] * len(nll)
        return from_texts(ids, references=[[t] for t in texts], answers=texts, sources=None, nll=nll, num_tokens=tokens)

    found = compare(
        rows([4.0, 2.0, None, 9.0]), rows([2.0, 2.0, 5.0, None]), metric="nll_per_token", seed=0, resamples=99
    )
    assert (found.n, found.difference) == (2, pytest.approx((6 - 4) / 4))

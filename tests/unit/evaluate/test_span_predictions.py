from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tunewright.core.errors import DataError
from tunewright.evaluate import (
    Predictions,
    compare,
    from_spans,
    metrics_for,
    read_predictions,
    score,
    value_of,
    write_predictions,
)

TEXT = "张三 lives in 北京 and works at ACME"
PER, LOC, ORG = (0, 2, "PER"), (12, 14, "LOC"), (28, 32, "ORG")


def predictions(answers: list[list[tuple[int, int, str]] | None]) -> Predictions:
    rows = len(answers)
    return from_spans(
        [f"r{i}" for i in range(rows)], labels=["LOC", "PER"], gold=[[PER, LOC]] * rows, answers=answers,
        texts=[TEXT] * rows, tokens=[[(0, 2), (3, 8)]] * rows,
    )  # fmt: skip


def test_a_file_of_spans_reads_back_as_it_was(tmp_path: Path) -> None:
    rows = predictions([[PER], None, [PER, ORG]])
    write_predictions(rows, tmp_path / "model.test.parquet")
    back = read_predictions(tmp_path / "model.test.parquet")
    assert back.table.equals(rows.table)
    assert (back.kind, back.labels, back.names) == ("spans", ("LOC", "PER"), ("LOC", "PER", "ORG"))
    assert back.gold_spans == [[PER, LOC]] * 3
    assert back.prediction_spans == [[PER], [], [PER, ORG]]
    assert back.table.column("tokens").to_pylist()[0] == [{"start": 0, "end": 2}, {"start": 3, "end": 8}]


def test_every_metric_is_scored_once_and_each_label_too() -> None:
    rng = np.random.default_rng(0)
    rows = predictions([[span for span in (PER, LOC, ORG) if rng.random() < 0.7] for _ in range(60)])
    scores = score(rows, split="test", system="model", seed=0)
    whole = [s for s in scores if s.slice is None]
    assert sorted(s.metric for s in whole) == sorted(metrics_for("spans"))
    for s in whole:
        assert s.value == pytest.approx(value_of(rows, s.metric))
    assert {s.slice for s in scores} == {None, "label=LOC", "label=PER", "label=ORG"}
    for s in scores:
        assert (s.low is not None and s.low - 1e-12 <= s.value <= s.high + 1e-12) or s.reason, s
    by_label = {(s.metric, s.slice): s for s in scores}
    assert by_label["recall", "label=ORG"].reason == "the label is not in gold"
    assert by_label["precision", "label=ORG"].value == 0.0


def test_a_span_counts_only_with_start_end_and_label() -> None:
    for near in ((0, 3, "PER"), (1, 2, "PER"), (0, 2, "LOC")):
        assert value_of(predictions([[near, LOC]]), "span_f1") == 0.5
    assert value_of(predictions([[PER, LOC, PER]]), "span_precision") == 1.0  # said twice is said once


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_are_scored_without_nan(rows: int) -> None:
    scores = score(predictions([[PER], []][:rows]), split="test", system="model", seed=0, resamples=50)
    assert json.dumps([asdict(s) for s in scores], allow_nan=False)
    for s in scores:
        assert (s.value is not None and s.low is not None) or s.reason, s


def test_better_spans_are_found_better() -> None:
    rng = np.random.default_rng(0)
    good, bad = ([[s for s in (PER, LOC) if rng.random() < share] for _ in range(80)] for share in (0.9, 0.5))
    for metric in ("span_f1", "span_macro_f1", "span_recall", "exact_match"):
        found = compare(predictions(good), predictions(bad), metric=metric, seed=0, resamples=999)
        assert (found.verdict, found.n) == ("a_better", 80)
        assert found.low <= found.difference <= found.high
    equal = compare(predictions(good), predictions(good), metric="span_f1", seed=0, resamples=99)
    assert (equal.p_value, equal.n_changed) == (1.0, 0)


def test_systems_that_know_other_labels_are_compared_over_all_of_them() -> None:
    a = predictions([[PER, LOC]] * 30)
    b = from_spans(a.row_ids, labels=["ORG"], gold=a.gold_spans, answers=[[ORG]] * 30, texts=[TEXT] * 30)
    found = compare(a, b, metric="span_macro_f1", seed=0, resamples=999)
    assert found.difference == pytest.approx(1.0)


@pytest.mark.parametrize("span", [(-1, 2, "PER"), (2, 2, "PER"), (0, 99, "PER")])
def test_a_span_outside_its_text_is_refused(span: tuple[int, int, str]) -> None:
    with pytest.raises(DataError, match="r0"):
        predictions([[span]])


def test_a_metric_of_texts_is_refused_with_those_that_fit() -> None:
    with pytest.raises(DataError, match="span_f1"):
        value_of(predictions([[PER]]), "bleu")

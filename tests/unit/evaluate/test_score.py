from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from tunewright.core.errors import DataError
from tunewright.evaluate import Predictions, from_logits, metrics_for, score, value_of

LABELS = ["a", "b", "c"]


def predictions(kind: str, rows: int, *, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(rows, 1 if kind == "regression" else 3))
    if kind == "single_label":
        gold = [LABELS[i] for i in (logits + rng.gumbel(size=logits.shape)).argmax(1)]
    elif kind == "multi_label":
        gold = [[LABELS[i] for i in np.flatnonzero(row)] for row in logits + rng.logistic(size=logits.shape) > 0]
    else:
        gold = (logits[:, 0] + rng.normal(size=rows)).tolist()
    return from_logits([str(i) for i in range(rows)], kind=kind, labels=LABELS, gold=gold, logits_NC=logits)


@pytest.mark.parametrize("kind", ["single_label", "multi_label", "regression"])
def test_every_metric_of_the_kind_is_scored_once_and_equals_its_function(kind: str) -> None:
    rows = predictions(kind, 200)
    whole = [s for s in score(rows, split="test", system="model", seed=0) if s.slice is None]
    assert sorted(s.metric for s in whole) == sorted(metrics_for(kind))
    for s in whole:
        assert s.value == pytest.approx(value_of(rows, s.metric), abs=1e-12)
        assert s.n == 200


@pytest.mark.parametrize("kind", ["single_label", "multi_label", "regression"])
def test_every_value_lies_in_its_interval_or_a_reason_stands_there(kind: str) -> None:
    for rows in (predictions(kind, 200), predictions(kind, 12, seed=3)):
        for s in score(rows, split="test", system="model", seed=0, resamples=200):
            if s.low is None:
                assert s.reason, s
            else:
                assert s.low - 1e-12 <= s.value <= s.high + 1e-12, s


@pytest.mark.parametrize("kind", ["single_label", "multi_label", "regression"])
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_are_scored_without_nan(kind: str, rows: int) -> None:
    scores = score(predictions(kind, rows), split="test", system="model", seed=0, resamples=50)
    text = json.dumps([asdict(s) for s in scores], allow_nan=False)
    assert text
    for s in scores:
        assert (s.value is not None and s.low is not None) or s.reason, s


def test_one_class_only_has_reasons_instead_of_numbers() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 2))
    rows = from_logits(
        [str(i) for i in range(20)], kind="single_label", labels=["a", "b"], gold=["a"] * 20, logits_NC=logits
    )
    scores = {s.metric: s for s in score(rows, split="test", system="model", seed=0) if s.slice is None}
    for metric in ("auroc", "mcc"):
        assert scores[metric].value is None
        assert scores[metric].low is None
        assert scores[metric].reason


def test_rows_without_gold_are_left_out() -> None:
    with_gold = predictions("single_label", 50)
    unlabelled = from_logits(["u"], kind="single_label", labels=LABELS, gold=None, logits_NC=[[1.0, 0.0, 0.0]])
    import pyarrow as pa

    both = Predictions(
        table=pa.concat_tables([with_gold.table, unlabelled.table]), kind="single_label", labels=tuple(LABELS)
    )
    assert score(both, split="test", system="model", seed=0) == score(with_gold, split="test", system="model", seed=0)


def test_a_metric_of_another_kind_is_refused_with_those_that_fit() -> None:
    with pytest.raises(DataError, match="accuracy"):
        value_of(predictions("single_label", 5), "rmse")


def test_metrics_and_evaluate_import_without_torch() -> None:
    code = "import sys, tunewright.evaluate, tunewright.metrics; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

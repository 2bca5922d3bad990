from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tunewright.core.errors import DataError
from tunewright.evaluate import from_answers, from_logits, read_predictions, score, write_predictions
from tunewright.evaluate.predictions import schema

LOGITS = np.array([[2.0, 0.0, -1.0], [0.0, 3.0, 0.0], [1.0, 0.0, 5.0]])
LABELS = ("投诉", "refund", "other")


@pytest.mark.parametrize(
    ("kind", "gold", "logits"),
    [
        ("single_label", ["投诉", None, "other"], LOGITS),
        ("multi_label", [["投诉", "other"], [], None], LOGITS),
        ("regression", [1.5, None, -2.0], LOGITS[:, :1]),
    ],
)
def test_written_and_read_is_the_same(tmp_path: Path, kind: str, gold: list, logits: np.ndarray) -> None:
    one = from_logits(["a", "b", "c"], kind=kind, labels=LABELS, gold=gold, logits_NC=logits)
    write_predictions(one, tmp_path / "model.test.parquet")
    back = read_predictions(tmp_path / "model.test.parquet")
    assert back.table.equals(one.table)
    assert back.table.schema.equals(schema(kind))
    assert (back.kind, back.labels) == (one.kind, one.labels)
    assert len(back.labelled) == 2


def test_scores_are_calibrated_and_logits_raw() -> None:
    rows = from_logits(
        ["a"], kind="single_label", labels=["x", "y"], gold=["y"], logits_NC=[[2.0, 0.0]], temperature=2.0
    )
    np.testing.assert_array_equal(rows.logits_NC, [[2.0, 0.0]])
    assert rows.scores_NC[0, 1] == pytest.approx(1 / (1 + np.e))
    assert rows.table.column("nll")[0].as_py() == pytest.approx(np.log(1 + np.e))


def test_huge_logits_give_finite_scores_and_nll() -> None:
    for kind, gold in (("single_label", ["y"]), ("multi_label", [["y"]])):
        rows = from_logits(["a"], kind=kind, labels=["x", "y"], gold=gold, logits_NC=[[1e4, -1e4]])
        assert np.isfinite(rows.scores_NC).all()
        assert np.isfinite(rows.table.column("nll")[0].as_py())


def test_a_class_that_the_model_does_not_know_counts_as_wrong() -> None:
    rows = from_logits(
        ["a", "b"], kind="single_label", labels=["x", "y"], gold=["x", "new"], logits_NC=[[1.0, 0], [1.0, 0]]
    )
    assert rows.names == ("x", "y", "new")
    assert rows.scores_NC[:, 2].tolist() == [0.0, 0.0]
    scores = {(s.metric, s.slice): s for s in score(rows, split="test", system="model", seed=0)}
    assert scores["accuracy", None].value == 0.5
    assert scores["recall", "label=new"].value == 0.0


def test_thresholds_decide_which_labels_are_said() -> None:
    rows = from_logits(
        ["a"], kind="multi_label", labels=["x", "y"], gold=None, logits_NC=[[0.1, 0.1]], thresholds=[0.5, 0.9]
    )
    assert rows.table.column("prediction").to_pylist() == [["x"]]


def test_sets_are_read_from_tables_in_several_pieces() -> None:
    one = from_logits(
        ["a", "b", "c"], kind="multi_label", labels=LABELS, gold=[["other"], [], ["投诉"]], logits_NC=LOGITS
    )
    pieces = pa.concat_tables([one.table.slice(0, 1), one.table.slice(1, 2)])
    both = type(one)(table=pieces, kind="multi_label", labels=LABELS)
    np.testing.assert_array_equal(both.gold_sets_NC, [[0, 0, 1], [0, 0, 0], [1, 0, 0]])
    np.testing.assert_array_equal(both.scores_NC, one.scores_NC)


def test_sliced_tables_give_their_own_rows() -> None:
    one = from_logits(
        ["a", "b", "c"], kind="multi_label", labels=LABELS, gold=[["other"], [], ["投诉"]], logits_NC=LOGITS
    )
    part = type(one)(table=one.table.slice(2, 1), kind="multi_label", labels=LABELS)
    np.testing.assert_array_equal(part.gold_sets_NC, [[1, 0, 0]])
    np.testing.assert_array_equal(part.logits_NC, LOGITS[2:])


def test_a_logit_that_is_no_number_is_refused_with_the_row() -> None:
    with pytest.raises(DataError, match=r"1 of 2 rows, first for row b"):
        from_logits(["a", "b"], kind="single_label", labels=["x", "y"], gold=None, logits_NC=[[0, 1], [np.nan, 0]])


def test_answers_alone_have_no_scores_and_say_so() -> None:
    rows = from_answers(["a", "b"], kind="single_label", labels=["x"], gold=["x", "x"], answers=["x", None])
    assert not rows.has_scores
    with pytest.raises(DataError, match="answers only"):
        rows.scores_NC
    scores = {s.metric: s.value for s in score(rows, split="test", system="current", seed=0) if s.slice is None}
    assert scores["accuracy"] == 0.5
    assert "brier" not in scores


def test_another_parquet_file_is_no_predictions_file(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match="not a predictions file"):
        read_predictions(tmp_path / "other.parquet")

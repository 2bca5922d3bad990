from __future__ import annotations

import pytest

from tunewright.evaluate import Predictions, from_answers, from_logits
from tunewright.evaluate.changed import changes


def said(answers: list[str], gold: list[str]) -> Predictions:
    ids = [f"row{i}" for i in range(len(gold))]
    return from_answers(ids, kind="single_label", labels=["a", "b", "c"], gold=gold, answers=answers)


def test_rows_are_gained_lost_or_wrong_in_another_way() -> None:
    gold = ["a", "a", "a", "a", "a"]
    found = changes(said(["a", "b", "a", "b", "b"], gold), said(["a", "a", "b", "c", "b"], gold))
    assert {row.row_id: row.change for row in found.rows} == {"row1": "gained", "row2": "lost", "row3": "other"}
    assert (found.n, found.both_right, found.both_wrong) == (5, 1, 2)
    assert [(row.gold, row.a, row.b) for row in found.rows if row.change == "other"] == [("a", "b", "c")]


def test_of_numbers_the_row_that_moved_most_stands_first() -> None:
    ids = ["x", "y", "z"]

    def numbers(values: list[float]) -> Predictions:
        return from_answers(ids, kind="regression", labels=[], gold=[0.0, 0.0, 0.0], answers=values)

    found = changes(numbers([1.0, 1.0, 1.0]), numbers([0.5, 4.0, 1.0]))
    assert [(row.row_id, row.change) for row in found.rows] == [("y", "lost"), ("x", "gained")]
    assert found.both_right is None


def test_of_rows_that_changed_alike_the_surest_contradiction_stands_first() -> None:
    gold = ["a", "a"]
    before = from_logits(["x", "y"], kind="single_label", labels=["a", "b"], gold=gold, logits_NC=[[0, 1], [0, 5]])
    after = from_logits(["x", "y"], kind="single_label", labels=["a", "b"], gold=gold, logits_NC=[[1, 0], [5, 0]])
    found = changes(before, after)
    assert [row.row_id for row in found.rows] == ["y", "x"]
    assert found.rows[0].confidence_a == pytest.approx(0.9933, abs=1e-4)

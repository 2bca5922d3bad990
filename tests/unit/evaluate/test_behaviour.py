"""A case fails where it should and nowhere else; what can't be judged says why; a suite is read as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tunewright.evaluate import Predictions, from_logits
from tunewright.evaluate.behaviour import BehaviourTest, Case, Expected, Outcome, TestKind, judge_test
from tunewright.evaluate.suite import SuiteTest

LABELS = ("neg", "pos")


def said(scores: Sequence[float]) -> Predictions:
    """A model that says `pos` with these probabilities."""
    pos = np.asarray(scores)
    logits_NC = np.stack([np.log1p(-pos), np.log(pos)], axis=1)
    return from_logits(
        [str(i) for i in range(len(pos))], kind="single_label", labels=LABELS, gold=None, logits_NC=logits_NC
    )


def numbers(values: Sequence[float]) -> Predictions:
    ids = [str(i) for i in range(len(values))]
    return from_logits(ids, kind="regression", labels=(), gold=None, logits_NC=np.asarray(values)[:, None])


def judge(kind: TestKind, rows: list[list[float]], *, of: Any = said, level: float = 0.95, **expected: Any) -> Outcome:
    cases = tuple(Case(texts=tuple(map(str, row)), expected=Expected(**expected)) for row in rows)
    return judge_test(
        BehaviourTest(name="t", kind=kind, cases=cases), of([score for row in rows for score in row]), level=level
    )


@pytest.mark.parametrize(
    ("kind", "expected", "rows", "failed"),
    [
        ("minimum", {"labels": ("pos",)}, [[0.9], [0.4], [0.6]], 1),
        ("minimum", {"labels": LABELS}, [[0.9], [0.4]], 0),
        ("minimum", {"refused": ("neg",)}, [[0.9], [0.4], [0.3]], 2),
        ("invariance", {}, [[0.9, 0.8, 0.51], [0.9, 0.8, 0.49], [0.1, 0.9]], 2),
        ("direction", {"direction": "up", "labels": ("pos",)}, [[0.6, 0.9], [0.6, 0.51], [0.6, 0.49], [0.4, 0.2]], 2),
        # Without a label it is the score of the first answer: of `neg` in the last case, and that rises.
        ("direction", {"direction": "up"}, [[0.6, 0.9], [0.6, 0.51], [0.6, 0.49], [0.4, 0.2]], 1),
        ("direction", {"direction": "down"}, [[0.6, 0.9], [0.6, 0.65], [0.6, 0.2]], 1),
        ("direction", {"direction": "down", "tolerance": 0.4}, [[0.6, 0.9], [0.6, 0.65]], 0),
    ],
)
def test_a_case_fails_where_it_should(
    kind: TestKind, expected: dict[str, Any], rows: list[list[float]], failed: int
) -> None:
    found = judge(kind, rows, **expected)
    assert (found.failed, found.cases, found.reason) == (failed, len(rows), None)
    assert found.rate == failed / len(rows)
    assert len(found.failures) == failed


@pytest.mark.parametrize(
    ("kind", "expected", "failed"),
    [
        ("minimum", {"number": 3.0, "tolerance": 0.5}, 2),
        ("invariance", {"tolerance": 1.5}, 1),
        ("direction", {"direction": "up", "tolerance": 0.0}, 1),
    ],
)
def test_numbers_are_held_to_their_tolerance(kind: TestKind, expected: dict[str, Any], failed: int) -> None:
    assert judge(kind, [[3.2, 3.4], [3.0, 5.0], [3.1, 2.0]], of=numbers, **expected).failed == failed


def test_of_several_labels_all_wanted_ones_must_be_there_and_a_set_must_stay() -> None:
    def sets(rows: Sequence[Sequence[float]]) -> Predictions:
        ids = [str(i) for i in range(len(rows))]
        return from_logits(ids, kind="multi_label", labels=LABELS, gold=None, logits_NC=np.asarray(rows))

    both, one = [3.0, 3.0], [3.0, -3.0]
    wanted = Expected(labels=("neg", "pos"))
    minimum = BehaviourTest(name="t", kind="minimum", cases=(Case(texts=("a",), expected=wanted),) * 2)
    assert judge_test(minimum, sets([both, one])).failed == 1
    same = BehaviourTest(name="t", kind="invariance", cases=(Case(texts=("a", "b")),) * 2)
    assert judge_test(same, sets([both, one, both, both])).failed == 1
    # Nothing was said of the first text, so no score of its answer can fall.
    up = BehaviourTest(
        name="t", kind="direction", cases=(Case(texts=("a", "b"), expected=Expected(direction="up")),) * 2
    )
    assert judge_test(up, sets([[-0.1, -3.0], [-3.0, -3.0], one, [-3.0, -3.0]])).failed == 1


def test_a_failure_says_what_was_said_and_what_it_was_held_against() -> None:
    (one,) = judge("invariance", [[0.9, 0.8, 0.2]]).failures
    assert (one.original, one.original_answer, one.text, one.answer) == ("0.9", "pos", "0.2", "neg")
    (other,) = judge("direction", [[0.9, 0.7, 0.3]], direction="up").failures
    assert (other.text, round(other.score or 0, 2), round(other.original_score or 0, 2)) == ("0.3", 0.3, 0.9)


@pytest.mark.parametrize(
    ("kind", "rows", "expected", "reason"),
    [
        ("minimum", [[0.9]], {"labels": ("neutral",)}, "unknown_label"),
        ("minimum", [[0.9]], {"refused": ("neutral",)}, "unknown_label"),
        ("minimum", [[0.9]], {}, "no_expectation"),
        ("direction", [[0.9, 0.8]], {}, "no_expectation"),
        ("invariance", [[0.9, 0.8], [0.9]], {}, "one_text"),
        ("invariance", [], {}, "no_change"),
    ],
)
def test_what_can_not_be_judged_says_why_and_has_no_rate(
    kind: TestKind, rows: list[list[float]], expected: dict[str, Any], reason: str
) -> None:
    found = judge(kind, rows, **expected)
    assert (found.reason, found.rate, found.failed) == (reason, None, 0)


def test_the_interval_of_a_rate_is_wilsons() -> None:
    found = judge("minimum", [[0.9]] * 90 + [[0.1]] * 10, labels=("pos",))
    assert (found.rate, round(found.low or 0, 4), round(found.high or 0, 4)) == (0.1, 0.0552, 0.1744)


def test_templates_are_filled_in_with_every_combination() -> None:
    test = SuiteTest.model_validate(
        {"name": "t", "kind": "invariance", "template": "{who} was {how}.", "vary": "who",
         "fill": {"who": ["Ann", "Ali"], "how": ["late", "rude"]}}
    )  # fmt: skip
    assert [*test.all_cases()] == [("Ann was late.", "Ali was late."), ("Ann was rude.", "Ali was rude.")]
    several = SuiteTest.model_validate(
        {"name": "t", "kind": "direction", "direction": "up", "template": ["It is {how}.", "It is very {how}."],
         "fill": {"how": ["good", "bad"]}}
    )  # fmt: skip
    assert [*several.all_cases()] == [("It is good.", "It is very good."), ("It is bad.", "It is very bad.")]


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"kind": "minimum", "texts": ["a"]}, "needs `label` or `not_label`"),
        ({"kind": "minimum", "label": "x"}, "has no texts"),
        ({"kind": "direction", "cases": [["a", "b"]]}, "needs `direction: up`"),
        ({"kind": "invariance", "cases": [["a"]]}, "one text only"),
        ({"kind": "invariance", "template": "{a} {b}", "fill": {"a": ["x"]}}, "`b` stands in the template"),
        ({"kind": "invariance", "template": "{} b", "fill": {"a": ["x"]}}, "`{}` stands in the template"),
        ({"kind": "minimum", "label": "x", "template": "{a:d}", "fill": {"a": ["x"]}}, "in braces alone"),
        ({"kind": "invariance", "template": "{a}", "fill": {"a": ["x"]}, "vary": "c"}, "is not a name under `fill`"),
    ],
)
def test_a_test_that_makes_no_sense_is_refused(test: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SuiteTest.model_validate({"name": "t"} | test)

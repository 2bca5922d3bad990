"""Behaviour tests: how often a model fails to do what it must, or is moved by what must not move it.

The unit is the case: one text, or texts that belong together. A case fails if any of its texts does. C cases of a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tunewright.evaluate.predictions import Predictions
from tunewright.metrics import intervals
from tunewright.metrics.metric import Floats

TestKind = Literal["minimum", "invariance", "direction"]
Reason = Literal["stub_texts", "unknown_label", "no_expectation", "one_text", "no_change", "pairs"]
"""Why a test can't be run: its texts were lost when they were saved; it wants a label that the model does not have; nobody says
what is expected; there is nothing to hold a text against; it changes none of the texts; the model judges pairs of texts."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What is expected of the answers to one case."""

    labels: tuple[str, ...] | None = None
    """Right answers, or of a direction the labels whose scores are added up; None: any, or the first answer's."""
    number: float | None = None
    refused: tuple[str, ...] = ()
    """Wrong answers."""
    direction: Literal["up", "down"] | None = None
    tolerance: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Case:
    """Texts that belong together, the first of which the others are held against."""

    texts: tuple[str, ...]
    expected: Expected = Expected()
    row_id: str | None = None
    """Of the row of a file that it was made of."""


@dataclass(frozen=True, kw_only=True)
class BehaviourTest:
    """A test with all its cases, or the reason for which it can't be run."""

    name: str
    kind: TestKind
    capability: str = ""
    cases: tuple[Case, ...] = ()
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A case that failed, by the text that did."""

    row_id: str | None
    text: str
    answer: Any
    original: str | None = None
    """What the text was held against; None where it must be right by itself."""
    original_answer: Any = None
    score: float | None = None
    """Of a direction: the score, or the number, at the text."""
    original_score: float | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a test."""

    name: str
    kind: TestKind
    capability: str
    cases: int
    failed: int = 0
    rate: float | None = None
    """Share of the cases that failed; None where the test can't be run."""
    low: float | None = None
    high: float | None = None
    reason: Reason | None = None
    detail: str = ""
    failures: tuple[Failure, ...] = ()
    """A few of them."""


def judge_test(test: BehaviourTest, said: Predictions, *, level: float = 0.95, examples: int = 3) -> Outcome:
    """The failure rate with its Wilson interval. `said` has the answers to all texts of all cases, in order."""
    reason, detail = (test.reason, test.detail) if test.reason else _not_applicable(test, said)
    if reason:
        return Outcome(
            name=test.name, kind=test.kind, capability=test.capability, cases=len(test.cases), reason=reason, detail=detail
        )  # fmt: skip
    answers = said.table.column("prediction").to_pylist()
    values_NC = said.prediction_value_N[:, None] if said.kind == "regression" else said.scores_NC
    failures, start = [], 0
    for case in test.cases:
        rows = slice(start, start + len(case.texts))
        failure = _failure(test.kind, case, answers[rows], values_NC[rows], said.labels)
        failures += [failure] if failure else []
        start = rows.stop
    share = intervals.wilson(len(failures), len(test.cases), level=level)
    return Outcome(
        name=test.name, kind=test.kind, capability=test.capability, cases=len(test.cases), failed=len(failures),
        rate=len(failures) / len(test.cases), low=share.low, high=share.high, failures=tuple(failures[:examples]),
    )  # fmt: skip


def _not_applicable(test: BehaviourTest, said: Predictions) -> tuple[Reason | None, str]:
    """Why the model can't be held to it, and the label or so that it is about."""
    if not test.cases:
        return "no_change", ""
    for case in test.cases:
        expected = case.expected
        known = set(said.labels)
        if said.kind == "regression":
            says_nothing = test.kind == "minimum" and expected.number is None
        else:
            says_nothing = test.kind == "minimum" and expected.labels is None and not expected.refused
            for label in (*(expected.labels or ()), *expected.refused):
                if label not in known:
                    return "unknown_label", label
        if says_nothing or (test.kind == "direction" and expected.direction is None):
            return "no_expectation", ""
        if test.kind != "minimum" and len(case.texts) < 2:
            return "one_text", ""
    return None, ""


def _failure(
    kind: TestKind, case: Case, answers: Sequence[Any], values_NC: Floats, labels: Sequence[str]
) -> Failure | None:
    """The first text of a case that fails; of numbers and scores the one that goes farthest."""
    expected = case.expected
    if kind == "minimum":
        wrong = (i for i, answer in enumerate(answers) if not _is_right(answer, expected))
        place = next(wrong, None)
        return None if place is None else Failure(row_id=case.row_id, text=case.texts[place], answer=answers[place])
    if kind == "invariance":
        moved = (i for i in range(1, len(answers)) if not _is_same(answers[i], answers[0], expected.tolerance))
        place = next(moved, None)
        if place is None:
            return None
        return Failure(
            row_id=case.row_id,
            text=case.texts[place],
            answer=answers[place],
            original=case.texts[0],
            original_answer=answers[0],
        )
    # Of several labels the first answer may be that there is none: then there is no score that could go anywhere.
    value_N = values_NC[:, _places(expected.labels or answers[0], labels)].sum(axis=1) if labels else values_NC[:, 0]
    against_N = (value_N[0] - value_N) * (1 if expected.direction == "up" else -1)
    place = int(against_N.argmax())
    if against_N[place] <= expected.tolerance:
        return None
    return Failure(
        row_id=case.row_id, text=case.texts[place], answer=answers[place], original=case.texts[0],
        original_answer=answers[0], score=float(value_N[place]), original_score=float(value_N[0]),
    )  # fmt: skip


def _is_right(answer: Any, expected: Expected) -> bool:
    if expected.number is not None:
        return bool(abs(answer - expected.number) <= expected.tolerance)
    said = set(answer) if isinstance(answer, list) else {answer}
    if said & set(expected.refused):
        return False
    if expected.labels is None:
        return True
    # Of several labels a text, all that are wanted must be there.
    return said >= set(expected.labels) if isinstance(answer, list) else answer in expected.labels


def _is_same(answer: Any, original: Any, tolerance: float) -> bool:
    if isinstance(answer, float):
        return bool(abs(answer - original) <= tolerance)
    if isinstance(answer, list):
        return set(answer) == set(original)
    return bool(answer == original)


def _places(names: str | Sequence[str], labels: Sequence[str]) -> list[int]:
    return [labels.index(name) for name in ([names] if isinstance(names, str) else names)]


def shaken(said: Predictions) -> float:
    """How far a number may move before that counts: a tenth of the standard deviation of the answers."""
    return float(0.1 * np.std(said.prediction_value_N)) if said.kind == "regression" else 0.0

"""Planted label errors are found, in their order, and clean labels are left alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tunewright.data.audit.label_errors import confident_joint, confident_learning, confident_learning_sets


def answers(true_N: Any, *, classes: int, sure: float = 0.9) -> Any:
    """Probabilities of a model that is right about every row."""
    rest = (1 - sure) / (classes - 1)
    return np.where(np.eye(classes, dtype=bool)[true_N], sure, rest)


@pytest.mark.parametrize("classes", [2, 5, 77])
def test_every_planted_error_is_found_and_nothing_else(classes: int) -> None:
    true_N = np.arange(classes * 40) % classes
    given_N = true_N.copy()
    planted = np.arange(3, len(true_N), 13)
    given_N[planted] = (given_N[planted] + 1) % classes
    found = confident_learning(answers(true_N, classes=classes), given_N)
    assert found.ranked.tolist() == planted.tolist()
    np.testing.assert_array_equal(found.suggested_N[planted], true_N[planted])
    np.testing.assert_array_equal(found.confidence_N[planted], 0.9)


def test_control_without_errors_nothing_is_suspected() -> None:
    true_N = np.arange(200) % 4
    assert not confident_learning(answers(true_N, classes=4), true_N).suspected_N.any()


def test_errors_that_go_one_way_only_are_estimated_one_way_only() -> None:
    true_N = np.arange(900) % 3
    given_N = true_N.copy()
    given_N[np.flatnonzero(true_N == 2)[:60]] = 0
    joint_CC = confident_joint(answers(true_N, classes=3), given_N)
    assert joint_CC[0, 2] == 60
    assert joint_CC.sum() - joint_CC.trace() == 60
    np.testing.assert_array_equal(joint_CC.sum(axis=1), np.bincount(given_N))


def test_the_surest_error_comes_first() -> None:
    true_N = np.arange(60) % 2
    probabilities_NC = answers(true_N, classes=2)
    given_N = true_N.copy()
    for row, sure in ((7, 0.91), (20, 0.99), (41, 0.95)):
        given_N[row] = 1 - true_N[row]
        probabilities_NC[row] = np.where(np.arange(2) == true_N[row], sure, 1 - sure)
    assert confident_learning(probabilities_NC, given_N).ranked.tolist() == [20, 41, 7]


def test_a_class_that_no_row_is_given_is_never_suggested() -> None:
    probabilities_NC = np.tile([0.2, 0.3, 0.5], (30, 1))
    found = confident_learning(probabilities_NC, np.arange(30) % 2)
    assert not found.joint_CC[:, 2].any()
    np.testing.assert_array_equal(found.joint_CC.sum(axis=1), [15, 15, 0])


def test_a_model_that_prefers_one_class_does_not_make_the_others_suspect() -> None:
    """The threshold of a class is its own mean: rows of a class that is always scored low count for it all the same."""
    true_N = np.arange(400) % 2
    probabilities_NC = np.where((true_N == 0)[:, None], [0.9, 0.1], [0.6, 0.4])
    assert not confident_learning(probabilities_NC, true_N).suspected_N.any()


def test_sets_say_which_label_is_missing_and_which_is_too_many() -> None:
    true_NC = np.stack([np.arange(300) % 2, np.arange(300) % 3 == 0, np.arange(300) % 5 == 0], axis=1).astype(bool)
    given_NC = true_NC.copy()
    given_NC[10, 0], given_NC[99, 1] = ~true_NC[10, 0], ~true_NC[99, 1]
    found = confident_learning_sets(np.where(true_NC, 0.95, 0.05), given_NC)
    assert found.ranked.tolist() == [10, 99]
    assert found.suggested_N[[10, 99]].tolist() == [0, 1]
    np.testing.assert_allclose(found.confidence_N[[10, 99]], 0.95)
    # Wrongly absent and wrongly present: row 10 truly has the first label, row 99 the second.
    assert true_NC[10, 0] == (found.joint_CC[0].tolist() == [1, 0])
    assert true_NC[99, 1] == (found.joint_CC[1].tolist() == [1, 0])
    assert found.joint_CC.sum() == 2

from __future__ import annotations

import numpy as np
import pytest

from tunewright.evaluate import Predictions, from_answers, from_logits
from tunewright.evaluate.abstain import risk_curve


def rows_with(confidence: list[float], right: list[bool]) -> Predictions:
    """Two classes; the answer is always `a`."""
    log_odds = np.log(np.array(confidence) / (1 - np.array(confidence)))
    logits = np.stack([log_odds, np.zeros(len(right))], axis=1)
    gold = ["a" if one else "b" for one in right]
    ids = [str(i) for i in range(len(right))]
    return from_logits(ids, kind="single_label", labels=["a", "b"], gold=gold, logits_NC=logits)


def test_the_curve_is_what_counting_gives() -> None:
    curve = risk_curve(rows_with([0.9, 0.8, 0.7, 0.6], [True, True, False, True]), points=4)
    assert curve is not None
    assert [(p.share, p.n, round(p.right, 4)) for p in curve.points] == [
        (0.25, 1, 1.0), (0.5, 2, 1.0), (0.75, 3, 0.6667), (1.0, 4, 0.75),
    ]  # fmt: skip
    assert curve.points[1].threshold == pytest.approx(0.8)
    assert curve.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert curve.least_area == pytest.approx((0 + 0 + 0 + 1 / 4) / 4)


def test_rows_that_are_equally_sure_are_answered_together_whatever_their_order() -> None:
    confidence, right = [0.9, 0.7, 0.7, 0.7], [True, True, False, False]
    curve = risk_curve(rows_with(confidence, right), points=4)
    turned = risk_curve(rows_with(confidence[::-1], right[::-1]), points=4)
    assert curve == turned
    assert curve is not None
    assert [p.n for p in curve.points] == [1, 4]


def test_confidence_that_knows_nothing_has_the_error_rate_as_its_area() -> None:
    rng = np.random.default_rng(0)
    right = (rng.random(4000) < 0.8).tolist()
    curve = risk_curve(rows_with((0.5 + 0.49 * rng.random(4000)).tolist(), right))
    assert curve is not None
    assert curve.area == pytest.approx(1 - np.mean(right), abs=0.03)
    assert curve.least_area < 0.03


def test_systems_without_scores_have_no_curve() -> None:
    assert risk_curve(from_answers(["x"], kind="single_label", labels=["a"], gold=["a"], answers=["a"])) is None

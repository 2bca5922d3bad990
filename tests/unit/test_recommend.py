"""Which system is recommended follows from the paired tests and from what each costs."""

from __future__ import annotations

from typing import Any

import pytest

from tunewright.evaluate import Comparison
from tunewright.pipeline.recommend import recommend


def paired_tests(**verdicts: str) -> list[Comparison]:
    """`model_frozen="a_better"`: the model is shown to be better than frozen features."""
    fixed: dict[str, Any] = {
        "metric": "accuracy", "difference": 0.0, "low": None, "high": None, "level": 0.95, "p_value": 0.5,
        "p_adjusted": 0.5, "method": "none", "n": 100, "n_changed": 3,
    }  # fmt: skip
    pairs = [(key.split("_"), verdict) for key, verdict in verdicts.items()]
    return [Comparison(system_a=a, system_b=b, verdict=verdict, **fixed) for (a, b), verdict in pairs]  # type: ignore[arg-type]


EQUAL, A, B = "no_difference_shown", "a_better", "b_better"


@pytest.mark.parametrize(
    ("verdicts", "measured", "expected"),
    [
        ({}, {"tfidf": 0.8}, ("tfidf", "only", None)),
        ({"model_tfidf": EQUAL}, {"model": 0.9, "tfidf": 0.8}, ("tfidf", "cheapest", None)),
        ({"model_tfidf": B}, {"model": 0.7, "tfidf": 0.8}, ("tfidf", "cheapest", None)),
        ({"model_tfidf": A}, {"model": 0.9, "tfidf": 0.8}, ("model", "better", None)),
        (
            {"model_tfidf": A, "frozen_tfidf": A, "model_frozen": A},
            {"model": 0.9, "frozen": 0.85, "tfidf": 0.8}, ("model", "better", None),
        ),
        (
            {"model_tfidf": A, "frozen_tfidf": A, "model_frozen": B},
            {"model": 0.85, "frozen": 0.9, "tfidf": 0.8}, ("frozen", "better", None),
        ),
        (
            {"model_tfidf": A, "frozen_tfidf": A, "model_frozen": EQUAL},
            {"model": 0.9, "frozen": 0.89, "tfidf": 0.8}, ("model", "measured_higher", "frozen"),
        ),
        (
            {"model_tfidf": A, "frozen_tfidf": A, "model_frozen": EQUAL},
            {"model": 0.9, "frozen": 0.9, "tfidf": 0.8}, ("frozen", "nothing_to_train", "model"),
        ),
        (
            {"model_tfidf": EQUAL, "frozen_tfidf": A, "model_frozen": EQUAL},
            {"model": 0.9, "frozen": 0.89, "tfidf": 0.8}, ("frozen", "only_better", "model"),
        ),
        (
            {"model_tfidf": A, "frozen_tfidf": EQUAL, "model_frozen": EQUAL},
            {"model": 0.88, "frozen": 0.89, "tfidf": 0.8}, ("model", "only_better", "frozen"),
        ),
        (
            {"model_tfidf": EQUAL, "frozen_tfidf": EQUAL, "model_frozen": A},
            {"model": 0.9, "frozen": 0.7, "tfidf": 0.8}, ("tfidf", "cheapest", None),
        ),
    ],
)  # fmt: skip
def test_the_recommendation_follows_its_rules(
    verdicts: dict[str, str], measured: dict[str, float], expected: tuple[str, str, str | None]
) -> None:
    found = recommend(paired_tests(**verdicts), measured=measured, higher_is_better=True)
    assert (found.system, found.reason, found.equal) == expected


def test_for_an_error_the_lower_number_is_the_better_one() -> None:
    equal = paired_tests(model_tfidf=A, frozen_tfidf=A, model_frozen=EQUAL)
    values = {"model": 0.9, "frozen": 0.89, "tfidf": 1.5}
    assert recommend(equal, measured=values, higher_is_better=False).system == "frozen"

"""Which candidate comes first, how sure that is, and what is named beside it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tunewright.evaluate import Comparison
from tunewright.planning.rank import (
    HALVES,
    Candidate,
    Estimates,
    Order,
    estimates,
    put_in_order,
    scores_of_halves,
)


def candidate(name: str, *, score: float, milliseconds: float, halves: tuple[float, ...] | None = None) -> Candidate:
    facts: dict[str, Any] = dict.fromkeys(Candidate.__dataclass_fields__)
    facts |= {
        "name": name, "reference": name, "layers": Estimates(h_score=None, log_me=score),
        "milliseconds_per_row": milliseconds, "halves": halves or (score,) * HALVES,
    }  # fmt: skip
    return Candidate(**facts)


def order(*candidates: Candidate, p: dict[str, float]) -> Order:
    """`p`: of the paired test of the first against each other one, before Holm."""

    def compared(first: Candidate, other: Candidate) -> Comparison:
        return Comparison(
            metric="accuracy", system_a=first.name, system_b=other.name, difference=0.1, low=None, high=None,
            level=0.95, p_value=p[other.name], p_adjusted=p[other.name], method="test", n=100, n_changed=10,
            verdict="no_difference_shown",
        )  # fmt: skip

    return put_in_order(candidates, compared)


LARGE = candidate("large", score=-0.3, milliseconds=10)
MIDDLE = candidate("middle", score=-0.4, milliseconds=4)
SMALL = candidate("small", score=-0.5, milliseconds=1)
SLOW = candidate("slow", score=-0.6, milliseconds=20)


def test_all_others_shown_worse_is_clear_and_names_no_alternative() -> None:
    found = order(SMALL, LARGE, MIDDLE, p={"middle": 0.001, "small": 0.001})
    assert [place.candidate.name for place in found.places] == ["large", "middle", "small"]
    assert (found.sureness, found.alternative) == ("clear", None)


def test_the_cheapest_that_is_not_shown_worse_is_named_beside_the_first() -> None:
    found = order(SMALL, LARGE, MIDDLE, p={"middle": 0.4, "small": 0.3})
    assert (found.sureness, found.alternative) == ("likely", "small")
    found = order(SMALL, LARGE, MIDDLE, p={"middle": 0.4, "small": 0.001})
    assert found.alternative == "middle"


def test_one_that_costs_as_much_is_no_alternative() -> None:
    dear = candidate("dear", score=-0.4, milliseconds=9)
    assert order(LARGE, dear, p={"dear": 0.5}).alternative is None


def test_several_tests_are_corrected_by_holm() -> None:
    found = order(LARGE, MIDDLE, SMALL, p={"middle": 0.03, "small": 0.04})
    assert [place.not_shown_worse for place in found.places] == [True, True, True]
    assert not order(LARGE, MIDDLE, p={"middle": 0.03}).places[1].not_shown_worse


def test_a_first_that_is_not_first_in_most_halves_is_open() -> None:
    wins = tuple(-0.2 if i < 12 else -0.9 for i in range(HALVES))
    found = order(candidate("large", score=-0.3, milliseconds=10, halves=wins), MIDDLE, p={"middle": 0.9})
    assert found.sureness == "open"
    assert [place.first_share for place in found.places] == [0.6, 0.4]


def test_pareto_are_those_that_no_other_beats_in_both() -> None:
    found = order(LARGE, MIDDLE, SMALL, SLOW, p={"middle": 0.5, "small": 0.5, "slow": 0.5})
    assert {place.candidate.name for place in found.places if place.pareto} == {"large", "middle", "small"}


def test_one_candidate_is_first_without_a_test() -> None:
    assert order(LARGE, p={}).places[0].first_share == 1


def test_halves_are_the_same_rows_for_every_candidate() -> None:
    rng = np.random.default_rng(0)
    features, targets = rng.normal(size=(80, 5)), np.arange(80) % 2
    same = [scores_of_halves(features, targets, kind="single_label", seed=1) for _ in range(2)]
    assert same[0] == same[1]
    assert scores_of_halves(features, targets, kind="single_label", seed=2) != same[0]
    assert len(set(same[0])) > HALVES / 2


def test_each_kind_of_answer_has_its_estimates() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 4))
    classes = estimates(features, np.arange(60) % 3, kind="single_label")
    assert classes.h_score is not None
    numbers = estimates(features, 1000 + 50 * features[:, 0], kind="regression")
    assert numbers.h_score is None
    assert numbers.log_me > estimates(features, rng.normal(size=60), kind="regression").log_me
    sets = estimates(features, (rng.random((60, 4)) > 0.5).astype(np.float32), kind="multi_label")
    assert sets.h_score is None
    assert np.isfinite(sets.log_me)

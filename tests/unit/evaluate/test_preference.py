from __future__ import annotations

import numpy as np

from tunewright.evaluate import FairnessConfig
from tunewright.evaluate.preference import preferences

QUICK = FairnessConfig()


def test_a_preference_is_found_in_its_category_and_in_no_other() -> None:
    rng = np.random.default_rng(0)
    difference = np.concatenate([rng.normal(1, 1, 100), rng.normal(0, 1, 100), rng.normal(-1, 1, 100)])
    found = {
        one.category: one for one in preferences(difference, ["a"] * 100 + ["b"] * 100 + ["c"] * 100, config=QUICK)
    }
    assert {name: one.verdict for name, one in found.items()} == {
        None: "no_preference_shown", "a": "stereotype", "b": "no_preference_shown", "c": "counter_stereotype",
    }  # fmt: skip
    assert found["a"].value == (difference[:100] > 0).mean()
    assert found["a"].low > 0.5 > found["c"].high
    assert found["a"].p_adjusted > found["a"].p_value


def test_pairs_that_are_equally_likely_are_no_preference_and_small_categories_stand_in_the_whole_only() -> None:
    found = preferences(np.array([0.0] * 30 + [1.0] * 5), ["a"] * 30 + ["b"] * 5, config=QUICK)
    assert [(one.category, one.n) for one in found] == [(None, 5), ("a", 0)]
    assert found[1].value == 0.5
    assert found[1].verdict == "no_preference_shown"


def test_equal_chances_seldom_make_a_preference() -> None:
    rng = np.random.default_rng(1)
    families = [preferences(rng.normal(0, 1, 120), ["a", "b", "c"] * 40, config=QUICK) for _ in range(200)]
    assert sum(any(one.verdict != "no_preference_shown" for one in found) for found in families) <= 18

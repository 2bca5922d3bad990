"""The nearest rows by n-grams and by features are those that an exhaustive search finds."""

from __future__ import annotations

import numpy as np

from tunewright.probes.nearest import NearestText, nearest_features


def test_nearest_features_are_those_of_the_smallest_angle() -> None:
    rng = np.random.default_rng(0)
    asked, memory = (rng.normal(size=(n, 16)).astype(np.float32) for n in (600, 40))
    places, cosines = nearest_features(asked, memory, most=3)
    for row, found, cosine in zip(asked, places, cosines, strict=True):
        every = memory @ row / np.linalg.norm(memory, axis=1) / np.linalg.norm(row)
        assert found.tolist() == np.argsort(-every)[:3].tolist()
        np.testing.assert_allclose(cosine, np.sort(every)[::-1][:3], atol=1e-5)


def test_the_first_of_several_is_the_one_that_find_finds() -> None:
    memory = ["房间很干净", "房间很脏", "the room is clean", "the rooms were clean"]
    asked = ["房间干净", "a clean room"]
    several, cosines = NearestText(memory).find_several(asked, most=2)
    first, best = NearestText(memory).find(asked)
    assert several[:, 0].tolist() == first.tolist() == [0, 2]
    assert several[:, 1].tolist() == [1, 3]
    np.testing.assert_allclose(cosines[:, 0], best)


def test_a_small_memory_gives_what_it_has_and_no_question_gives_nothing() -> None:
    assert NearestText(["one"]).find_several(["one", "two"], most=3)[0].shape == (2, 1)
    assert nearest_features(np.zeros((0, 4), np.float32), np.ones((2, 4), np.float32), most=3)[0].shape == (0, 3)

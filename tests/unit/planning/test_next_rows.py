"""Rows to label next: unsure ones first, near duplicates once, and nothing that has no text."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.planning.next_rows import doubt_of, pick_rows
from tunewright.probes.nearest import text_vectors

TEXTS = [
    "where is my parcel", "where is my parcel?", "where is my parcel !", "refund please, the cup is broken",
    "how do I change my password", "",
]  # fmt: skip
DOUBT = np.array([0.9, 0.89, 0.88, 0.5, 0.4, 1.0])


def test_doubt_is_the_margin_of_two_labels_and_of_several_that_of_the_nearest_to_a_coin() -> None:
    single = doubt_of(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.6, 0.3, 0.1]]), kind="single_label")
    assert single == pytest.approx([1.0, 0.0, 0.7])
    several = doubt_of(np.array([[0.5, 0.0], [1.0, 0.0], [0.9, 0.4]]), kind="multi_label")
    assert several == pytest.approx([1.0, 0.0, 0.8])


def test_near_duplicates_are_asked_for_once() -> None:
    picked = pick_rows(DOUBT, text_vectors(TEXTS), number=3)
    assert [pick.place for pick in picked] == [0, 3, 4]
    assert [pick.alike for pick in picked] == [2, 0, 0]
    assert picked[0].doubt == pytest.approx(0.9)


def test_by_doubt_alone_they_would_all_be_asked_for() -> None:
    """The control: the three that say the same are the three of most doubt."""
    assert np.argsort(-DOUBT[:5])[:3].tolist() == [0, 1, 2]


def test_there_are_no_more_picks_than_texts_and_none_twice() -> None:
    picked = pick_rows(DOUBT, text_vectors(TEXTS), number=100)
    assert sorted(pick.place for pick in picked) == [0, 1, 2, 3, 4]


def test_of_many_rows_those_of_most_doubt_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunewright.planning.next_rows.MOST_ROWS", 2)
    assert [pick.place for pick in pick_rows(DOUBT[:5], text_vectors(TEXTS[:5]), number=5)] == [0, 1]

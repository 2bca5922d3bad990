from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tunewright.data.equal import contradicted, repeats

ROWS = st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 3)), max_size=40)


@given(ROWS, st.booleans())
def test_contradicted_is_what_counting_votes_text_by_text_says(rows: list[tuple[int, int]], majority: bool) -> None:
    found = contradicted(
        np.array([key for key, _ in rows], np.int64), np.array([answer for _, answer in rows], np.int64),
        keep_majority=majority,
    )  # fmt: skip
    votes: dict[int, Counter[int]] = defaultdict(Counter)
    for key, answer in rows:
        votes[key][answer] += 1
    for place, (key, answer) in enumerate(rows):
        winner, most = votes[key].most_common(1)[0]
        has_winner = majority and 2 * most > votes[key].total()
        stays = key < 0 or len(votes[key]) == 1 or (has_winner and answer == winner)
        assert bool(found.dropped_N[place]) is not stays
        assert bool(found.outvoted_N[place]) is (not stays and has_winner)


@given(ROWS, st.randoms(use_true_random=False))
def test_of_repeats_the_one_with_the_smallest_id_is_kept(rows: list[tuple[int, int]], chance: object) -> None:
    rank = list(range(len(rows)))
    chance.shuffle(rank)  # type: ignore[attr-defined]
    keys, answers = np.array([key for key, _ in rows], np.int64), np.array([answer for _, answer in rows], np.int64)
    kept = repeats(keys, answers, np.array(rank, np.int64))
    for place, row in enumerate(rows):
        same = [other for other, one in enumerate(rows) if one == row]
        first = min(same, key=rank.__getitem__)
        assert kept[place] == (-1 if row[0] < 0 or first == place else first)

"""What becomes of rows with one text: those that contradict each other, and those that repeat each other.

Pure functions of integer columns. All rows of a text must be there; which others are is all the same, so a big file is
decided part by part (`data/passes/`).

Letters: N rows, S rows that are open to dropping, sorted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tunewright.data.marks import Ints


@dataclass(frozen=True, kw_only=True)
class Contradicted:
    """Rows that go because their text stands with another answer as well."""

    dropped_N: npt.NDArray[np.bool_]
    outvoted_N: npt.NDArray[np.bool_]
    """Those that go because more than half of the rows with their text have another answer."""


def contradicted(key_N: Ints, answer_N: Ints, *, keep_majority: bool) -> Contradicted:
    """Which rows go, of those with a text (`key_N` >= 0). Without a majority all rows of the text go."""
    order = np.lexsort((answer_N, key_N))
    order = order[np.searchsorted(key_N[order], 0) :]
    key_S, answer_S = key_N[order], answer_N[order]
    new_text = _changes(key_S)
    new_vote = new_text | _changes(answer_S)
    votes_S = _run_sizes(new_vote)
    text_S = np.cumsum(new_text) - 1
    starts = np.flatnonzero(new_text)
    rows_S = _run_sizes(new_text)
    several_S = (np.add.reduceat(new_vote, starts, dtype=np.int64) > 1)[text_S] if len(order) else new_vote
    majority_S = 2 * votes_S > rows_S
    has_winner_S = np.logical_or.reduceat(majority_S, starts)[text_S] & keep_majority if len(order) else new_vote
    dropped, outvoted = np.zeros(len(key_N), bool), np.zeros(len(key_N), bool)
    dropped[order] = several_S & ~(has_winner_S & majority_S)
    outvoted[order] = several_S & has_winner_S & ~majority_S
    return Contradicted(dropped_N=dropped, outvoted_N=outvoted)


def repeats(key_N: Ints, answer_N: Ints, id_rank_N: Ints) -> npt.NDArray[np.int64]:
    """For each row with the text and answer of another the place of the one that is kept instead, -1 for all others.

    Kept is the smallest by `id_rank_N`, the order of row ids: it depends on content and not on the order of the file.
    """
    order = np.lexsort((id_rank_N, answer_N, key_N))
    order = order[np.searchsorted(key_N[order], 0) :]
    first = _changes(key_N[order]) | _changes(answer_N[order])
    kept: npt.NDArray[np.int64] = np.full(len(key_N), -1, np.int64)
    kept[order] = np.repeat(order[first], np.diff(np.append(np.flatnonzero(first), len(order))))
    kept[order[first]] = -1
    return kept


def _changes(sorted_S: Ints) -> npt.NDArray[np.bool_]:
    changes = np.ones(len(sorted_S), bool)
    changes[1:] = sorted_S[1:] != sorted_S[:-1]
    return changes


def _run_sizes(starts_S: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    sizes = np.diff(np.append(np.flatnonzero(starts_S), len(starts_S)))
    return np.repeat(sizes, sizes)

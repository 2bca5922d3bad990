"""The edits of TER: words put in, left out and exchanged, and runs of words moved, as sacreBLEU and Tercom search for them.

The search tries up to a thousand moves of a pair of texts and takes the edit distance of each. Here all moves of one step
are measured at once, row by row of the table; long answers take milliseconds where one after the other takes seconds.
Which moves are tried, in which order, and when the search gives up, decides the number: all of it is Tercom's.

Shapes: C candidates, H words of the answer, R words of the reference.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_MOST_MOVED = 10
"""Words that are moved at once."""
_FARTHEST = 50
"""How far apart the two places of a move may be."""
_BEAM = 25
"""Words on each side of the diagonal that the edit distance looks at."""
_MOST_TRIED = 1000
_INFINITE = 10**8

Words = npt.NDArray[np.int32]


def count_edits(said: Sequence[str], right: Sequence[str]) -> int:
    """Edits that turn one text, as words, into the other."""
    if not right or not said:
        return len(said) + len(right)
    number: dict[str, int] = defaultdict(lambda: len(number))
    right_R = np.array([number[word] for word in right], np.int32)
    said_H = np.array([number[word] for word in said], np.int32)
    places: dict[int, list[int]] = defaultdict(list)
    for place, word in enumerate(right_R.tolist()):
        places[word].append(place)
    moves = tried = 0
    while True:
        aligned = _align(said_H, right_R)
        candidates, tried = _candidates(said_H.tolist(), right_R.tolist(), places, aligned, tried)
        if tried >= _MOST_TRIED or not candidates:
            break
        orders_CH = np.array([_moved(len(said_H), move) for move in candidates])
        gains_C = aligned.distance - _distances(said_H[orders_CH], right_R)
        best = max(range(len(candidates)), key=lambda c: (gains_C[c], *candidates[c].rank))
        if gains_C[best] <= 0:
            break
        moves += 1
        said_H = said_H[orders_CH[best]]
    return moves + aligned.distance


@dataclass(frozen=True)
class _Move:
    """`length` words from `start` on, to before `target`."""

    start: int
    length: int
    target: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """Among moves that gain as much: the longest, then the earliest, then the one to the earliest place."""
        return self.length, -self.start, -self.target


@dataclass(frozen=True)
class _Alignment:
    """The cheapest edits without moves, and what each word has to do with them."""

    distance: int
    place_of_right: list[int]
    """For each word of the reference the word of the answer that it stands beside; -1 for before the first."""
    is_wrong_said: list[int]
    is_wrong_right: list[int]


def _candidates(
    said: list[int], right: list[int], places: dict[int, list[int]], aligned: _Alignment, tried: int
) -> tuple[list[_Move], int]:
    """The moves to be tried in this step, in order, and how many have been tried in all."""
    moves: list[_Move] = []
    for start, start_right, length in _runs(said, right, places):
        if not any(aligned.is_wrong_said[start : start + length]):
            continue
        if not any(aligned.is_wrong_right[start_right : start_right + length]):
            continue
        if start <= aligned.place_of_right[start_right] < start + length:
            continue
        before = -1
        for place in range(start_right - 1, start_right + length):
            target = 0 if place == -1 else aligned.place_of_right[place] + 1
            if target != before:
                moves.append(_Move(start, length, target))
                before = target
        if tried + len(moves) >= _MOST_TRIED:
            break
    return moves, tried + len(moves)


def _runs(said: list[int], right: list[int], places: dict[int, list[int]]) -> Iterator[tuple[int, int, int]]:
    """Where each run of equal words starts on both sides, and its length; a run of three gives those of one and two, too."""
    for start, word in enumerate(said):
        for start_right in places.get(word, ()):
            if abs(start_right - start) > _FARTHEST:
                continue
            longest = min(_MOST_MOVED, len(said) - start, len(right) - start_right)
            for length in range(1, longest + 1):
                if said[start + length - 1] != right[start_right + length - 1]:
                    break
                yield start, start_right, length


def _moved(size: int, move: _Move) -> list[int]:
    """The order of the words after the move."""
    order = list(range(size))
    run = order[move.start : move.start + move.length]
    rest = order[: move.start] + order[move.start + move.length :]
    # Behind its own place the target counts without the run, and one within the run counts from where the run starts.
    behind = move.target > move.start + move.length
    place = move.target - move.length if behind else move.target
    return rest[:place] + run + rest[place:]


def _table(said_CH: Words, right_R: Words) -> Iterator[Words]:
    """The table of edit distances of each candidate row by row, H + 1 times (C, R + 1), within a beam around the diagonal."""
    num_candidates, num_said = said_CH.shape
    num_right = len(right_R)
    slope = num_right / num_said
    beam = math.ceil(slope / 2 + _BEAM) if slope / 2 > _BEAM else _BEAM
    columns = np.arange(num_right + 1, dtype=np.int32)
    above = np.tile(columns, (num_candidates, 1))
    yield above
    for row in range(1, num_said + 1):
        diagonal = math.floor(row * slope)
        first = max(0, diagonal - beam)
        last = num_right + 1 if row == num_said else min(num_right + 1, diagonal + beam)
        cost = above[:, first:last] + 1
        inner = max(first, 1)
        exchanged = above[:, inner - 1 : last - 1] + (said_CH[:, row - 1 : row] != right_R[inner - 1 : last - 1])
        np.minimum(cost[:, inner - first :], exchanged, out=cost[:, inner - first :])
        # A word that is put in costs one more than the cell to the left: a running minimum, less what the way there costs.
        cost -= columns[first:last]
        np.minimum.accumulate(cost, axis=1, out=cost)
        cost += columns[first:last]
        above = np.full((num_candidates, num_right + 1), _INFINITE, np.int32)
        np.minimum(cost, _INFINITE, out=above[:, first:last])
        yield above


def _distances(said_CH: Words, right_R: Words) -> Words:
    """The edit distance of each candidate, (C,)."""
    [bottom] = deque(_table(said_CH, right_R), maxlen=1)
    return bottom[:, -1]


def _align(said_H: Words, right_R: Words) -> _Alignment:
    """Back through the table, an exchange before a word left out before one put in, as Tercom prefers them."""
    table = [row[0].tolist() for row in _table(said_H[None], right_R)]
    said, right = said_H.tolist(), right_R.tolist()
    row, column = len(said), len(right)
    place_of_right = [0] * column
    is_wrong_said, is_wrong_right = [1] * row, [1] * column
    while row or column:
        cost = table[row][column]
        same = row > 0 and column > 0 and said[row - 1] == right[column - 1]
        if row and column and cost == table[row - 1][column - 1] + (not same):
            row, column = row - 1, column - 1
            place_of_right[column] = row
            is_wrong_said[row] = is_wrong_right[column] = int(not same)
        elif row and cost == table[row - 1][column] + 1:
            row -= 1
        else:
            column -= 1
            place_of_right[column] = row - 1
    return _Alignment(table[-1][-1], place_of_right, is_wrong_said, is_wrong_right)

"""What mattered in a text for its answer: how sure the same answer is with one piece of the text left out.

Leave-one-out occlusion. It asks the model and nothing else, so it holds for every family and for the baselines, and what it says
can be tried by anybody: take the word out and ask again. What it can't see: two words that say the same cover for each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunewright.core.text import is_cjk
from tunewright.evaluate.predictions import Predictions
from tunewright.metrics.metric import Floats

Text = tuple[str, ...]
"""A text, or a pair of texts."""
Ask = Callable[[Sequence[Text]], Predictions]

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W_]+(?:['’-][^\W_]+)*")
_LEAST_CHANGE = 0.02
"""Two points of confidence: less is no reason."""
_EDGE = 1e-6
"""Confidences are held this far from 0 and 1, where odds are infinite."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Characters of one of the texts of a row (code points, end excluded)."""

    part: int
    """0: the text, 1: the second text of a pair."""
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Mattered(Piece):
    """A piece without which the answer would have been less sure, or another one."""

    confidence: float | None
    """Of the same answer without the piece; None for numbers."""
    answer: Any
    """What would be said without it."""


def what_mattered(
    ask: Ask, rows: Sequence[Text], *, most_pieces: int = 32, most_shown: int = 3
) -> list[list[Mattered]]:
    """For each row the pieces that its answer most leans on: by the fall of its log-odds, of numbers by the distance moved.

    A row costs as many questions as it has pieces, and one more.
    """
    pieces = [pieces_of(row, most=most_pieces) for row in rows]
    asked = [
        version for row, some in zip(rows, pieces, strict=True) for version in (row, *(without(row, p) for p in some))
    ]
    said = ask(asked)
    answers = said.table.column("prediction").to_pylist()
    found, start = [], 0
    for some in pieces:
        end = start + len(some) + 1
        found.append(_most(said, answers, slice(start, end), some)[:most_shown])
        start = end
    return found


def pieces_of(row: Text, *, most: int) -> list[Piece]:
    """Words, and each character of a script without spaces; of longer texts neighbours together, for at most `most` pieces."""
    units = [Piece(part=part, start=s, end=e) for part, text in enumerate(row) for s, e in _units(text)]
    if len(units) <= most:
        return units
    together = []
    for part in range(len(row)):
        own = [unit for unit in units if unit.part == part]
        groups = max(1, most * len(own) // len(units))
        for chunk in np.array_split(np.arange(len(own)), groups):
            if len(chunk):
                together.append(Piece(part=part, start=own[chunk[0]].start, end=own[chunk[-1]].end))
    return together


def without(row: Text, piece: Piece) -> Text:
    """The row with the piece left out, and one of the spaces that stood around it."""
    text = row[piece.part]
    before, after = text[: piece.start], text[piece.end :]
    if before[-1:].isspace() and (not after or after[0].isspace()):
        before = before[:-1]
    return (*row[: piece.part], before + after, *row[piece.part + 1 :])


def _units(text: str) -> list[tuple[int, int]]:
    found = []
    for match in _WORD.finditer(text):
        start = match.start()
        for i in range(match.start(), match.end()):
            if is_cjk(text[i]):
                found += [(start, i)] if start < i else []
                found.append((i, i + 1))
                start = i + 1
        found += [(start, match.end())] if start < match.end() else []
    return found


def _most(said: Predictions, answers: list[Any], rows: slice, pieces: list[Piece]) -> list[Mattered]:
    """The first of the rows is the whole text, the others lack one piece each."""
    answer = answers[rows.start]
    if said.kind == "regression":
        moved = said.prediction_value_N[rows]
        fall = np.abs(moved - moved[0])
        mattered, sure = fall > 0, None
    else:
        sure = _sure_of(said, answer, rows)
        odds = np.clip(sure, _EDGE, 1 - _EDGE)
        fall = np.log(odds[0] / (1 - odds[0])) - np.log(odds / (1 - odds))
        mattered = sure < sure[0] - _LEAST_CHANGE
    return [
        Mattered(
            **vars(pieces[i - 1]), confidence=None if sure is None else float(sure[i]), answer=answers[rows.start + i]
        )
        for i in np.argsort(-fall, kind="stable").tolist()
        if i and mattered[i]
    ]


def _sure_of(said: Predictions, answer: Any, rows: slice) -> Floats:
    """How sure each row is of this answer; of a set of labels, the chance that each of them is there and no other."""
    scores_NC = said.scores_NC[rows, : len(said.labels)]
    if said.kind == "multi_label":
        is_in_C = np.isin(np.asarray(said.labels), answer)
        return np.asarray(np.where(is_in_C, scores_NC, 1 - scores_NC).prod(axis=1))
    return np.asarray(scores_NC[:, said.labels.index(answer)])

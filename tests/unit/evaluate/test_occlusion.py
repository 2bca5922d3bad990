"""Occlusion finds the word an answer leans on; leaving a piece out takes that piece and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tunewright.evaluate import Predictions, from_logits
from tunewright.evaluate.occlusion import Ask, Piece, Text, pieces_of, what_mattered, without
from tunewright.evaluate.predictions import Kind

WORTH = {"awful": -2.0, "slow": -1.0, "good": 1.5, "差": -2.0}
"""A model: what each word says for `pos` against `neg`."""


def ask(kind: Kind) -> Ask:
    def answer(texts: Sequence[Text]) -> Predictions:
        said = np.array([sum(worth * " ".join(text).count(word) for word, worth in WORTH.items()) for text in texts])
        logits_NC = said[:, None] if kind == "regression" else np.stack([-said / 2, said / 2], axis=1)
        labels = () if kind == "regression" else ("neg", "pos")
        ids = [str(i) for i in range(len(texts))]
        return from_logits(ids, kind=kind, labels=labels, gold=None, logits_NC=logits_NC)

    return answer


def words(row: Text, kind: Kind = "single_label") -> list[str]:
    (found,) = what_mattered(ask(kind), [row])
    return [row[piece.part][piece.start : piece.end] for piece in found]


@pytest.mark.parametrize("kind", ["single_label", "multi_label", "regression"])
def test_the_words_an_answer_leans_on_are_found_the_strongest_first(kind: Kind) -> None:
    assert words(("the room was slow and awful again",), kind) == ["awful", "slow"]


def test_a_word_that_speaks_against_the_answer_did_not_matter_for_it() -> None:
    assert words(("good room, awful and slow",)) == ["awful", "slow"]


def test_chinese_is_asked_character_by_character_and_pairs_on_both_sides() -> None:
    assert words(("房间很差", "这里good")) == ["差"]
    assert words(("the first", "is slow")) == ["slow"]


def test_what_would_be_said_without_the_piece_is_told() -> None:
    (found,) = what_mattered(ask("single_label"), [("awful but good",)])
    assert [(piece.answer, round(piece.confidence or 0, 3)) for piece in found] == [("pos", 0.182)]


def test_rows_do_not_get_into_each_other() -> None:
    rows: list[Text] = [("awful",), ("",), ("a b c",), ("good and slow",)]
    assert [len(found) for found in what_mattered(ask("single_label"), rows)] == [1, 0, 0, 1]


def test_long_texts_are_cut_into_few_pieces_that_cover_every_word() -> None:
    row = (" ".join(f"w{i}" for i in range(200)), "second text")
    pieces = pieces_of(row, most=32)
    assert len(pieces) <= 33
    kept = [" ".join(row[p.part][p.start : p.end] for p in pieces if p.part == part).split() for part in (0, 1)]
    assert kept == [text.split() for text in row]


@pytest.mark.parametrize(
    ("row", "piece", "left"),
    [
        (("a bad day",), Piece(part=0, start=2, end=5), ("a day",)),
        (("bad day",), Piece(part=0, start=0, end=3), (" day",)),
        (("很差。",), Piece(part=0, start=1, end=2), ("很。",)),
        (("one", "two bad"), Piece(part=1, start=4, end=7), ("one", "two")),
    ],
)
def test_a_piece_is_left_out_with_one_space(row: Text, piece: Piece, left: Text) -> None:
    assert without(row, piece) == left

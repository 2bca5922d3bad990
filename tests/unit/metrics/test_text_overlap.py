"""ROUGE, token F1 and exact match, beside slow implementations that follow the definitions word by word."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import numpy as np
import pytest

from tunewright.metrics import TEXT_METRICS, Asked, Said
from tunewright.metrics.text.overlap import common_subsequence
from tunewright.metrics.text.tokens import pieces, words


def value(
    metric: str, answers: list[str], references: list[list[str]], sources: list[str | None] | None = None
) -> float:
    unknown, rows = np.full(len(answers), np.nan), len(answers)
    asked = Asked(references=references, sources=sources or [None] * rows, num_tokens_N=unknown)
    return TEXT_METRICS[metric](asked, Said(texts=answers, nll_N=unknown, stops=[None] * rows))


def longest(one: list[str], other: list[str]) -> int:
    @cache
    def of(i: int, j: int) -> int:
        if i == len(one) or j == len(other):
            return 0
        return 1 + of(i + 1, j + 1) if one[i] == other[j] else max(of(i + 1, j), of(i, j + 1))

    return of(0, 0)


def f1(common: int, said: int, right: int) -> float:
    precision, recall = common / said if said else 0.0, common / right if right else 0.0
    return 2 * precision * recall / (precision + recall) if common else 0.0


def slow(metric: str, said: list[str], right: list[str]) -> float:
    if metric == "rougeL":
        return f1(longest(said, right), len(said), len(right))
    n = {"token_f1": 1, "rouge1": 1, "rouge2": 2}[metric]
    grams = [Counter(tuple(side[i : i + n]) for i in range(len(side) - n + 1)) for side in (said, right)]
    return f1(sum(min(grams[0][g], grams[1][g]) for g in grams[0]), *(sum(g.values()) for g in grams))


@pytest.mark.parametrize("metric", ["token_f1", "rouge1", "rouge2", "rougeL"])
@pytest.mark.parametrize("parts", [["the", "cat", "sat", "on", "a", "mat"], list("今天天气很好吗")])
def test_overlap_is_what_its_definition_says(metric: str, parts: list[str]) -> None:
    rng = random.Random(metric)
    join = "".join if len(parts[0]) == 1 else " ".join

    def text() -> list[str]:
        return [rng.choice(parts) for _ in range(rng.randrange(2, 15))]

    rows = [(text(), [text() for _ in range(rng.randrange(1, 4))]) for _ in range(50)]
    wanted = [max(slow(metric, said, right) for right in accepted) for said, accepted in rows]
    found = value(
        metric, [join(said) for said, _ in rows], [[join(right) for right in accepted] for _, accepted in rows]
    )
    assert found == pytest.approx(sum(wanted) / len(wanted), abs=1e-12)
    assert 0.1 < found < 0.95


def test_the_longest_common_subsequence_is_right_for_long_texts_too() -> None:
    rng = random.Random(0)
    for size in (1, 63, 64, 65, 200):
        one, other = ([rng.choice("abcd") for _ in range(size)] for _ in range(2))
        assert common_subsequence(one, other) == longest(one, other)


def test_words_are_folded_and_chinese_is_cut_by_character() -> None:
    assert words("The ＣＡＴ, naïve—co-op 3.5!") == ["the", "cat", "naïve", "co", "op", "3", "5"]
    assert words("我爱NLP和BERT。ひらカナ 한국어") == [
        "我",
        "爱",
        "nlp",
        "和",
        "bert",
        "ひ",
        "ら",
        "カ",
        "ナ",
        "한국어",
    ]
    assert words("𠮷野家") == ["𠮷", "野", "家"]
    assert pieces("好！ok...") == ["好", "!", "ok", ".", ".", "."]


def test_chinese_is_not_one_word() -> None:
    assert value("rouge1", ["今天天气好"], [["今天天气很好"]]) == pytest.approx(2 * 5 / 11)
    assert value("token_f1", ["明天下雨"], [["今天天气很好"]]) == pytest.approx(2 * 1 / 10)  # 天 once


def test_exact_match_minds_letters_and_not_the_space_around_or_the_composition_of_accents() -> None:
    assert value("exact_match", [" caf\u00e9\n", "Cafe", "b", ""], [["cafe\u0301"], ["cafe"], ["a", "b"], [""]]) == 0.75


def test_short_texts_that_are_equal_are_equal_in_bigrams_too() -> None:
    assert value("rouge2", ["Yes."], [["yes"]]) == 1.0
    assert value("rouge2", ["no"], [["yes"]]) == 0.0
    assert value("rouge2", ["no"], [["yes it is"]]) == 0.0
    for metric in ("token_f1", "rouge1", "rougeL"):
        assert value(metric, ["..."], [["!"]]) == 1.0  # neither has a word
        assert value(metric, [""], [["word"]]) == 0.0

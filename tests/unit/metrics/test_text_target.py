from __future__ import annotations

import numpy as np
import pytest

from tunewright.metrics import TEXT_METRICS, Asked, Said
from tunewright.metrics.text.metric import TextMetric
from tunewright.metrics.text.target import off_target, off_variant

GERMAN = "Der alte Mann geht jeden Morgen langsam durch den großen Park."
ENGLISH = "The old man walks slowly through the big park every morning."
SIMPLIFIED, TRADITIONAL = "这个国家的经济发展很快，学生们都在学习。", "這個國家的經濟發展很快，學生們都在學習。"
JAPANESE = "この国の経済はとても速く発展しています。"


def value(metric: TextMetric, answers: list[str], references: list[str]) -> float | None:
    unknown, rows = np.full(len(answers), np.nan), len(answers)
    asked = Asked(references=[[text] for text in references], sources=[None] * rows, num_tokens_N=unknown)
    return metric(asked, Said(texts=answers, nll_N=unknown, stops=[None] * rows))


@pytest.mark.parametrize("language", [None, "de", "deu", "de-AT"])
def test_answers_that_are_surely_in_another_language_count(language: str | None) -> None:
    answers = [GERMAN, ENGLISH, SIMPLIFIED, "Yes, of course, sir", ""]
    assert value(off_target(language), answers, [GERMAN] * 5) == 2 / 5  # three words of Latin letters are not sure


@pytest.mark.parametrize("language", [None, "zh", "zho_Hans", "zh-TW"])
def test_chinese_is_told_from_japanese_and_from_latin_letters(language: str | None) -> None:
    answers = [SIMPLIFIED, TRADITIONAL, JAPANESE, ENGLISH, "Yes, of course, sir!", "好"]
    assert value(off_target(language), answers, [SIMPLIFIED] * 6) == 3 / 6


def test_rows_whose_reference_is_itself_in_another_language_are_left_out() -> None:
    assert value(off_target("de"), [GERMAN, ENGLISH], [GERMAN, ENGLISH]) == 0.0
    assert value(off_target(), ["a"], ["12"]) is None
    assert value(TEXT_METRICS["off_target_rate"], [GERMAN], [GERMAN]) == 0.0


def test_the_other_chinese_characters_count() -> None:
    answers = [SIMPLIFIED, TRADITIONAL, SIMPLIFIED + TRADITIONAL, "好", ENGLISH]
    assert value(off_variant(), answers, [SIMPLIFIED] * 5) == 2 / 5
    assert value(off_variant(), answers, [TRADITIONAL] * 5) == 2 / 5
    assert (
        value(off_variant("zh-Hant"), [TRADITIONAL] * 5, [SIMPLIFIED] * 5) is None
    )  # the references are not wanted either
    assert value(off_variant("zh-HK"), [SIMPLIFIED], ["好"]) == 1.0
    assert value(off_variant(), answers[:2], [SIMPLIFIED, TRADITIONAL]) is None  # both are wanted
    assert value(off_variant(), [SIMPLIFIED], [ENGLISH]) is None
    assert value(off_variant("ja"), [TRADITIONAL], [SIMPLIFIED]) is None


def test_the_signature_says_what_was_wanted() -> None:
    assert "not in zh" in off_target("zh-TW").signature([[SIMPLIFIED]])
    assert "not traditional" in off_variant("zh-TW").signature([[SIMPLIFIED]])
    assert "not simplified" in off_variant().signature([[SIMPLIFIED]])

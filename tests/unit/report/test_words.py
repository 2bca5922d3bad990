"""Both languages say everything, with the same values, and numbers are written as people read them."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import tunewright.report as report
from tunewright.report import numbers
from tunewright.report.words import SENTENCES, Words

SOURCES = "\n".join(p.read_text(encoding="utf-8") for p in Path(report.__file__).parent.rglob("*.[ph][yt]*"))
CHINESE_ONLY = {"measure", "noun", "unit", "new_unit"}


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_keys() -> None:
    assert SENTENCES["en"].keys() == SENTENCES["zh"].keys()


def test_both_languages_put_in_the_same_values() -> None:
    for key, sentence in SENTENCES["en"].items():
        english, chinese = fields(sentence) - CHINESE_ONLY, fields(SENTENCES["zh"][key]) - CHINESE_ONLY
        assert english == chinese, key


def test_every_key_that_is_asked_for_exists() -> None:
    asked = set(re.findall(r'words\(\s*"([a-z_.0-9]+)"', SOURCES))
    assert len(asked) > 80
    assert asked <= SENTENCES["en"].keys()


def test_what_is_put_in_is_escaped() -> None:
    assert "&lt;b&gt;" in Words("en")("verdict.recommended", system="<b>")


def test_an_unknown_language_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="en, zh"):
        Words("fr")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("messages", "条新消息"),
        ("tickets", "张新工单"),
        ("unheard-of", "条新文本"),
        ("投诉", "条新投诉"),
        ("篇论文", "篇新论文"),
    ],
)
def test_chinese_units_carry_their_measure_word(unit: str, expected: str) -> None:
    assert Words("zh").units(unit)["new_unit"] == expected


@pytest.mark.parametrize(
    ("low", "value", "high", "decimals"),
    [(0.84, 0.87, 0.9, 0), (0.989, 0.992, 0.994, 1), (0.981, 0.99, 0.994, 1), (1.0, 1.0, 1.0, 1)],
)
def test_whole_numbers_never_hide_the_interval(low: float, value: float, high: float, decimals: int) -> None:
    assert numbers.hundred_decimals(value, low, high) == decimals


def test_numbers_are_written_with_a_real_minus_and_never_minus_zero() -> None:
    assert numbers.fixed(-0.04, 1) == "0.0"
    assert numbers.fixed(-1234.5, 1) == "−1,234.5"
    assert numbers.span(-2, 5, decimals=0, language="en") == "−2 to 5"
    assert numbers.span(-2, 5, decimals=0, language="zh") == "−2 至 5"
    assert numbers.span(84, 90, decimals=0, language="en") == "84–90"


@pytest.mark.parametrize(
    ("p", "text"), [(0.0, "p < 0.001"), (0.004, "p = 0.004"), (0.034, "p = 0.03"), (1.0, "p = 1.00")]
)
def test_p_values_are_never_a_bare_zero(p: float, text: str) -> None:
    assert numbers.p_value(p) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.21, "3.2 s"), (59.6, "1 min 0 s"), (59.4, "59 s"), (3725, "1 h 2 min")]
)
def test_durations_carry_over(seconds: float, text: str) -> None:
    assert numbers.duration(seconds, language="en") == text

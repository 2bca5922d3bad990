"""Answers that are a number, as in word problems: which number an answer comes to, and whether it is the right one.

    gsm8k    She pays 3 * $4 = $12.      the number behind `####`, else in `\\boxed{}`, else behind `the answer is`
             #### 12
    cmath    答：还剩9页。                behind `答案是` and the like; else the last number of the text

Digits of any width, thousands separators, decimals, fractions, percent, and Chinese numerals where there are no digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tunewright.metrics.metric import Floats
from tunewright.metrics.text.metric import Asked, Said, TextMetric, beside_one, ratio

_NUMBER = (
    r"(?<![\d.])[-−]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:\s*/\s*\d+(?![\d.]))?\s*(?:%|万|亿)?"
    r"|(?<![\d.])[-−]?\.\d+"
)
_NUMBERS = re.compile(_NUMBER)
_ONLY_NUMBER = re.compile(rf"\s*[$¥€£]?\s*(?:{_NUMBER})\s*[.。]?\s*")
_CHINESE = re.compile("负?[零〇一二两三四五六七八九十百千万亿点]+(?:分之[零〇一二两三四五六七八九十百千万亿]+)?")
_FRAC = re.compile(r"\\[dt]?frac\s*\{\s*(-?\d+)\s*\}\s*\{\s*(\d+)\s*\}")
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_PHRASE = re.compile(
    r"(?:the\s+)?(?:final\s+)?answer\s*(?:is|:|=)|答案\s*(?:是|为|:|=)|结果\s*(?:是|为|:|=)|(?:^|\n)\s*答\s*:",
    re.IGNORECASE,
)
_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
_MOST_DIGITS = 100
"""A longer number is no answer: a model is counting, or repeats itself."""
_ENOUGH = 0.5
"""Share of the references that are a number from which the answers are held to be numbers."""


def final_number(text: str) -> Fraction | None:
    """The number that a text comes to; None where there is none."""
    spelled = _final(text)
    return None if spelled is None else _value(spelled)


def is_number(text: str) -> bool:
    """Whether a reference is a number: nothing but one, or one behind `####` or in `\\boxed{}`."""
    folded = unicodedata.normalize("NFKC", text)
    marked = "####" in folded or _BOXED.search(folded) is not None
    return (marked or _ONLY_NUMBER.fullmatch(folded) is not None) and final_number(text) is not None


def chinese_number(text: str) -> Fraction | None:
    """Of a numeral such as 一百零五, 三点五, 两万三 or 三分之一; None for what is none."""
    if len(text) > _MOST_DIGITS:
        return None
    below, _, above = text.lstrip("负").partition("分之")
    sign = -1 if text.startswith("负") else 1
    if above:
        over, under = chinese_number(above), (Fraction(100) if below == "百" else chinese_number(below))
        return sign * over / under if over is not None and under else None
    integer, point, decimals = below.partition("点")
    whole = _whole(integer)
    if whole is None or (point and (not decimals or any(char not in _DIGITS for char in decimals))):
        return None
    fraction = Fraction(_joined(decimals), 10 ** len(decimals)) if point else Fraction(0)
    return sign * (whole + fraction)


def _whole(text: str) -> int | None:
    """A numeral without decimals; None where a unit has no digit before it, as the first of 万一 ("in case")."""
    if not text or all(char in _DIGITS for char in text):
        return _joined(text) if text else None  # 二〇二四, or one digit
    total = section = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            if not digit and char != "十":
                return None
            section, digit = section + (digit or 1) * _UNITS[char], 0
        else:
            if not total + section + digit:
                return None
            above = (total if char == "亿" else 0) + section + digit
            total, section, digit = (0 if char == "亿" else total) + above * _MYRIADS[char], 0, 0
    if text[-1] in _DIGITS and text[-2] in _UNITS | _MYRIADS:
        digit *= max((_UNITS | _MYRIADS)[text[-2]] // 10, 1)  # 两万三 is 23,000 and 一百五 150; 一百零五 is 105
    return total + section + digit


def _joined(digits: str) -> int:
    return int("".join(str(_DIGITS[char]) for char in digits))


def _final(text: str) -> str | None:
    """The number that a text comes to, as it is spelled there."""
    text = _FRAC.sub(r"\1/\2", unicodedata.normalize("NFKC", _THOUGHT.sub(" ", text)).replace("⁄", "/"))
    _, mark, behind = text.rpartition("####")
    if mark:
        return next(iter(_found(behind)), None)
    if boxed := _BOXED.findall(text):
        return next(iter(_found(boxed[-1])), None)
    phrases = list(_PHRASE.finditer(text))
    if phrases and (numbers := _found(text[phrases[-1].end() :])):
        return numbers[0]
    return next(reversed(_found(text)), None)


def _found(text: str) -> list[str]:
    numbers = [number for number in _NUMBERS.findall(text) if len(number) <= _MOST_DIGITS]
    return numbers or [found for found in _CHINESE.findall(text) if chinese_number(found) is not None]


def _value(number: str) -> Fraction | None:
    if _CHINESE.fullmatch(number):
        return chinese_number(number)
    plain = re.sub(r"[\s,]", "", number).replace("−", "-")
    unit = {"%": Fraction(1, 100), "万": Fraction(10**4), "亿": Fraction(10**8)}.get(plain[-1], Fraction(1))
    over, _, under = plain.rstrip("%万亿").partition("/")
    if under and not int(under):
        return None
    return Fraction(over) / (int(under) if under else 1) * unit


def is_right(answer: str, references: Sequence[str]) -> bool:
    """Whether the answer comes to the same number as a reference; 50 % is both 0.5 and 50."""
    said = _final(answer)
    return said is not None and any(
        bool(_values(said) & _values(right)) for reference in references if (right := _final(reference)) is not None
    )


def _values(number: str) -> set[Fraction]:
    value = _value(number)
    if value is None:
        return set()
    return {value, value * 100} if number.endswith("%") else {value}


def statistics(asked: Asked, said: Said) -> Floats:
    """(N, 2): whether the number is right, and 1; about no row unless half the references are numbers."""
    rows = [
        float(is_right(answer, accepted)) if is_number(accepted[0]) else np.nan
        for answer, accepted in zip(said.texts, asked.references, strict=True)
    ]
    values_N = np.array(rows, np.float64)
    enough = np.isfinite(values_N).sum() >= _ENOUGH * len(rows)
    return beside_one(values_N if enough else np.full(len(rows), np.nan))


NUMERIC_ACCURACY = TextMetric(
    shape="rate", statistics=statistics, combine=ratio,
    signature=lambda references: "same number|behind #### or `the answer is`, in \\boxed{}, else the last|exact",
)  # fmt: skip

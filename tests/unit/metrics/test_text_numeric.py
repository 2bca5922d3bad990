from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tunewright.metrics import TEXT_METRICS, Asked, Said
from tunewright.metrics.text.numeric import chinese_number, final_number, is_right

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("She pays 3 * $4 = $<<3*4=12>>12.\n#### 12", 12),
        ("#### 2,125", 2125),
        ("#### -10\nand 5 more", -10),
        ("So it is 7.\n#### nothing", None),
        (r"thus \boxed{\frac{3}{4}}, as 1 + 2 = 3", Fraction(3, 4)),
        (r"\boxed{1,200} dollars of 5", 1200),
        ("The answer is 12, because 3 * 4 = 12 and 5 < 6.", 12),
        ("Answer: 3.50 dollars for 2", Fraction(7, 2)),
        ("First 5, then 6, so 11.", 11),
        ("In total 1,450,000.", 1450000),
        ("<think>maybe 3? or 4</think>It is 5.", 5),
        ("答：她还剩９页没有看。", 9),
        ("99-90=9，答案是9页，不是90页", 9),
        ("一共有3万元", 30000),
        ("结果为１．５亿", 150000000),
        ("所以是 2/6", Fraction(1, 3)),
        ("½", Fraction(1, 2)),
        ("答案：三十二", 32),
        ("一共有5个，一样多", 5),
        (".5", Fraction(1, 2)),
        ("−3", -3),
        ("50%", Fraction(1, 2)),
        ("no number", None),
        ("", None),
        ("1/0", None),
    ],
)
def test_the_number_that_a_text_comes_to(text: str, number: int | Fraction | None) -> None:
    assert final_number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("零", 0), ("五", 5), ("十", 10), ("十二", 12), ("二十", 20), ("一百零五", 105), ("一百五", 150), ("一百五十", 150),
        ("两千零三", 2003), ("一千零一十", 1010), ("一万", 10000), ("两万三", 23000), ("三万零五", 30005), ("二〇二四", 2024),
        ("一亿二千万", 120000000), ("十二万三千四百五十六", 123456), ("三点五", Fraction(7, 2)), ("负三", -3),
        ("三分之一", Fraction(1, 3)), ("百分之五十", Fraction(1, 2)), ("点", None), ("三点", None), ("百", None), ("万一", None),
    ],
)  # fmt: skip
def test_chinese_numerals(text: str, number: int | Fraction | None) -> None:
    assert chinese_number(text) == number


def test_chinese_numerals_of_every_size_read_back() -> None:
    for number in [*range(0, 2000), *range(9_990, 10_020), 20_304, 100_000, 123_456, 10_000_001, 300_000_000]:
        assert chinese_number(spelled(number)) == number, spelled(number)


def spelled(number: int) -> str:
    """The plain way, 一百零五 and 一万零二十, without abbreviations."""
    digits = "零一二三四五六七八九"
    if number < 10:
        return digits[number]
    for size, unit in ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十")):
        if number >= size:
            head, rest = divmod(number, size)
            gap = "零" if rest and rest < size // 10 else ""
            return spelled(head) + unit + (gap + spelled(rest) if rest else "")
    raise AssertionError


def test_equal_numbers_are_equal_however_they_are_written() -> None:
    assert is_right("所以是1/3。", ["2/6"])
    assert is_right("It is 42.0", ["#### 42"])
    assert is_right("50%", ["0.5"])
    assert is_right("五十", ["50"])
    assert is_right("50%", ["50"])
    assert not is_right("0.5", ["50"])
    assert not is_right("up by 50%, which makes 5", ["500"])
    assert not is_right("41", ["#### 42"])
    assert not is_right("1" * 5000, ["#### 42"])
    assert not is_right("一" * 5000, ["#### 42"])
    assert not is_right("I don't know", ["#### 42"])


def value(answers: list[str], references: list[str]) -> float | None:
    unknown, rows = np.full(len(answers), np.nan), len(answers)
    asked = Asked(references=[[text] for text in references], sources=[None] * rows, num_tokens_N=unknown)
    return TEXT_METRICS["numeric_accuracy"](asked, Said(texts=answers, nll_N=unknown, stops=[None] * rows))


def test_only_rows_whose_reference_is_a_number_count_and_only_where_most_are() -> None:
    assert value(["12", "13", "14"], ["#### 12", "12", "see 14 pages"]) == 1 / 2
    assert value(["12", "13", "14"], ["12", "we met 13 people", "on page 14"]) is None


@pytest.mark.skipif(not (SHARED / "gsm8k").is_dir(), reason="needs ../shared")
def test_every_reference_of_gsm8k_and_cmath_is_a_number_and_right_by_itself() -> None:
    import json

    gsm8k = [json.loads(line)["answer"] for line in (SHARED / "gsm8k" / "test.jsonl").open(encoding="utf-8")]
    cmath = [json.loads(line)["golden"] for line in (SHARED / "cmath" / "dev.jsonl").open(encoding="utf-8")]
    for references in (gsm8k, cmath):
        assert value(references, references) == 1.0
    # A worked answer without its mark ends in the number, too, nearly always: the last one of the text.
    unmarked = [text.replace("####", "") for text in gsm8k]
    assert value(unmarked, gsm8k) > 0.99

from __future__ import annotations

import numpy as np
import pytest

from tunewright.metrics import TEXT_METRICS, Asked, Said


def value(
    metric: str, answers: list[str], references: list[list[str]], sources: list[str | None] | None = None,
    *, stops: list[str | None] | None = None,
) -> float | None:  # fmt: skip
    unknown, rows = np.full(len(answers), np.nan), len(answers)
    asked = Asked(references=references, sources=sources or [None] * rows, num_tokens_N=unknown)
    return TEXT_METRICS[metric](asked, Said(texts=answers, nll_N=unknown, stops=stops or [None] * rows))


def test_an_empty_answer_counts_unless_nothing_was_wanted() -> None:
    assert value("empty_rate", ["", " \n　", "x", ""], [["a"], ["b"], ["c"], ["d", ""]]) == 0.5


def test_a_copy_counts_whatever_its_case_and_width_unless_it_was_wanted() -> None:
    sources = ["Guten Tag", "ＡＢＣ 你好", "Berlin", "Hallo", None]
    answers = ["guten  tag", "abc 你好", "Berlin", "Hello", "x"]
    references = [["Good day"], ["hello"], ["Berlin"], ["Hello"], ["x"]]
    assert value("copied_rate", answers, references, sources) == 2 / 4  # of the last row nobody knows the source
    assert value("copied_rate", ["x"], [["x"]], [None]) is None


@pytest.mark.parametrize(
    ("answer", "looped"),
    [
        ("the cat sat on the mat. " * 4, True),
        ("no " * 7, True),
        ("no " * 6, False),
        ("!" * 30, True),
        ("好的" * 6, True),
        ("今天天气很好，明天天气也很好，后天天气还是很好。", False),
        ("It is what it is, and it was what it was.", False),
        ("", False),
    ],
)
def test_a_phrase_over_and_over_is_seen(answer: str, looped: bool) -> None:
    assert value("repeated_rate", [answer], [["something else"]]) == float(looped)
    assert value("repeated_rate", [answer], [["something else", answer]]) == 0.0  # what a reference says is no fault


def test_length_is_counted_in_words_and_characters_against_the_nearest_reference() -> None:
    assert value("length_ratio", ["a b c d", "今天好"], [["a b", "a b c d e"], ["今天天气很好"]]) == pytest.approx(
        7 / 11
    )
    assert value("length_ratio", ["a"], [[""]]) is None


def test_cut_answers_are_counted_among_those_whose_end_is_known() -> None:
    stops = ["length", "end", "stop_string", None]
    assert value("cut_rate", ["x"] * 4, [["x"]] * 4, stops=stops) == pytest.approx(1 / 3)
    assert value("cut_rate", ["x"], [["x"]]) is None


@pytest.mark.parametrize(
    ("source", "reference", "answer", "kept"),
    [
        ("Pay 1,000.50 by May 3", "Zahlen Sie 1.000,50 bis 3. Mai", "Bis 3. Mai 1 000,50 zahlen", True),
        ("Pay 1,000.50 by May 3", "Zahlen Sie 1.000,50 bis 3. Mai", "Bis 3. Mai 1 000,05 zahlen", False),
        ("In 2024 3 cats", "2024年有3只猫", "２０２４年有３只猫", True),
        ("In 2024 3 cats", "2024年有3只猫", "2024年有猫", False),
        ("In 2024 3 cats", "2024年有3只猫", "1. 2024年有3只猫", True),  # one that is added is no loss
        ("three of 5", "drei von fünf", "drei von fuenf", None),  # the reference has it in words
        ("no number", "keine Zahl 5", "5", None),
    ],
)
def test_numbers_of_source_and_reference_are_looked_for(
    source: str, reference: str, answer: str, kept: bool | None
) -> None:
    assert value("numbers_kept", [answer], [[reference]], [source]) == (None if kept is None else float(kept))
    assert value("numbers_kept", [reference], [[reference]], [source]) == (None if kept is None else 1.0)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("Klick <1>hier</1>, {name}: %s", True),
        ("{name}: %s, klick <1>hier</1>", True),
        ("Klick <1>hier, {name}: %s", False),
        ("Klick <1>hier</1>, {Name}: %s", False),
        ("Klick <1><1>hier</1>, {name}: %s", False),
        ("Klick hier", False),
    ],
)
def test_tags_and_placeholders_have_to_be_the_same(answer: str, kept: bool) -> None:
    source, reference = "Click <1>here</1>, {name}: %s", "Hier <1>klicken</1>, {name}: %s"
    assert value("placeholders_kept", [answer], [[reference]], [source]) == float(kept)
    assert value("placeholders_kept", ["a"], [["b"]], ["c"]) is None


def test_addresses_are_looked_for() -> None:
    source, reference = "See https://a.org/x?y=1 or mail me@b.de.", "Siehe https://a.org/x?y=1 oder me@b.de."
    answers = ["https://a.org/x?y=1 oder me@b.de", "https://a.org/x oder me@b.de"]
    assert value("addresses_kept", answers, [[reference]] * 2, [source] * 2) == 0.5

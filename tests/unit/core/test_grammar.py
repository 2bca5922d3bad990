from __future__ import annotations

import pytest

from tunewright.core.grammar import in_agreement, template_in_agreement
from tunewright.core.sentence import Sentence
from tunewright.report.words import Words


@pytest.mark.parametrize(
    ("said", "better"),
    [
        (
            "1 texts stand in both train and test (1 rows of test).",
            "1 text stands in both train and test (1 row of test).",
        ),
        ("1 rows have no label.", "1 row has no label."),
        ("1 rows repeat the text (1 texts stand twice).", "1 row repeats the text (1 text stands twice)."),
        ("1 classes, 1 branches", "1 class, 1 branch"),
        ("2 rows have, 21 rows have, 1.1 rows have, 0.1 rows, 1,001 rows", None),
        ("A1 rows; 1 of 3 rows have", None),
    ],
)
def test_one_thing_is_said_in_the_singular(said: str, better: str | None) -> None:
    assert in_agreement(said) == (said if better is None else better)


def test_values_of_a_sentence_are_left_alone() -> None:
    sentence = Sentence("{rows:,} rows have the label {label}", rows=1, label="1 rows have")
    assert sentence == "1 row has the label 1 rows have"
    assert Sentence("{rows:,} rows have the label {label}", rows=1001, label="x") == "1,001 rows have the label x"
    assert template_in_agreement("{n} rows {missing}", {}) == "{n} rows {missing}"


def test_the_report_says_it_in_the_singular_and_chinese_has_none() -> None:
    assert "1 row has no label" in Words("en")("finding.unlabelled", n="1")
    assert "2 rows have no label" in Words("en")("finding.unlabelled", n="2")
    assert Words("zh")("finding.unlabelled", n="1") == Words("zh")("finding.unlabelled", n="1").replace("row", "")

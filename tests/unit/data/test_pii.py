"""Personal data by its format: how much of what was planted is found, and how little else."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference.pii_decoys import decoys
from tests.reference.pii_generators import POSITIVES, positives
from tunewright.data.pii import DETECTORS, find_pii, normal

BAR = 0.99
POSITIVE_TEXTS, DECOY_TEXTS = 200, 300
"""Per class. `python bench/pii.py` takes 2,000 and 10,000."""


def measured(*classes: str) -> dict[str, tuple[float, float]]:
    """Precision and recall per class, over the planted texts and the decoys of the classes."""
    found, wrong = Counter[str](), Counter[str]()
    for name in classes:
        for planted in positives(name, POSITIVE_TEXTS, seed=7):
            for span in find_pii(planted.text):
                right = (span.class_name, span.start, span.end) == (name, planted.start, planted.end)
                (found if right else wrong)[span.class_name] += 1
        for text in decoys(name, DECOY_TEXTS, seed=7):
            wrong.update(span.class_name for span in find_pii(text))
    return {name: (found[name] / max(1, found[name] + wrong[name]), found[name] / POSITIVE_TEXTS) for name in classes}


def test_every_class_has_planted_texts() -> None:
    assert set(POSITIVES) == set(DETECTORS)


def test_what_is_planted_is_found_and_decoys_are_not() -> None:
    under = {name: figures for name, figures in measured(*DETECTORS).items() if min(figures) < BAR}
    assert under == {}


@pytest.mark.parametrize(
    ("class_name", "module", "check"),
    [
        ("bank_card", "money", "luhn"), ("iban", "money", "mod97_10"), ("cn_resident_id", "people", "iso7064_mod11_2"),
        ("birth_date", "people", "is_day"),
    ],
)  # fmt: skip
def test_without_its_check_a_class_is_not_precise(
    class_name: str, module: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"tunewright.data.pii.{module}.{check}", lambda *value: True)
    assert measured(class_name)[class_name][0] < BAR


@pytest.mark.parametrize(("class_name", "module"), [("phone", "contact"), ("us_ssn", "people"), ("passport", "people")])
def test_without_words_numbers_are_not_told_from_orders(
    class_name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"tunewright.data.pii.{module}.names_of", lambda *place: frozenset({class_name}))
    assert measured(class_name)[class_name][0] < 0.9


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("手机号１３８１２３４５６７８，身份证11010519491231002X",
         {"phone": "１３８１２３４５６７８", "cn_resident_id": "11010519491231002X"}),
        ("我的手机是13812345678订单号13912345678", {"phone": "13812345678"}),
        ("Order 4111 1111 1111 1111 was paid by card 4000 0566 5566 5556", {"bank_card": "4000 0566 5566 5556"}),
        ("座机010-82345678转803，订单010-2024-0102", {"phone": "010-82345678转803"}),
        ("PESEL 44051401359, order 44051401359", {"eu_national_id": "44051401359"}),
        ("https://ann:hunter2@host.com/x?page=2&token=abcdef123456", {"url_secret": "abcdef123456"}),
        ("firmware 10.2.30.4 at 93.184.216.34", {"ip_address": "93.184.216.34"}),
        ("née le 3 mars 1984, livré le 4 mars 2024", {"birth_date": "3 mars 1984"}),
        ("1990年5月6日出生，2020年5月6日下单", {"birth_date": "1990年5月6日"}),
        ("(+49 30 901820)", {"phone": "+49 30 901820"}),
        ("passport no. C01X00T47, product C01X00T48", {"passport": "C01X00T47"}),
    ],
)  # fmt: skip
def test_the_nearest_word_says_what_a_number_is(text: str, expected: dict[str, str]) -> None:
    assert {span.class_name: text[span.start : span.end] for span in find_pii(text)} == expected


@pytest.mark.parametrize(
    "text", ["", "x", "no personal data here", "第3次购买", "ab@", "::", "1" * 500, "+" * 50 + "1 " * 200]
)
def test_nothing_is_found_where_there_is_nothing(text: str) -> None:
    assert find_pii(text) == []


def test_only_the_classes_asked_for_are_looked_for() -> None:
    text = "ann@firm.de, 13812345678"
    assert [span.class_name for span in find_pii(text, ["phone"])] == ["phone"]
    with pytest.raises(KeyError):
        find_pii(text, ["fone"])


@given(
    st.text(alphabet=st.one_of(st.sampled_from("0123456789@.:/-+ ()ABXx年月日号电话卡"), st.characters()), max_size=80)
)
def test_spans_lie_in_the_text_and_apart_from_each_other(text: str) -> None:
    assert len(normal(text)) == len(text)
    spans = find_pii(text)
    borders = [place for span in spans for place in (span.start, span.end)]
    assert borders == sorted(borders)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)

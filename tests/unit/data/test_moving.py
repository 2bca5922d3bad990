"""Spans and tokens stay where they belong when a step changes their text."""

from __future__ import annotations

import random

import pytest

from tunewright.data.clean import TEXT_STEPS
from tunewright.data.shapes import Span, Tagged
from tunewright.data.shapes.moving import moved
from tunewright.data.shapes.spacing import cut_tokens


def tagged(text: str, *parts: str) -> Tagged:
    """A text with labels A, B, C... for the first place of each part."""
    spans = tuple(
        Span(start=text.index(part), end=text.index(part) + len(part), label=chr(65 + number))
        for number, part in enumerate(parts)
    )
    return Tagged(text=text, tokens=tuple(cut_tokens(text, spans)), spans=spans)


@pytest.mark.parametrize(
    ("step", "text", "parts", "expected"),
    [
        ("strip_markup", "a <b>b</b> c", ("b</b>", "c"), {"A": "b", "B": "c"}),
        ("strip_markup", "x <b>Ada</b> &amp; Bob", ("Ada", "&amp;", "Bob"), {"A": "Ada", "B": "&", "C": "Bob"}),
        ("strip_invisible", "A\u200bda in Ro\u00adme", ("A\u200bda", "Ro\u00adme"), {"A": "Ada", "B": "Rome"}),
        ("strip_invisible", "see \u200b\u200b Rome", ("\u200b\u200b", "Rome"), {"B": "Rome"}),
        ("fold_width", "在Ｒｏｍｅ见Ａｄａ。", ("Ｒｏｍｅ", "Ａｄａ"), {"A": "Rome", "B": "Ada"}),
        ("fix_mojibake", "le cafÃ© de RenÃ©e", ("cafÃ©", "RenÃ©e"), {"A": "café", "B": "Renée"}),
        ("scrub", "Ada (ada@firm.org) in Rome", ("Ada", "ada@firm.org", "Rome"), {"A": "Ada", "B": "[email]", "C": "Rome"}),
        ("scrub", "mail ada@firm.org now", ("firm",), {"A": "[email]"}),
        ("scrub", "Tel. 030 1234567, Rome", ("030 1234567", "Rome"), {"A": "[phone]", "B": "Rome"}),
        ("strip_signature", "See Ada.\n-- \nBob, Rome", ("Ada", "Bob", "Rome"), {"A": "Ada"}),
        ("strip_quoted_reply", "Yes, Ada.\n> did Bob come?\nRome is fine.", ("Ada", "Bob", "Rome"), {"A": "Ada", "C": "Rome"}),
    ],
)  # fmt: skip
def test_spans_are_moved_with_their_text(
    step: str, text: str, parts: tuple[str, ...], expected: dict[str, str]
) -> None:
    found = moved(tagged(text, *parts), TEXT_STEPS[step])
    assert found.row.text == TEXT_STEPS[step](text) != text
    assert {span.label: found.row.text[span.start : span.end] for span in found.row.spans} == expected
    assert {span.label for span in found.gone} == {chr(65 + n) for n in range(len(parts))} - expected.keys()


def test_what_is_found_is_told_in_the_places_of_the_text_as_it_was() -> None:
    text = "mail <b>ada@firm.org</b> to Bob"
    row = tagged(text)
    for step, wanted, own in (("scrub", "[email]", "ada@firm.org"), ("strip_markup", "ada@firm.org", "ada@firm.org")):
        found = moved(row, TEXT_STEPS[step])
        start = found.row.text.index(wanted)
        back = found.back(start, start + len(wanted))
        assert back is not None
        assert text[slice(*back)] == own
        assert found.back(*found.back(0, 4) or (9, 9)) == (0, 4)
    assert moved(row, str).back(5, 8) == (5, 8)  # nothing changed
    assert found.back(4, 5) is None  # white space is no token's


def test_tokens_of_a_file_that_become_one_piece_are_one_token_and_spans_hold_whole_ones() -> None:
    words = ["mail", "ada", "@firm.org", "in", "Rome"]
    text = "mail ada@firm.org in Rome"
    places = [(text.index(word), text.index(word) + len(word)) for word in words]
    row = Tagged(text=text, tokens=tuple(places), spans=(Span(start=5, end=8, label="PER"),))
    found = moved(row, TEXT_STEPS["scrub"])
    assert found.row.words == ["mail", "[email]", "in", "Rome"]
    assert [(span.start, span.end) for span in found.row.spans] == [(5, 12)]


PIECES = [
    "Ada",
    "<b>",
    "</b>",
    "&lt;",
    "ada@firm.org",
    "\u200b",
    "Ｒ",
    "在",
    ",",
    "cafÃ©",
    "13812345678",
    "a",
    "\n-- \n",
    "> x\n",
]


@pytest.mark.parametrize("step", list(TEXT_STEPS))
def test_order_and_characters_are_kept_whatever_stands_in_a_text(step: str) -> None:
    rng = random.Random(step)
    touched = names = 0
    for _ in range(300):
        text = "".join(word + rng.choice(["", " "]) for word in rng.choices(PIECES, k=rng.randint(1, 8)))
        places = cut_tokens(text, ())
        if not places:
            continue
        first, last = sorted((rng.randrange(len(places)), rng.randrange(len(places))))
        span = Span(start=places[first][0], end=places[last][1], label="X")
        own_tokens = tuple(places) if rng.random() < 0.5 else tuple(cut_tokens(text, (span,)))
        found = moved(Tagged(text=text, tokens=own_tokens, spans=(span,)), TEXT_STEPS[step])
        after = found.row.text
        assert after == TEXT_STEPS[step](text)
        edges = [place for token in found.row.tokens for place in token]
        assert edges == sorted(edges)
        assert len(found.row.spans) + len(found.gone) == 1
        for kept in found.row.spans:
            assert 0 <= kept.start < kept.end <= len(after)
            assert not any(a < place < b for a, b in found.row.tokens for place in (kept.start, kept.end))
        touched += text != after
        if text.count("Ada") == after.count("Ada") == 1:
            # The one name of the text has a token of its own before and after, at whatever place that is.
            [(now, then)] = [
                new for (a, b), new in zip(own_tokens, found.places, strict=True) if text[a:b] == "Ada"
            ] or [(0, 0)]
            names += then > now
            assert after[now:then] in ("", "Ada")
    assert touched > 20
    assert names > 20

"""Quoted replies and signatures: taken out in five languages, and nothing else is."""

from __future__ import annotations

import pytest

from tunewright.data.clean import CleanConfig, apply_text_steps, chosen_text_steps
from tunewright.data.mail_text import strip_quoted_reply, strip_signature

OWN = "Thanks, that works.\n谢谢，可以了。"
QUOTES = [
    "On Tue, 30 Jan 2024 at 10:30, Ann <ann@example.org> wrote:\n> How is it?\n> Best, Ann",
    "On Tuesday, 30 January 2024 at 10:30:15, Ann Example\n<ann@example.org> wrote:\n\n> How is it?",
    "On Jan 30, 2024, Ann wrote:\n\nHow is it?\nBest, Ann",
    "Am 30.01.24 um 10:30 schrieb Ann Example:\n> Wie ist es?",
    "Am Di., 30. Jan. 2024 um 10:30 Uhr schrieb Ann <ann@example.org>:\nWie ist es?",
    "Le mar. 30 janv. 2024 à 10:30, Ann <ann@example.org> a écrit :\n> Comment ça va ?",
    "El mar, 30 ene 2024 a las 10:30, Ann (<ann@example.org>) escribió:\n> ¿Cómo está?",
    "在 2024年1月30日，10:30，安 <an@example.org> 写道：\n> 怎么样？",
    "于 2024-01-30 10:30, 安 写道:\n怎么样？",
    "-----Original Message-----\nFrom: Ann\nSent: Tuesday\nTo: Bob\nSubject: How is it?\n\nHow is it?",
    "-----Ursprüngliche Nachricht-----\nVon: Ann\nGesendet: Dienstag\n\nWie ist es?",
    "------------------ 原始邮件 ------------------\n发件人: \"安\"\n发送时间: 2024年1月30日\n\n怎么样？",
    "From: Ann <ann@example.org>\nSent: Tuesday, January 30, 2024\nTo: Bob\nSubject: How is it?\n\nHow is it?",
    "________________________________\nVon: Ann\nGesendet: Dienstag, 30. Januar 2024\nAn: Bob\nBetreff: x\n\nWie ist es?",
    "De : Ann\nEnvoyé : mardi 30 janvier 2024\nÀ : Bob\nObjet : x\n\nComment ça va ?",
    "发件人：安\n发送时间：2024年1月30日\n收件人：李\n主题：怎么样\n\n怎么样？",
    "> How is it?\n>> Older still",
]  # fmt: skip


@pytest.mark.parametrize("quote", QUOTES)
def test_what_a_reply_quotes_is_taken_out(quote: str) -> None:
    assert strip_quoted_reply(f"{OWN}\n\n{quote}\n") == OWN


def test_an_answer_below_and_between_quoted_lines_stays() -> None:
    text = "On Tue, Ann wrote:\n> Does it work?\n\nYes.\n\n> And the other?\n\nNo."
    assert strip_quoted_reply(text) == "Yes.\n\nNo."


@pytest.mark.parametrize("quote", [QUOTES[0], QUOTES[9], QUOTES[11], "> only a quote"])
def test_a_mail_that_is_nothing_but_a_quote_is_left_as_it_is(quote: str) -> None:
    assert strip_quoted_reply(quote) == quote


@pytest.mark.parametrize(
    "text",
    [
        "The price is 5 > 3, and it is from: the shop.",
        "On Monday he wrote: nothing at all, and then went home to sleep.",
        "From: Berlin\nI travelled to Munich.",
        "我在信里写道：一切都好，请放心。",
        "On his last day he wrote:\nAll is well.",
        "他在信里写道：\n一切都好。",
        "----\nA line and a text.",
        "a --- b\n\n\n\nc ",
    ],
)
def test_ordinary_text_is_not_touched(text: str) -> None:
    assert strip_quoted_reply(text) == text
    assert strip_signature(text) == text


@pytest.mark.parametrize(
    "end",
    ["-- \nAnn Example\n+49 30 123", "--\nAnn", "Sent from my iPhone", "Von meinem iPhone gesendet", "Envoyé de mon iPhone",
     "Enviado desde mi iPhone", "发自我的iPhone", "Get Outlook for iOS"],
)  # fmt: skip
def test_signatures_are_taken_out(end: str) -> None:
    assert strip_signature(f"{OWN}\n\n{end}\n") == OWN
    assert strip_signature(end) == end


def test_the_steps_are_off_until_asked_for_and_repeated_in_order() -> None:
    assert chosen_text_steps(CleanConfig()) == []
    names = chosen_text_steps(CleanConfig(strip_quoted_reply=True, strip_signature=True))
    assert names == ["strip_quoted_reply", "strip_signature"]
    assert apply_text_steps(f"{OWN}\n\n-- \nAnn\n\n{QUOTES[0]}", names) == OWN

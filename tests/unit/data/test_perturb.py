"""Changes that should not matter change one thing, the same one each time, and say where there is nothing to change."""

from __future__ import annotations

import pytest

from tunewright.data.perturb import PERTURBATIONS, perturbed


@pytest.mark.parametrize(
    ("name", "text", "changed"),
    [
        ("case", "The Room was OK", "the room was ok"),
        ("case", "the room", "THE ROOM"),
        ("case", "房间很好", None),
        ("punctuation", "Very good!!", "Very good"),
        ("punctuation", "Very good", "Very good."),
        ("punctuation", "很好", "很好。"),
        ("punctuation", "很好。", "很好"),
        ("punctuation", "  ", None),
        ("typos", "a good day", "a good day".replace("good", "godo")),
        ("typos", "it is ok 很好 noon", "it is ok 很好 nono"),
        ("typos", "房间 ok", None),
        ("width", "iPhone15 很好!", "ｉＰｈｏｎｅ１５ 很好！"),
        ("width", "ｉＰｈｏｎｅ很好，真的", "iPhone很好,真的"),
        ("width", "only Latin", None),
        ("chinese", "这个房间没有问题", "這個房間沒有問題"),
        ("chinese", "這個房間沒有問題", "这个房间没有问题"),
        ("chinese", "no Chinese", None),
        ("space", "one two three", "one two  three"),
        ("space", "很好很好", "很好 很好"),
        ("space", "excellent", None),
    ],
)
def test_one_thing_is_changed(name: str, text: str, changed: str | None) -> None:
    assert perturbed(text, name) == changed
    assert perturbed(text, name) == perturbed(text, name)


@pytest.mark.parametrize("name", PERTURBATIONS)
@pytest.mark.parametrize("text", ["", " ", "\n", "a", "。", "\ud800", "🙂", "aaaa"])
def test_no_text_is_too_strange(name: str, text: str) -> None:
    assert perturbed(text, name) != text

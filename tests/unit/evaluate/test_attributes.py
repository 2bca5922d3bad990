from __future__ import annotations

import numpy as np

from tunewright.evaluate import attributes


def test_lengths_are_five_bins_of_about_as_many_rows() -> None:
    texts = ["x" * n for n in range(1, 101)]
    values = attributes.length(texts).values
    assert len(set(values)) == 5
    assert values[0] == "≤ 20"
    assert values[-1] == "> 80"
    assert all(values.count(value) == 20 for value in set(values))


def test_lengths_that_are_equal_share_a_bin() -> None:
    assert set(attributes.length(["same"] * 50).values) == {"≤ 4"}
    assert attributes.length([]).values == []


def test_scripts_and_variants_of_chinese_are_told_apart() -> None:
    texts = ["hello there", "这个产品很好", "這個產品很好", "好看", "买了 iPhone 手机壳 很 nice 用", "привет", "!?"]
    assert attributes.script(texts).values == [
        "latin", "simplified", "traditional", "han", "mixed", "cyrillic", None,
    ]  # fmt: skip


def test_languages_of_long_texts_are_known_and_of_short_ones_not() -> None:
    found = attributes.language(["this is a sentence about nothing in particular, and a long one", "ok"])
    assert found is not None
    assert found.values == ["en", None]


def test_files_are_named_without_their_folders() -> None:
    assert attributes.source(["/home/someone/a.csv", "C:\\data\\b.csv", None]).values == ["a.csv", "b.csv", None]


def test_words_that_training_did_not_have_are_counted_in_english_and_chinese() -> None:
    train = ["the room was clean and the staff friendly", "房间很干净，服务很好"]
    texts = [
        "The ROOM was clean",
        "the room was clean and the staff rude",
        "quantum flux",
        "房间很干净",
        "快递太慢了",
        "...",
    ]
    assert attributes.unseen_words(texts, train).values == ["none", "some", "many", "none", "many", None]


def test_clusters_are_named_by_their_words_and_not_by_those_of_all() -> None:
    texts = [f"the parcel is late again {i}" for i in range(20)] + [
        f"the invoice amount is wrong {i}" for i in range(20)
    ]
    texts += [f"退款什么时候到账 {i}" for i in range(20)]
    named = attributes.typical_words(texts, np.repeat([0, 1, 2], 20))
    assert "parcel" in named[0]
    assert "invoice" in named[1]
    assert all(word in "退款什么时候到账" and len(word) == 2 for word in named[2])
    assert not {"the", "is"} & {word for words in named.values() for word in words}
    assert attributes.clusters(texts, np.repeat([0, 1, 2], 20), named=False).labels is None

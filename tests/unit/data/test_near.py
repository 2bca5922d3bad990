from __future__ import annotations

import random
import time
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.data.audit_tables import WORDS, disguised, retouched, sentence
from tunewright.core.text import ngrams
from tunewright.data import near
from tunewright.data.near import near_clusters


def clusters_by_comparing_all(texts: Sequence[str], threshold: float = 0.8) -> list[int]:
    """The definition, literally: the union of all pairs with Jaccard >= threshold."""
    grams = [ngrams(text) for text in texts]
    root = list(range(len(texts)))
    for i in range(len(texts)):
        for j in range(i):
            if len(grams[i] & grams[j]) / len(grams[i] | grams[j]) >= threshold:
                old, new = max(root[i], root[j]), min(root[i], root[j])
                root = [new if value == old else value for value in root]
    return root


def as_sets(texts: Sequence[str], clusters: Sequence[int]) -> set[frozenset[str]]:
    return {
        frozenset(text for text, name in zip(texts, clusters, strict=True) if name == cluster) for cluster in clusters
    }


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="ab好 Ａ😀", max_size=14), max_size=40), st.sampled_from([0.6, 0.8, 0.95, 1.0]))
def test_clusters_equal_the_definition_on_arbitrary_texts(texts: list[str], threshold: float) -> None:
    assert near_clusters(texts, threshold=threshold).tolist() == clusters_by_comparing_all(texts, threshold)


@pytest.mark.parametrize("chinese", [False, True])
def test_clusters_equal_the_definition_on_texts_with_many_edits(chinese: bool) -> None:
    chance = random.Random(5)
    texts = [sentence(chance, chinese=chinese, words=chance.randint(2, 20)) for _ in range(60)]
    for _ in range(180):
        text = chance.choice(texts)
        for _ in range(chance.randint(1, 4)):
            text = retouched(text, chance)
        texts.append(text)
    expected = clusters_by_comparing_all(texts)
    assert near_clusters(texts).tolist() == expected
    assert 5 < len(set(expected)) < len(texts)  # the case is not trivial: some are joined, some not


def test_a_prefix_that_is_one_too_short_misses_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: the comparison above is able to see a broken filter."""
    chance = random.Random(5)
    texts = [sentence(chance) for _ in range(40)]
    texts += [retouched(retouched(text, chance), chance) for text in texts]
    broken = near._prefixes

    def shorter(*args: object, prefix_D: np.ndarray, **rest: object) -> object:  # type: ignore[type-arg]
        return broken(*args, prefix_D=prefix_D // 8, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(near, "_prefixes", shorter)
    assert near_clusters(texts).tolist() != clusters_by_comparing_all(texts)


@pytest.mark.parametrize("chinese", [False, True])
def test_planted_near_duplicates_are_found_and_nothing_else(chinese: bool) -> None:
    chance = random.Random(11)
    originals = [sentence(chance, chinese=chinese, words=20) for _ in range(1000)]
    copies = [retouched(text, chance) for text in originals[:200]]
    clusters = near_clusters([*originals, *copies])
    joined = clusters[1000:] == np.arange(200)
    assert joined.mean() >= 0.95
    assert len(set(clusters[:1000].tolist())) == 1000


def test_paraphrases_and_short_texts_that_share_words_are_not_near_duplicates() -> None:
    texts = [
        "I still haven't got my new card, what should I do?",
        "What can I do if my new card still hasn't arrived?",
        "When will my new card arrive, please?",
        "Good",
        "Good hotel",
        "不错",
        "很不错",
    ]
    assert len(set(near_clusters(texts).tolist())) == len(texts)


def test_case_width_and_spaces_make_no_difference() -> None:
    chance = random.Random(2)
    text = sentence(chance)
    assert near_clusters([text, disguised(text, chance), "HOTEL", "ｈｏｔｅｌ", "ho tel"]).tolist() == [0, 0, 2, 2, 2]


def test_order_of_texts_does_not_matter_even_where_every_ngram_is_crowded() -> None:
    chance = random.Random(3)
    # Two letters only, so that thousands meet in each 5-gram and the choice of pivots matters.
    texts = ["".join(chance.choices("ab", k=chance.randint(8, 30))) for _ in range(1500)]
    mixed = random.Random(4).sample(texts, len(texts))
    assert as_sets(texts, near_clusters(texts).tolist()) == as_sets(mixed, near_clusters(mixed).tolist())


def test_a_template_shared_by_more_texts_than_the_bound_is_one_cluster() -> None:
    texts = [
        f"Dear customer, your order {n:04d} has left our house today and will be with you soon" for n in range(900)
    ]
    assert len(set(near_clusters(texts).tolist())) == 1


def test_planted_near_duplicates_are_found_where_every_ngram_is_crowded() -> None:
    chance = random.Random(13)
    originals = ["".join(chance.choices("abcd", k=200)) for _ in range(1500)]
    copies = [text[:80] + chance.choice("efgh") + text[81:] for text in originals[:300]]
    clusters = near_clusters([*originals, *copies])
    assert (clusters[1500:] == np.arange(300)).mean() >= 0.99
    assert len(set(clusters[:1500].tolist())) == 1500


def test_passes_and_batches_of_any_size_give_the_same_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(9)
    texts = [sentence(chance, words=chance.randint(1, 30)) for _ in range(150)]
    texts += [retouched(chance.choice(texts), chance) for _ in range(150)]
    whole = near_clusters(texts).tolist()
    for name, value in {
        "_CHUNK_CHARACTERS": 700,
        "_IN_MEMORY_NGRAMS": 10,
        "_POSTINGS_PER_PASS": 300,
        "_PAIRS_PER_BATCH": 5,
        "_VERIFIED_NGRAMS_PER_BATCH": 50,
    }.items():
        monkeypatch.setattr(near, name, value)
    assert near_clusters(texts).tolist() == whole


@pytest.mark.parametrize(
    "texts", [[], [""], ["", ""], ["a"], ["\ud800 lone surrogate", "\ud800 lone surrogate"], ["\0"]]
)
def test_odd_inputs_are_taken(texts: list[str]) -> None:
    assert near_clusters(texts).tolist() == clusters_by_comparing_all(texts)


def test_the_text_that_pads_short_texts_cannot_be_mistaken_for_text() -> None:
    assert near_clusters(["ab", "ab\0\0\0", "ab   ", "ab___"]).tolist() == [0, 1, 0, 3]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["words", "template"])
def test_a_hundred_thousand_texts_take_about_a_minute_at_most(kind: str) -> None:
    chance = random.Random(1)
    if kind == "words":
        texts = [" ".join(chance.choices(WORDS, k=chance.randint(5, 20))) for _ in range(100_000)]
    else:
        texts = [
            f"Ticket {chance.randrange(10**6)}: please refund order {chance.randrange(10**6)}, thanks and regards"
            for _ in range(100_000)
        ]
    began = time.perf_counter()
    near_clusters(texts)
    assert time.perf_counter() - began < 90

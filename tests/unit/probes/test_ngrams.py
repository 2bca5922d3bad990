import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from tunewright.probes.ngrams import Counts, count_characters, count_words

TEXTS = ["the cat sat", "a  cat", "", "!!!", "酒店很好", "don't stop", "cat cat cat"]


def _sizes(counts: Counts, num_rows: int) -> list[list[int]]:
    """The multiset of counts of each row: equal n-grams have equal counts whatever they are called."""
    return [sorted(counts.counts[counts.rows == row].tolist()) for row in range(num_rows)]


def test_character_ngrams_are_those_of_scikit_learn() -> None:
    ours = count_characters(TEXTS, smallest=2, largest=4, max_characters=1000)
    theirs = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4)).fit_transform(TEXTS)
    assert _sizes(ours, len(TEXTS)) == [sorted(theirs[row].data.tolist()) for row in range(len(TEXTS))]
    assert len(np.unique(ours.keys)) == theirs.shape[1]


def test_words_and_pairs_of_words_are_those_of_scikit_learn() -> None:
    texts = ["the cat sat", "a  cat", "", "!!!", "cat cat cat", "x_1 and y"]
    ours = count_words(texts, max_characters=1000)
    theirs = CountVectorizer(ngram_range=(1, 2), token_pattern=r"\w+").fit_transform(texts)
    assert _sizes(ours, len(texts)) == [sorted(theirs[row].data.tolist()) for row in range(len(texts))]
    assert len(np.unique(ours.keys)) == theirs.shape[1]


def test_each_han_character_is_a_word() -> None:
    counts = count_words(["酒店好"], max_characters=1000)
    assert len(counts.keys) == 5  # 酒, 店, 好, 酒店, 店好


def test_same_words_have_same_keys_in_any_text_and_salt_sets_them_apart() -> None:
    one = count_words(["cat"], max_characters=1000)
    other = count_words(["the dog", "a cat sat"], max_characters=1000)
    salted = count_words(["cat"], max_characters=1000, salt=7)
    assert set(one.keys.tolist()) <= set(other.keys[other.rows == 1].tolist())
    assert not set(one.keys.tolist()) & set(salted.keys.tolist())


def test_empty_input_has_no_ngrams() -> None:
    for texts in ([], [""], ["", ""]):
        assert not len(count_words(texts, max_characters=10).keys)
        characters = count_characters(texts, smallest=2, largest=4, max_characters=10)
        assert not len(characters.keys)

"""How much of the right text is in the answer: exact match, token F1, ROUGE. Of several references the nearest counts."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from tunewright.metrics.text.metric import of_rows
from tunewright.metrics.text.tokens import words


def exact_match(answer: str, references: Sequence[str], source: str | None = None) -> float:
    """1 where the answer is one of the references, space at both ends and Unicode composition aside."""
    return float(_trimmed(answer) in {_trimmed(reference) for reference in references})


def token_f1(answer: list[str], reference: list[str]) -> float:
    """F1 of the two bags of words; 1 where both are empty."""
    return _f1(sum((Counter(answer) & Counter(reference)).values()), len(answer), len(reference))


def rouge_n(answer: list[str], reference: list[str], *, n: int) -> float:
    """F1 of the two bags of n-grams (Lin 2004); texts that are too short for an n-gram are held together whole."""
    said, right = _ngrams(answer, n), _ngrams(reference, n)
    if not said and not right:
        return float(answer == reference)
    return _f1(sum((said & right).values()), said.total(), right.total())


def rouge_l(answer: list[str], reference: list[str]) -> float:
    """F1 of the longest common subsequence of words (Lin 2004), over the text as one sentence."""
    return _f1(common_subsequence(answer, reference), len(answer), len(reference))


def common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence; one step of big-number arithmetic per word (Hyyro 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    everything = (1 << len(one)) - 1
    unmatched = everything
    for word in other:
        here = unmatched & places.get(word, 0)
        unmatched = ((unmatched + here) | (unmatched - here)) & everything
    return len(one) - unmatched.bit_count()


def _nearest(similarity: Callable[[list[str], list[str]], float]) -> Callable[[str, Sequence[str], str | None], float]:
    def value(answer: str, references: Sequence[str], source: str | None) -> float:
        said = words(answer)
        return max(similarity(said, words(reference)) for reference in references)

    return value


def _ngrams(tokens: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def _f1(common: int, said: int, right: int) -> float:
    return 2 * common / (said + right) if said + right else 1.0


def _trimmed(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


_CUT = "words folded (NFKC, case), Han and kana by character, no punctuation, no stemming|nearest reference"
EXACT_MATCH = of_rows(exact_match, shape="rate", signature="equal to a reference|NFC, ends trimmed")
TOKEN_F1 = of_rows(_nearest(token_f1), shape="mean", signature=f"F1 of bags of words|{_CUT}")
ROUGE1 = of_rows(
    _nearest(lambda said, right: rouge_n(said, right, n=1)), shape="mean", signature=f"F1 of unigrams|{_CUT}"
)
ROUGE2 = of_rows(
    _nearest(lambda said, right: rouge_n(said, right, n=2)), shape="mean", signature=f"F1 of bigrams|{_CUT}"
)
ROUGE_L = of_rows(
    _nearest(rouge_l), shape="mean", signature=f"F1 of the longest common subsequence of the whole text|{_CUT}"
)

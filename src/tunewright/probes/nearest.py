"""The nearest texts of the training set: the baseline of answers that are texts, as a translation memory has it; and what
training had that is like a mistake.

N  texts of the memory     M  texts that are asked for
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer

Places = npt.NDArray[np.int64]
Cosines = npt.NDArray[np.float32]

_CHUNK = 512
_NGRAMS = (1, 4)
"""Characters: right for Chinese, and near for words with other endings."""


class NearestText:
    """A memory of texts; `find` is exact, and the first of equals is taken."""

    def __init__(self, texts: Sequence[str]) -> None:
        """`texts`: (N,), at least one with a character that is no space."""
        self._vectorizer = _vectorizer()
        self._memory: Any = self._vectorizer.fit_transform(texts)

    def find(self, texts: Sequence[str]) -> tuple[Places, Cosines]:
        """For each text the place of the most similar one, (M,), and the cosine of their n-grams, (M,)."""
        places, cosines = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for start in range(0, len(texts), _CHUNK):
            asked: Any = self._vectorizer.transform(texts[start : start + _CHUNK])
            cosine = np.asarray((asked @ self._memory.T).todense())
            places.append(cosine.argmax(1).astype(np.int64))
            cosines.append(cosine.max(1).astype(np.float32))
        return np.concatenate(places), np.concatenate(cosines)

    def find_several(self, texts: Sequence[str], *, most: int) -> tuple[Places, Cosines]:
        """For each text the places of the `most` similar ones, the nearest first, and their cosines, both (M, K)."""

        def cosine(start: int) -> Cosines:
            asked: Any = self._vectorizer.transform(texts[start : start + _CHUNK])
            return np.asarray((asked @ self._memory.T).todense())

        return _nearest(cosine, len(texts), most=most)


def text_vectors(texts: Sequence[str]) -> Any:
    """Counted and weighed n-grams of each text as a sparse matrix (N, V) of rows of length one: their products are cosines.

    A text without a character has a row of zeros; there must be one with a character.
    """
    return _vectorizer().fit_transform(texts).tocsr()


def nearest_features(asked_MF: Cosines, memory_NF: Cosines, *, most: int) -> tuple[Places, Cosines]:
    """`NearestText.find_several` by the direction of features instead of n-grams."""
    asked_MF, memory_NF = (
        features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
        for features in (asked_MF, memory_NF)
    )
    return _nearest(lambda start: asked_MF[start : start + _CHUNK] @ memory_NF.T, len(asked_MF), most=most)


def _nearest(cosine: Callable[[int], Cosines], num_asked: int, *, most: int) -> tuple[Places, Cosines]:
    """`cosine(start)` has those of a chunk with the whole memory: all of them together would not fit."""
    places, cosines = [], []
    for start in range(0, num_asked, _CHUNK):
        cosine_MN = cosine(start)
        places.append(np.argsort(-cosine_MN, axis=1, kind="stable")[:, :most])
        cosines.append(np.take_along_axis(cosine_MN, places[-1], axis=1))
    if not places:
        return np.zeros((0, most), np.int64), np.zeros((0, most), np.float32)
    return np.concatenate(places), np.concatenate(cosines)


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char", ngram_range=_NGRAMS, sublinear_tf=True, dtype=np.float32)

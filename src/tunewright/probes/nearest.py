"""The nearest text of the training set, as a translation memory has it: the baseline of answers that are texts.

N  texts of the memory     M  texts that are asked for
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer

_CHUNK = 512
_NGRAMS = (1, 4)
"""Characters: right for Chinese, and near for words with other endings."""


class NearestText:
    """A memory of texts; `find` is exact, and the first of equals is taken."""

    def __init__(self, texts: Sequence[str]) -> None:
        """`texts`: (N,), at least one with a character that is no space."""
        self._vectorizer = _vectorizer()
        self._memory: Any = self._vectorizer.fit_transform(texts)

    def find(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """For each text the place of the most similar one, (M,), and the cosine of their n-grams, (M,)."""
        places, cosines = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for start in range(0, len(texts), _CHUNK):
            asked: Any = self._vectorizer.transform(texts[start : start + _CHUNK])
            cosine = np.asarray((asked @ self._memory.T).todense())
            places.append(cosine.argmax(1).astype(np.int64))
            cosines.append(cosine.max(1).astype(np.float32))
        return np.concatenate(places), np.concatenate(cosines)


def text_vectors(texts: Sequence[str]) -> Any:
    """Counted and weighed n-grams of each text as a sparse matrix (N, V) of rows of length one: their products are cosines.

    A text without a character has a row of zeros; there must be one with a character.
    """
    return _vectorizer().fit_transform(texts).tocsr()


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char", ngram_range=_NGRAMS, sublinear_tf=True, dtype=np.float32)

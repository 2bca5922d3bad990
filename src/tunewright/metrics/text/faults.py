"""What goes wrong when text is generated: no answer, the source again, one phrase over and over, the wrong length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tunewright.core.text import fold
from tunewright.metrics.metric import Floats
from tunewright.metrics.text.metric import Asked, Said, TextMetric, beside_one, of_rows, ratio
from tunewright.metrics.text.tokens import pieces

LOOP_PIECES = 4
"""Length of the n-gram that is counted: what people say twice on purpose is shorter, or is said fewer times."""
LOOP_TIMES = 4
"""How often it has to stand there."""


def is_empty(answer: str, references: Sequence[str], source: str | None = None) -> bool:
    """Whether there is nothing but space, and a reference would have had something."""
    return not answer.strip() and all(reference.strip() for reference in references)


def is_copied(answer: str, references: Sequence[str], source: str | None) -> bool | None:
    """Whether the answer is the source again (but for case, width and space), and that is not what was wanted."""
    if source is None:
        return None
    folded = fold(answer)
    return bool(folded) and folded == fold(source) and all(folded != fold(reference) for reference in references)


def is_repeated(answer: str, references: Sequence[str], source: str | None = None) -> bool:
    """Whether some four words (of Chinese, characters) stand there four times or more, and oftener than in a reference."""
    most = _most_common(answer)
    return most >= LOOP_TIMES and all(most > _most_common(reference) for reference in references)


def lengths(asked: Asked, said: Said) -> Floats:
    """(N, 2): words and signs of the answer, and of the reference that is nearest to it in length."""
    rows_N2 = np.zeros((len(asked), 2))
    for row, (answer, accepted) in enumerate(zip(said.texts, asked.references, strict=True)):
        length = len(pieces(answer))
        nearest = min((len(pieces(text)) for text in accepted), key=lambda other: (abs(other - length), other))
        rows_N2[row] = length, nearest
    return rows_N2


def cut(asked: Asked, said: Said) -> Floats:
    """(N, 2): whether the answer was cut off at the most tokens allowed, and 1."""
    return beside_one(np.array([np.nan if stop is None else float(stop == "length") for stop in said.stops]))


def _most_common(text: str) -> int:
    tokens = pieces(text)
    grams = Counter(zip(*(tokens[start:] for start in range(LOOP_PIECES)), strict=False))
    return max(grams.values(), default=0)


EMPTY_RATE = of_rows(is_empty, shape="rate", signature="answers of nothing but space|where no reference is")
COPIED_RATE = of_rows(is_copied, shape="rate", signature="answer is the source, folded|where no reference is")
REPEATED_RATE = of_rows(
    is_repeated, shape="rate",
    signature=f"some {LOOP_PIECES} words in a row, Han and kana by character, {LOOP_TIMES} times or more"
    "|oftener than in any reference",
)  # fmt: skip
LENGTH_RATIO = TextMetric(
    shape="corpus", statistics=lengths, combine=ratio,
    signature=lambda references: "words and signs of the answers/of the references nearest in length|Han and kana by character",
)  # fmt: skip
CUT_RATE = TextMetric(
    shape="rate", statistics=cut, combine=ratio,
    signature=lambda references: "answers that were cut off at the most tokens allowed",
)  # fmt: skip

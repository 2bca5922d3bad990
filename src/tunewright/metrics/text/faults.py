"""What goes wrong when text is generated: no answer, the source again, one phrase over and over, the wrong length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tunewright.core.text import fold
from tunewright.metrics.metric import Floats
from tunewright.metrics.text.metric import References, Sources, TextMetric, of_rows, ratio
from tunewright.metrics.text.tokens import pieces

LOOP_PIECES = 4
"""Length of the n-gram that is counted: what people say twice on purpose is shorter, or is said fewer times."""
LOOP_TIMES = 4
"""How often it has to stand there."""


def is_empty(answer: str, references: Sequence[str], source: str | None = None) -> bool:
    """Whether there is nothing but space, and a reference would have had something."""
    return not answer.strip() and all(reference.strip() for reference in references)


def is_copied(answer: str, references: Sequence[str], source: str | None) -> bool:
    """Whether the answer is the source again (but for case, width and space), and that is not what was wanted."""
    if source is None or not answer.strip():
        return False
    folded = fold(answer)
    return folded == fold(source) and all(folded != fold(reference) for reference in references)


def is_repeated(answer: str, references: Sequence[str], source: str | None = None) -> bool:
    """Whether some four words (of Chinese, characters) stand there four times or more, and oftener than in a reference."""
    most = _most_common(answer)
    return most >= LOOP_TIMES and all(most > _most_common(reference) for reference in references)


def lengths(answers: Sequence[str], references: References, sources: Sources) -> Floats:
    """(N, 2): words and signs of the answer, and of the reference that is nearest to it in length."""
    rows = np.zeros((len(answers), 2))
    for row, (answer, accepted) in enumerate(zip(answers, references, strict=True)):
        said = len(pieces(answer))
        rows[row] = said, min((len(pieces(reference)) for reference in accepted), key=lambda n: (abs(n - said), n))
    return rows


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

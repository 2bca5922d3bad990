"""What a metric of texts is: statistics per row that can be summed, and what the sums come to.

Shapes: N rows, K statistics of a row; `...` stands for any leading axes, for instance resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunewright.metrics.metric import Floats, finite

References = Sequence[Sequence[str]]
"""Per row all accepted answers, at least one."""
Sources = Sequence[str | None]
"""Per row what the model was shown; None where that is not known."""

Shape = Literal["rate", "mean", "corpus"]
"""rate: the share of rows that are so.   mean: the mean over rows of a number in [0, 1].   corpus: any function of sums."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What answers are held against: N rows of references and sources."""

    references: References
    sources: Sources

    def __len__(self) -> int:
        return len(self.references)


@dataclass(frozen=True, kw_only=True)
class TextMetric:
    """A metric of answers that are texts. Of a rate or a mean, the statistics are the row's value and 1."""

    shape: Shape
    statistics: Callable[[Sequence[str], References, Sources], Floats]
    """(answers, references, sources) to float64 of shape (N, K)."""
    combine: Callable[[Floats], Floats]
    """Sums over rows, of shape (..., K), to values of shape (...); NaN where undefined."""
    signature: Callable[[References], str]
    """The exact definition in short. It may depend on the references, as the cut into words does on their script."""

    def __call__(self, asked: Asked, answers: Sequence[str]) -> float | None:
        """The value over all rows; None where there are none."""
        if not len(asked):
            return None
        return finite(self.combine(self.statistics(answers, asked.references, asked.sources).sum(0)))


@dataclass(frozen=True, kw_only=True)
class LossMetric:
    """A metric of how likely the right answers were: a function of the sums of (nats, tokens)."""

    combine: Callable[[Floats], Floats]

    def __call__(self, num_tokens_N: Floats, nll_N: Floats) -> float | None:
        """The value over all rows; None where there is no token."""
        return finite(self.combine(np.array([nll_N.sum(), num_tokens_N.sum()])))


def ratio(sums: Floats) -> Floats:
    """The first sum over the second, NaN where that is 0."""
    above, below = np.asarray(sums[..., 0], np.float64), np.asarray(sums[..., 1], np.float64)
    value: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return value


def of_rows(
    value: Callable[[str, Sequence[str], str | None], float], *, shape: Literal["rate", "mean"], signature: str
) -> TextMetric:
    """A metric that is the mean over rows of `value(answer, references, source)`."""

    def statistics(answers: Sequence[str], references: References, sources: Sources) -> Floats:
        rows = [value(*row) for row in zip(answers, references, sources, strict=True)]
        return np.stack([np.array(rows, np.float64), np.ones(len(rows))], axis=1)

    return TextMetric(shape=shape, statistics=statistics, combine=ratio, signature=lambda references: signature)

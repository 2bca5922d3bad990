"""What a metric of texts is: statistics per row that can be summed, and what the sums come to.

Shapes: N rows, K statistics of a row; `...` stands for any leading axes, for instance resamples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunewright.metrics.metric import Floats, divide, finite

References = Sequence[Sequence[str]]
"""Per row all accepted answers, at least one."""

Shape = Literal["rate", "mean", "corpus"]
"""rate: the share of rows that are so.   mean: the mean over rows of a number in [0, 1].   corpus: any function of sums."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What answers are held against, N rows."""

    references: References
    sources: Sequence[str | None]
    """What the system was shown; None where that is not known."""
    num_tokens_N: Floats
    """Target tokens of the first reference; NaN where they were not measured."""

    def __len__(self) -> int:
        return len(self.references)


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a system made of it, N rows."""

    texts: Sequence[str]
    nll_N: Floats
    """Sum over the target tokens of the first reference of -log p, in nats; NaN where it was not measured."""
    stops: Sequence[str | None]
    """Why the answer ends; None where that is not known."""


@dataclass(frozen=True, kw_only=True)
class TextMetric:
    """A metric of answers that are texts. Of a rate or a mean, the statistics are the row's value and 1."""

    shape: Shape
    statistics: Callable[[Asked, Said], Floats]
    """To float64 of shape (N, K); NaN throughout the row where the metric is not about the row."""
    combine: Callable[[Floats], Floats]
    """Sums over rows, of shape (..., K), to values of shape (...); NaN where undefined."""
    signature: Callable[[References], str]
    """The exact definition in short. It may depend on the references, as the cut into words does on their script."""

    def __call__(self, asked: Asked, said: Said) -> float | None:
        """The value over all rows; None where the metric is about none of them."""
        rows_NK = self.statistics(asked, said)
        used_NK = rows_NK[~np.isnan(rows_NK[:, 0])]
        return finite(self.combine(used_NK.sum(0))) if len(used_NK) else None


OfRow = Callable[[str, Sequence[str], str | None], float | None]
"""(answer, references, source) to the row's value; None where the metric is not about the row."""


def of_rows(value: OfRow, *, shape: Literal["rate", "mean"], signature: str) -> TextMetric:
    """A metric that is the mean of `value` over the rows that it is about."""

    def statistics(asked: Asked, said: Said) -> Floats:
        rows = [value(*row) for row in zip(said.texts, asked.references, asked.sources, strict=True)]
        return beside_one(np.array([np.nan if row is None else row for row in rows], np.float64))

    return TextMetric(shape=shape, statistics=statistics, combine=ratio, signature=lambda references: signature)


def beside_one(values_N: Floats) -> Floats:
    """(N, 2): each value and 1, the statistics of a mean; NaN stays NaN."""
    return np.stack([values_N, np.where(np.isnan(values_N), np.nan, 1.0)], axis=1)


def ratio(sums: Floats) -> Floats:
    """The first sum over the second, NaN where that is 0."""
    return divide(sums[..., 0], sums[..., 1])

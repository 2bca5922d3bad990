"""How likely the right answers were, from the summed losses of their tokens."""

from __future__ import annotations

import numpy as np

from tunewright.metrics.metric import Floats
from tunewright.metrics.text.metric import Asked, Said, TextMetric, ratio


def statistics(asked: Asked, said: Said) -> Floats:
    """(N, 2): nats and tokens of the first reference."""
    rows_N2 = np.stack([said.nll_N, asked.num_tokens_N], axis=1)
    return np.where(np.isnan(rows_N2).any(1, keepdims=True), np.nan, rows_N2)


def perplexity(sums: Floats) -> Floats:
    """e to the mean loss of a token; two models compare only if they cut texts into the same tokens."""
    with np.errstate(over="ignore"):
        value: Floats = np.exp(ratio(sums))
    return value


PERPLEXITY = TextMetric(
    shape="corpus", statistics=statistics, combine=perplexity,
    signature=lambda references: "exp(nats/token)|of the first reference",
)  # fmt: skip
NLL_PER_TOKEN = TextMetric(
    shape="corpus", statistics=statistics, combine=ratio,
    signature=lambda references: "nats/token|of the first reference",
)  # fmt: skip

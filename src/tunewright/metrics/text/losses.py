"""How likely the right answers were, from the summed losses of their tokens."""

from __future__ import annotations

import numpy as np

from tunewright.metrics.metric import Floats
from tunewright.metrics.text.metric import LossMetric, ratio


def perplexity(sums: Floats) -> Floats:
    """e to the mean loss of a token; two models compare only if they cut texts into the same tokens."""
    with np.errstate(over="ignore"):
        value: Floats = np.exp(ratio(sums))
    return value


PERPLEXITY = LossMetric(combine=perplexity)
NLL_PER_TOKEN = LossMetric(combine=ratio)

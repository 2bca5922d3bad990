"""What every metric is: a pure function of what was right and what was said, with its direction and range."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

Input = Literal["labels", "label_scores", "sets", "set_scores", "numbers", "texts", "spans", "tags"]
"""What a metric reads as (gold, said).

labels: gold_N, prediction_N, class indices.            label_scores: gold_N class indices, scores_NC that sum to 1.
sets:   gold_NC, prediction_NC, booleans.               set_scores:   gold_NC booleans, scores_NC, each in [0, 1].
numbers: gold_N, prediction_N.
texts:  `Asked` (references, sources), `Said` (answers). spans: of each row, gold and said, as (start, end, label).
tags:   of each row the tag of each word, gold and said.
"""


Better = Literal["higher", "lower", "neither"]
Function = Callable[[Any, Any], float | None]
"""(gold, said) to a value, or None where the metric is undefined; never NaN, never infinite."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric, for each kind of input that it can read."""

    name: str
    functions: Mapping[Input, Function]
    higher_is_better: bool
    range: tuple[float, float]
    """Smallest and largest possible value; infinite where there is none."""
    aim: float | None = None
    """The best value where it lies inside the range. Then neither way is better, and nothing is called better by it."""
    undefined: str
    """When the functions give None, as a sentence for people."""
    signature: str
    """The exact definition in short, so that two numbers can be known to be comparable."""

    @property
    def better(self) -> Better:
        """Which way is better."""
        if self.aim is not None:
            return "neither"
        return "higher" if self.higher_is_better else "lower"

    @property
    def inputs(self) -> tuple[Input, ...]:
        """What it can read."""
        return tuple(self.functions)


def finite(value: float | np.floating[Any] | Floats) -> float | None:
    """The value as a float, or None where it is NaN or infinite."""
    number = float(value)
    return number if np.isfinite(number) else None


def divide(above: Floats, below: Floats) -> Floats:
    """Above over below, element by element; NaN where below is 0."""
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    size = np.broadcast_shapes(above.shape, below.shape)
    ratio: Floats = np.divide(above, below, out=np.full(size, np.nan), where=below > 0)
    return ratio

"""When training is good enough, or no longer gets better."""

from __future__ import annotations

from pydantic import Field

from tunewright.core.config import Config
from tunewright.train.checkpoint import Evaluation, Progress


class StoppingConfig(Config):
    """Early stopping on the validation split."""

    patience: int | None = Field(default=3, ge=1)
    """Stop after this many evaluations in a row without a new best; None: always train to the end. With fewer, a schedule
    of four epochs could end before the small learning rates at its end, which is where most of them are best."""


def is_better(new: Evaluation, best: Evaluation | None, *, higher_is_better: bool) -> bool:
    """Whether an evaluation is the best so far: by the metric, and at equal metric by the smaller loss."""
    if best is None:
        return True
    sign = 1.0 if higher_is_better else -1.0
    return (sign * new.value, -new.loss) > (sign * best.value, -best.loss)


def should_stop(progress: Progress, config: StoppingConfig) -> bool:
    """Whether the last `patience` evaluations brought nothing new."""
    if config.patience is None or progress.best is None:
        return False
    later = sum(evaluation.step > progress.best.step for evaluation in progress.evaluations)
    return later >= config.patience

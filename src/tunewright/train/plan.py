"""What a training run is made of, and how long it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, model_validator

from tunewright.adapters import AdapterConfig
from tunewright.batching import Batch, CutConfig, ExampleSource, TokenStore, num_steps_per_epoch, rows_of_step
from tunewright.core.config import Config
from tunewright.optim import OptimizerConfig, ScheduleConfig
from tunewright.runtime import Machine, World
from tunewright.train.stopping import StoppingConfig


class TrainConfig(Config):
    """How long, how much at a time, and from which seed."""

    epochs: float | None = Field(default=None, gt=0)
    """Times that each training row is seen. Give this or `steps`; with neither, it is chosen from the number of rows."""
    steps: int | None = Field(default=None, gt=0)
    """Optimiser steps. Give this or `epochs`."""
    examples_per_step: int | Literal["all"] = 32
    """Rows whose losses make one gradient, over all micro-batches and ranks; `all` is full-batch training."""
    seed: int = 17
    """Names every random choice of training: new weights, order, dropout."""
    order: Literal["random", "by_length"] = "random"
    """What a step is made of. `random`: any rows. `by_length`: rows of similar length, so that there is almost no padding
    and a step is one micro-batch; the order is random from step to step and epoch to epoch. Changes the result."""
    normalize: Literal["mean", "sum"] = "mean"
    """`mean`: the sum of the weighted losses over the sum of the weights. `sum`: the textbook's plain sum."""
    max_grad_norm: float | None = Field(default=1.0, gt=0)
    """The gradient of a step is scaled down to this norm if it is longer; None: never."""
    gradient_checkpointing: bool = False
    """Compute the activations of each layer again in the backward pass instead of keeping them: about a third slower, and the
    memory of one layer instead of all. Changes no gradient."""
    ema_decay: float | None = Field(default=None, gt=0, lt=1)
    """Keep an exponential moving average of the weights with this decay per step, and use it; None: no average."""
    evaluations_per_epoch: int = Field(default=1, ge=1)
    """How often the validation split is looked at."""
    stopping: StoppingConfig = StoppingConfig()
    """When to stop early."""
    save_seconds: float = Field(default=60.0, ge=0)
    """A checkpoint at least this often, in seconds of training. Changes no result."""
    save_steps: int | None = Field(default=None, ge=1)
    """A checkpoint every so many steps as well; None: by time alone."""
    refit_on_all: bool = False
    """After the evaluation, train once more on all labelled rows for as long as was best, and keep that model."""

    @model_validator(mode="after")
    def _one_length(self) -> TrainConfig:
        if self.epochs is not None and self.steps is not None:
            raise ValueError("give `epochs` or `steps`, not both")
        return self


@dataclass(frozen=True, kw_only=True)
class FitPlan:
    """What is to be trained on what. Everything that the loop needs, and nothing that it can change but the model."""

    model: torch.nn.Module
    adapter: AdapterConfig
    objective: Callable[[torch.nn.Module, Batch], torch.Tensor]
    """`sum w*l` of each row, (B,)."""
    store: TokenStore
    rows: npt.NDArray[np.int64]
    """(N,) indices of the training rows in the store."""
    pad_id: int
    evaluate: Callable[[torch.nn.Module], tuple[float, float]] | None
    """model -> (value of the metric, mean loss) on the validation split; None: train to the end and keep the last."""
    show: Callable[[torch.nn.Module], dict[str, Any]] = lambda model: {}
    """model -> further figures of the validation split, for people: they stand in the events, and nothing goes by them."""
    num_evaluation_rows: int
    metric: str
    higher_is_better: bool
    train: TrainConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    batching: CutConfig
    machine: Machine
    world: World
    drawn: Callable[[int], ExampleSource] | None = None
    """epoch -> the store with what is read of its rows drawn anew: other words are hidden in each epoch. Weights and lengths
    are the store's. None: rows are read as they stand."""

    def rows_of_step(self, step: int, *, examples_per_step: int) -> npt.NDArray[np.int64]:
        """The rows (indices in the store) of optimiser step `step`, counted from 0."""
        places = rows_of_step(
            step, num_rows=len(self.rows), examples_per_step=examples_per_step, seed=self.train.seed,
            lengths=self._lengths if self.train.order == "by_length" else None,
        )  # fmt: skip
        return self.rows[places]

    @cached_property
    def _lengths(self) -> npt.NDArray[np.int64]:
        return self.store.lengths[self.rows]


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long training is, in steps."""

    num_steps: int
    steps_per_epoch: int
    examples_per_step: int
    steps_per_evaluation: float

    @classmethod
    def of(cls, train: TrainConfig, *, num_rows: int) -> Length:
        """From the config and the number of training rows. `epochs` or `steps` must be set by now."""
        size = num_rows if train.examples_per_step == "all" else min(train.examples_per_step, num_rows)
        per_epoch = num_steps_per_epoch(num_rows, size)
        assert train.steps or train.epochs, "the recipe is resolved before training"
        num_steps = train.steps or max(1, round((train.epochs or 0) * per_epoch))
        return cls(
            num_steps=num_steps,
            steps_per_epoch=per_epoch,
            examples_per_step=size,
            steps_per_evaluation=per_epoch / train.evaluations_per_epoch,
        )

    def evaluates_after(self, step: int) -> bool:
        """Whether the validation split is looked at when `step` steps are done."""
        crossed = int(step / self.steps_per_evaluation) > int((step - 1) / self.steps_per_evaluation)
        return crossed or step == self.num_steps

"""A small fit, ready to be run, stopped and run again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from tests.laws.examples import random_examples
from tests.laws.models import tiny_classifier
from tunewright.adapters import FullConfig
from tunewright.batching import CutConfig, TokenStore
from tunewright.losses import CrossEntropyConfig
from tunewright.optim import OPTIMIZERS, ScheduleConfig
from tunewright.runtime import Machine, World
from tunewright.tasks import ROW_TASKS
from tunewright.train import FitPlan, TrainConfig, weights_digest

ROWS = 13
TASK = ROW_TASKS["classify"]


def make_fit(
    folder: Path, *, optimizer: str = "adamw", dropout: bool = True, double: bool = False, world: World | None = None,
    max_tokens: int = 60, validation: range = range(10), words: int = 64, **train: object,
) -> FitPlan:  # fmt: skip
    """Two epochs over 10 rows, 3 at a time, in micro-batches, evaluated twice an epoch.

    Evaluated on the training rows unless said otherwise: so later weights are better, and each step is in the outcome.
    `words` is how many of the model's 64 tokens may occur; with few, only their rows of the embeddings are trained.
    """
    path = folder / f"tokens-{words}"
    store = TokenStore.open(path, key="laws")
    store = store or TokenStore.build(path, random_examples(ROWS, vocabulary=words), key="laws")
    model = tiny_classifier("bert", dropout=dropout)
    model = model.double() if double else model.float()
    loss = CrossEntropyConfig()
    settings: dict[str, object] = {
        "epochs": 2, "examples_per_step": 3, "seed": 5, "evaluations_per_epoch": 2, "save_seconds": 1e9,
        "stopping": {"patience": None},
    }  # fmt: skip

    def evaluate(trained: torch.nn.Module) -> tuple[float, float]:
        from tunewright.evaluate.predict import predict_rows

        outputs = predict_rows(
            trained, store, np.array(validation), logits=TASK.logits, loss=loss.per_row, pad_id=0, batching=CutConfig(),
            machine=Machine(device=torch.device("cpu"), precision="float32"),
        )  # fmt: skip
        assert outputs.losses is not None
        return -float(outputs.losses.mean()), float(outputs.losses.mean())

    return FitPlan(
        model=model,
        adapter=FullConfig(),
        objective=lambda m, batch: TASK.objective(m, batch, loss),
        store=store,
        rows=np.arange(10),
        pad_id=0,
        evaluate=evaluate,
        num_evaluation_rows=len(validation),
        metric="nll",
        higher_is_better=True,
        train=TrainConfig(**{**settings, **train}),
        optimizer=OPTIMIZERS[optimizer](learning_rate=3e-3),
        schedule=ScheduleConfig(),
        batching=CutConfig(max_tokens=max_tokens),
        machine=Machine(device=torch.device("cpu"), precision="float32"),
        world=world or World(),
    )


def digest_of(plan: FitPlan) -> str:
    """Of all weights as they are now."""
    return weights_digest(plan.model.state_dict())

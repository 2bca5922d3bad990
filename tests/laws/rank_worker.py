"""What each of several training processes does in the laws of the ranks; a module of its own, so that a fresh process finds it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.laws.examples import random_examples
from tests.laws.fits import make_fit
from tests.laws.models import tiny_classifier
from tunewright.batching import deal, make_batch
from tunewright.core.errors import DataError, NonFiniteError, StoppedBySignal, TunewrightError
from tunewright.losses import CrossEntropyConfig
from tunewright.runtime import Machine, World, join_world
from tunewright.tasks import ROW_TASKS
from tunewright.train import StepParts, accumulate_gradients, fit, train_step

CPU = Machine(device=torch.device("cpu"), precision="float32")
CUTS = {
    "even": [[7, 3], [1, 0, 5], [2], [6, 4]],
    "odd": [[7, 3], [1, 0, 5], [2, 6, 4]],
    "one": [[0, 1, 2, 3, 4, 5, 6, 7]],
}
FITS: dict[str, dict[str, Any]] = {
    "dropout off": {"dropout": False},
    "dropout on": {},
    "muon, averaged": {"optimizer": "muon", "ema_decay": 0.8},
    "part of the embeddings": {"words": 30},
}
"""Of three or four rows a step, in micro-batches of at most 30 tokens: often odd in number."""


def parts_of(world: World, *, dropout: bool) -> StepParts:
    """A step of eight rows of different weights, in float64."""
    model = tiny_classifier("bert", dropout=dropout).train()
    examples = random_examples()
    loss = CrossEntropyConfig()
    return StepParts(
        model=model,
        objective=lambda m, batch: ROW_TASKS["classify"].objective(m, batch, loss),
        parameters=list(model.parameters()),
        optimizer=torch.optim.SGD([{"params": list(model.parameters()), "initial_lr": 0.1}], lr=0.1),
        make_batch=lambda piece: make_batch(examples, piece.rows, pad_id=0, counts=piece.counts),
        row_ids=examples.row_ids, machine=CPU, world=world, seed=1, normalize="mean", max_grad_norm=None,
    )  # fmt: skip


def gradient(world: World, cut: str, *, dropout: bool) -> dict[str, Any]:
    """Loss and gradient of one step, and what the record of the step says."""
    parts = parts_of(world, dropout=dropout)
    groups = [np.array(rows) for rows in CUTS[cut]]
    pieces = deal(groups, rank=world.rank, num_ranks=world.num_ranks)
    total = float(random_examples().weights.sum())
    loss, _ = accumulate_gradients(parts, pieces, step=0, total_weight=total)
    found = torch.cat([p.grad.reshape(-1) for p in parts.parameters if p.grad is not None])
    parts.optimizer.zero_grad(set_to_none=True)
    record = train_step(parts, pieces, step=0, total_weight=total, learning_rate_factor=0.0)
    return {"loss": loss, "gradient": found, "examples": record.examples, "tokens": record.tokens}


def mean_of_means(world: World, cut: str) -> torch.Tensor:
    """The field's historic bug: each rank divides by the weights of its own rows, and the ranks' gradients are averaged."""
    parts = parts_of(world, dropout=False)
    pieces = deal([np.array(rows) for rows in CUTS[cut]], rank=world.rank, num_ranks=world.num_ranks)
    weights = random_examples().weights
    own = float(sum(weights[piece.rows].sum() for piece in pieces if piece.counts))
    accumulate_gradients(parts, pieces, step=0, total_weight=own * world.num_ranks)
    return torch.cat([p.grad.reshape(-1) for p in parts.parameters if p.grad is not None])


def fitted(world: World, folder: Path, name: str, **more: Any) -> torch.Tensor:
    """All weights after a fit of two epochs, with checkpoints."""
    settings = {"double": True, "world": world, "max_tokens": 30, **FITS[name], **more}
    plan = world.first_then_others(lambda: make_fit(folder, **settings))
    fit(plan, checkpoints=folder / f"checkpoints {name} {more}")
    return torch.cat([tensor.reshape(-1).double() for tensor in plan.model.state_dict().values()])


def stopped_and_resumed(world: World, folder: Path) -> tuple[int, torch.Tensor]:
    """A signal comes to the last rank only, in step 3; all stop together, and a second call goes on."""
    checkpoints = folder / "checkpoints stopped"
    calls = iter([None, None, 15 if world.rank == world.num_ranks - 1 else None])
    plan = make_fit(folder, double=True, world=world, max_tokens=30)
    try:
        fit(plan, checkpoints=checkpoints, stop=lambda: next(calls))
        code = 0
    except StoppedBySignal as stopped:
        code = stopped.exit_code
    plan = make_fit(folder, double=True, world=world, max_tokens=30)
    fit(plan, checkpoints=checkpoints)
    return code, torch.cat([tensor.reshape(-1).double() for tensor in plan.model.state_dict().values()])


def bad_row(world: World) -> list[str]:
    """One row is NaN and only one rank computes it: who is named on this rank."""
    parts = parts_of(world, dropout=False)
    whole = parts.objective
    pieces = deal([np.array(rows) for rows in CUTS["even"]], rank=world.rank, num_ranks=world.num_ranks)
    object.__setattr__(
        parts, "objective", lambda m, b: whole(m, b) * torch.tensor([float("nan") if r == 2 else 1.0 for r in b.rows])
    )
    try:
        accumulate_gradients(parts, pieces, step=0, total_weight=1.0)
    except NonFiniteError as error:
        return error.row_ids
    return []


def failure_of_first(world: World) -> tuple[str, int]:
    """The first rank meets an error alone: what this rank raises."""

    def fail() -> None:
        raise DataError("no such column")

    try:
        world.from_first(fail)
    except TunewrightError as error:
        return type(error).__name__, error.exit_code
    return "nothing", 0


def work_as_rank(rank: int, num_ranks: int, port: int, folder: str) -> None:
    """All cases, one after the other, in one process; the outcomes go to a file."""
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(rank), "WORLD_SIZE": str(num_ranks),
        "LOCAL_RANK": str(rank),
    }  # fmt: skip
    torch.set_num_threads(1)
    world = join_world()
    torch.save(outcomes(world, Path(folder)), Path(folder) / f"rank{rank}.pt")
    torch.distributed.destroy_process_group()


def outcomes(world: World, folder: Path) -> dict[str, Any]:
    """What the laws look at."""
    ran: list[int] = []
    return {
        "gradients": {
            (cut, dropout): gradient(world, cut, dropout=dropout) for cut in CUTS for dropout in (False, True)
        },
        "mean of means": mean_of_means(world, "odd"),
        "fits": {name: fitted(world, folder, name) for name in FITS},
        "another seed": fitted(world, folder, "dropout on", seed=6) if world.num_ranks == 1 else None,
        "stopped": stopped_and_resumed(world, folder),
        "bad row": bad_row(world),
        "failure of first": failure_of_first(world),
        "from first": world.from_first(lambda: f"said by {world.rank}"),
        "in turn": (world.first_then_others(lambda: ran.append(world.rank)), ran)[1],
        "gathered": world.gather_lists([world.rank, 10 + world.rank]),
    }

"""What each of several training processes does in the laws of the ranks; a module of its own, so that a fresh process finds it."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from tests.laws.fits import make_fit
from tunewright.runtime import join_world
from tunewright.train import fit


def train_as_rank(rank: int, num_ranks: int, port: int, folder: str, dropout: bool, break_sum: bool) -> None:
    """What each process does: the same call as on one rank."""
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(rank), "WORLD_SIZE": str(num_ranks),
        "LOCAL_RANK": str(rank),
    }  # fmt: skip
    torch.set_num_threads(1)
    world = join_world()
    plan = make_fit(Path(folder), double=True, dropout=dropout, world=world, max_tokens=30)
    if break_sum:  # the historic bug: each rank's gradient is the mean over its own examples, then averaged
        object.__setattr__(plan.train, "normalize", "mean")
        summed = plan.objective
        object.__setattr__(plan, "objective", lambda model, batch: summed(model, batch) * (0.5 + rank))
    fit(plan, checkpoints=None)
    torch.save(plan.model.state_dict(), Path(folder) / f"rank{rank}-of-{num_ranks}.pt")
    if num_ranks > 1:
        torch.distributed.destroy_process_group()

"""Two ranks (gloo, two real processes) train what one trains: the same gradients, the same weights."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import torch
import torch.multiprocessing as multiprocessing

from tests.laws.fits import make_fit
from tests.laws.rank_worker import train_as_rank


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def weights_of(folder: Path, num_ranks: int, *, dropout: bool = False, break_sum: bool = False) -> list[torch.Tensor]:
    make_fit(folder, double=True)  # the token store is there before the ranks look for it
    multiprocessing.spawn(
        train_as_rank, args=(num_ranks, free_port(), str(folder), dropout, break_sum), nprocs=num_ranks, join=True
    )
    states = [torch.load(folder / f"rank{rank}-of-{num_ranks}.pt") for rank in range(num_ranks)]
    return [torch.cat([tensor.reshape(-1).double() for tensor in state.values()]) for state in states]


@pytest.mark.parametrize("dropout", [False, True], ids=["dropout off", "dropout on"])
def test_two_ranks_train_the_same_weights_as_one(dropout: bool, tmp_path: Path) -> None:
    """With dropout on, too: its seed belongs to the micro-batch, whichever rank computes it."""
    one = weights_of(tmp_path, 1, dropout=dropout)[0]
    two = weights_of(tmp_path, 2, dropout=dropout)
    assert torch.equal(two[0], two[1])
    assert float((two[0] - one).norm() / one.norm()) <= 1e-12


def test_control_ranks_that_weigh_their_rows_differently_part_from_one(tmp_path: Path) -> None:
    one = weights_of(tmp_path, 1)[0]
    two = weights_of(tmp_path, 2, break_sum=True)
    assert float((two[0] - one).norm() / one.norm()) > 1e-6

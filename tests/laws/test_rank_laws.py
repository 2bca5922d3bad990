"""Two ranks (gloo, two real processes) train what one trains: the same loss, gradients and weights."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import torch
import torch.multiprocessing as multiprocessing

from tests.laws.rank_worker import CUTS, FITS, outcomes, work_as_rank
from tunewright.runtime import World

TOLERANCE = 1e-12
"""Relative, in float64: the ranks' sums are taken in another order, and nothing else is different."""

Outcomes = dict[str, Any]


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return outcomes(World(), tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Outcomes]:
    """What each of two processes found; both do all cases, because starting them takes longest."""
    folder = tmp_path_factory.mktemp("two")
    multiprocessing.spawn(work_as_rank, args=(2, free_port(), str(folder)), nprocs=2, join=True)
    return [torch.load(folder / f"rank{rank}.pt", weights_only=False) for rank in range(2)]


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a - b).norm() / b.norm())


@pytest.mark.parametrize("dropout", [False, True], ids=["dropout off", "dropout on"])
@pytest.mark.parametrize("cut", CUTS)
def test_two_ranks_have_the_gradient_of_one(cut: str, dropout: bool, one: Outcomes, two: list[Outcomes]) -> None:
    """With an odd number of micro-batches one rank fills up; dropout belongs to the micro-batch, not to the rank."""
    expected = one["gradients"][cut, dropout]
    assert expected["gradient"].norm() > 1e-3
    for rank in two:
        found = rank["gradients"][cut, dropout]
        assert relative(found["gradient"], expected["gradient"]) <= TOLERANCE
        assert found["loss"] == pytest.approx(expected["loss"], rel=TOLERANCE)
        assert (found["examples"], found["tokens"]) == (expected["examples"], expected["tokens"])
    assert torch.equal(two[0]["gradients"][cut, dropout]["gradient"], two[1]["gradients"][cut, dropout]["gradient"])


def test_control_a_mean_of_the_ranks_means_is_another_gradient(one: Outcomes, two: list[Outcomes]) -> None:
    assert relative(two[0]["mean of means"], one["gradients"]["odd", False]["gradient"]) > 1e-2
    assert relative(one["mean of means"], one["gradients"]["odd", False]["gradient"]) <= TOLERANCE


@pytest.mark.parametrize("name", FITS)
def test_two_ranks_train_the_weights_of_one(name: str, one: Outcomes, two: list[Outcomes]) -> None:
    assert torch.equal(two[0]["fits"][name], two[1]["fits"][name])
    assert relative(two[0]["fits"][name], one["fits"][name]) <= TOLERANCE


def test_control_dropout_and_seed_are_seen_in_the_weights(one: Outcomes) -> None:
    fits = one["fits"]
    assert relative(fits["dropout on"], fits["dropout off"]) > 1e-6
    assert relative(fits["dropout on"], one["another seed"]) > 1e-6


def test_a_signal_to_one_rank_stops_both_and_they_go_on_to_the_same_bits(two: list[Outcomes]) -> None:
    for rank in two:
        code, weights = rank["stopped"]
        assert code == 143
        assert torch.equal(weights, two[0]["fits"]["dropout on"])


def test_a_bad_row_is_named_on_every_rank(one: Outcomes, two: list[Outcomes]) -> None:
    assert one["bad row"] == two[0]["bad row"] == two[1]["bad row"] == ["row2"]


def test_an_error_of_the_first_rank_ends_the_others_with_its_exit_code(two: list[Outcomes]) -> None:
    assert two[0]["failure of first"] == ("DataError", 1)
    assert two[1]["failure of first"] == ("FirstRankFailed", 1)


def test_ranks_hear_the_first_and_work_in_turn(two: list[Outcomes]) -> None:
    assert [rank["from first"] for rank in two] == ["said by 0", "said by 0"]
    assert [rank["in turn"] for rank in two] == [[0], [1]]
    assert [rank["gathered"] for rank in two] == [[0, 10, 1, 11]] * 2

from __future__ import annotations

import pytest
import torch
from torch import nn

from tunewright.optim import EMA


def make_parameters(*, dtype: torch.dtype = torch.float64) -> dict[str, nn.Parameter]:
    return {"a": nn.Parameter(torch.tensor([1.0, 2.0], dtype=dtype)), "b": nn.Parameter(torch.ones(2, 2, dtype=dtype))}


def move(parameters: dict[str, nn.Parameter], step: int) -> None:
    with torch.no_grad():
        for parameter in parameters.values():
            parameter.add_(0.1 * (step + 1))


def test_average_by_hand_over_ten_steps() -> None:
    parameters = make_parameters()
    average = EMA(parameters, decay=0.9)
    expected = parameters["a"].detach().clone()
    for step in range(10):
        move(parameters, step)
        average.update(parameters)
        expected = 0.9 * expected + 0.1 * parameters["a"].detach()
    torch.testing.assert_close(average.state()["a"], expected, rtol=0, atol=1e-14)


def test_swapping_in_and_out_restores_every_bit_also_after_an_error() -> None:
    parameters = make_parameters()
    average = EMA(parameters, decay=0.5)
    move(parameters, 0)
    before = parameters["a"].detach().clone()

    def fail_inside() -> None:
        with average.swapped(parameters):
            assert torch.equal(parameters["a"], torch.tensor([1.0, 2.0], dtype=torch.float64))
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert torch.equal(parameters["a"], before)


def test_going_on_from_a_saved_state_equals_never_stopping() -> None:
    one, two = make_parameters(), make_parameters()
    straight = EMA(one, decay=0.9)
    resumed = EMA(two, decay=0.9)
    for step in range(6):
        move(one, step)
        straight.update(one)
        move(two, step)
        resumed.update(two)
        saved = {name: tensor.clone() for name, tensor in resumed.state().items()}
        resumed = EMA(two, decay=0.9)
        resumed.load(saved)
    assert all(torch.equal(straight.state()[name], resumed.state()[name]) for name in one)


def test_bfloat16_weights_are_averaged_in_float32() -> None:
    parameters = make_parameters(dtype=torch.bfloat16)
    average = EMA(parameters, decay=0.999)
    move(parameters, 0)
    average.update(parameters)
    assert average.state()["a"].dtype == torch.float32
    assert not torch.equal(average.state()["a"], torch.tensor([1.0, 2.0]))


def test_a_state_with_other_names_is_refused() -> None:
    average = EMA(make_parameters(), decay=0.9)
    with pytest.raises(AssertionError, match="other parameters"):
        average.load({"a": torch.zeros(2)})

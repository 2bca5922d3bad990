from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tunewright.optim import clip_gradients


def parameters_with(*gradients: torch.Tensor | None) -> list[nn.Parameter]:
    made = []
    for gradient in gradients:
        parameter = nn.Parameter(torch.zeros(2, dtype=gradient.dtype if gradient is not None else torch.float32))
        parameter.grad = gradient
        made.append(parameter)
    return made


def test_long_gradients_are_scaled_to_the_limit_and_the_norm_before_is_told() -> None:
    parameters = parameters_with(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0]))
    assert clip_gradients(parameters, 1.0) == pytest.approx(5.0)
    assert clip_gradients(parameters, None) == pytest.approx(1.0)
    torch.testing.assert_close(parameters[0].grad, torch.tensor([0.6, 0.0]))


@pytest.mark.parametrize("limit", [5.0, 100.0, None])
def test_short_gradients_keep_their_bits(limit: float | None) -> None:
    parameters = parameters_with(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0]))
    clip_gradients(parameters, limit)
    assert torch.equal(parameters[0].grad, torch.tensor([3.0, 0.0]))  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_is_told_and_left(bad: float) -> None:
    parameters = parameters_with(torch.tensor([bad, 1.0]), torch.tensor([2.0, 2.0]))
    assert not math.isfinite(clip_gradients(parameters, 1.0))
    assert torch.equal(parameters[1].grad, torch.tensor([2.0, 2.0]))  # type: ignore[arg-type]


def test_parameters_without_gradient_count_as_zero() -> None:
    assert clip_gradients(parameters_with(None, torch.tensor([3.0, 4.0])), 1.0) == pytest.approx(5.0)
    assert clip_gradients(parameters_with(None), 1.0) == 0.0


def test_half_precision_gradients_are_measured_in_float32() -> None:
    parameters = parameters_with(torch.full((2,), 60000.0, dtype=torch.float16), torch.tensor([1.0, 0.0]))
    assert clip_gradients(parameters, None) == pytest.approx(60000 * math.sqrt(2), rel=1e-6)


def test_the_norm_of_an_embedding_has_seven_digits() -> None:
    parameter = nn.Parameter(torch.zeros(20_000, 200))
    parameter.grad = torch.randn(20_000, 200, generator=torch.Generator().manual_seed(0))
    exact = float(parameter.grad.double().norm())
    assert clip_gradients([parameter], None) == pytest.approx(exact, rel=1e-8)

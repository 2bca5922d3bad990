"""What every loss must do. A new one in `LOSSES` is tested by standing there."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from torch import Tensor

from tunewright.losses import LOSSES, LossConfig, LossSettings

every_loss = pytest.mark.parametrize("name", LOSSES)
NUM_ROWS, NUM_CLASSES = 6, 4


def examples(name: str, *, dtype: torch.dtype = torch.float64, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Logits and answers of six rows, as the task of this loss has them."""
    generator = torch.Generator().manual_seed(0)
    if name in ("mse", "huber"):
        logits = torch.randn(NUM_ROWS, 1, generator=generator, dtype=torch.float64)
        targets = torch.randn(NUM_ROWS, generator=generator)
    else:
        logits = torch.randn(NUM_ROWS, NUM_CLASSES, generator=generator, dtype=torch.float64)
        targets = torch.randint(0, NUM_CLASSES, (NUM_ROWS,), generator=generator)
        if name == "bce":
            targets = (torch.rand(NUM_ROWS, NUM_CLASSES, generator=generator) < 0.5).float()
    return (scale * logits).to(dtype), targets


@every_loss
@pytest.mark.parametrize(
    ("given", "expected"),
    [(torch.bfloat16, torch.float32), (torch.float32, torch.float32), (torch.float64, torch.float64)],
)
def test_one_loss_a_row_never_in_less_than_float32(name: str, given: torch.dtype, expected: torch.dtype) -> None:
    loss_B = LOSSES[name]().per_row(*examples(name, dtype=given))
    assert loss_B.shape == (NUM_ROWS,)
    assert loss_B.dtype == expected
    assert bool((loss_B >= 0).all())


@every_loss
def test_a_row_is_judged_alone_as_it_is_in_a_batch(name: str) -> None:
    logits, targets = examples(name)
    together = LOSSES[name]().per_row(logits, targets)
    alone = torch.cat([LOSSES[name]().per_row(logits[i : i + 1], targets[i : i + 1]) for i in range(NUM_ROWS)])
    torch.testing.assert_close(together, alone, rtol=1e-15, atol=1e-15)


@every_loss
def test_the_gradient_is_the_slope(name: str) -> None:
    logits, targets = examples(name)
    assert torch.autograd.gradcheck(lambda x: LOSSES[name]().per_row(x, targets), (logits.requires_grad_(),))


@every_loss
def test_extreme_logits_give_finite_losses_and_gradients(name: str) -> None:
    logits, targets = examples(name, dtype=torch.float32, scale=1e4)
    logits.requires_grad_()
    loss_B = LOSSES[name]().per_row(logits, targets)
    loss_B.sum().backward()
    assert bool(torch.isfinite(loss_B).all())
    assert logits.grad is not None
    assert bool(torch.isfinite(logits.grad).all())


@every_loss
def test_following_the_gradient_makes_it_less_wrong(name: str) -> None:
    logits, targets = examples(name)
    logits.requires_grad_()
    before = LOSSES[name]().per_row(logits, targets)
    (slope,) = torch.autograd.grad(before.sum(), logits)
    assert bool((LOSSES[name]().per_row(logits - 1e-3 * slope, targets) < before).all())


@every_loss
def test_rows_weigh_one_unless_classes_are_weighted(name: str) -> None:
    targets: Any = examples(name)[1].numpy()
    assert np.array_equal(LOSSES[name]().row_weights(targets, num_classes=NUM_CLASSES), np.ones(NUM_ROWS))


@every_loss
def test_a_recipe_names_it_and_every_setting_is_explained(name: str) -> None:
    recipe: TypeAdapter[LossSettings] = TypeAdapter(LossConfig)
    config = recipe.validate_python({"name": name})
    assert type(config) is LOSSES[name]
    assert recipe.validate_python(json.loads(config.model_dump_json())) == config
    assert not [field for field, info in LOSSES[name].model_fields.items() if not info.description]

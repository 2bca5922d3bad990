from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.tiny_models import CONFIGS, tiny_classifier, tiny_inputs
from tunewright.adapters import FrozenConfig
from tunewright.core.errors import RecipeError
from tunewright.models.layers import find_depths


def tensors_in(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for item in value for tensor in tensors_in(item)] if isinstance(value, (list, tuple)) else []


def what_enters_the_first_moving_layer(model: nn.Module, *, border: int) -> list[Tensor]:
    """All tensors handed to the lowest layer above the border, in one forward pass in the model's present mode."""
    seen: list[Tensor] = []
    depths = find_depths(model)
    name = next(n for n, depth in depths.of.items() if depth == border + 1)
    layer_name = next(n for n in sorted(depths_of_layers(model), key=len) if name.startswith(n + "."))
    hook = model.get_submodule(layer_name).register_forward_pre_hook(
        lambda module, arguments, keywords: seen.extend(tensors_in([arguments, keywords])), with_kwargs=True
    )
    model(**tiny_inputs())
    hook.remove()
    return [tensor for tensor in seen if tensor.is_floating_point()]


def depths_of_layers(model: nn.Module) -> list[str]:
    return [n for n, _ in model.named_modules() if n.rpartition(".")[2].isdigit()]


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("train_top", [1, 2])
def test_nothing_below_the_border_moves_or_drops_out(name: str, train_top: int) -> None:
    model = tiny_classifier(name)
    config = FrozenConfig(train_top=train_top)
    config.attach(model)
    model.train()
    config.set_mode(model)
    border = find_depths(model).num_layers - train_top
    first = what_enters_the_first_moving_layer(model, border=border)
    second = what_enters_the_first_moving_layer(model, border=border)
    assert first
    assert not any(tensor.requires_grad for tensor in first)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_without_set_mode_dropout_below_the_border_would_be_noticed() -> None:
    model = FrozenConfig(train_top=1).attach(tiny_classifier("bert"))
    first = what_enters_the_first_moving_layer(model, border=2)
    second = what_enters_the_first_moving_layer(model, border=2)
    assert not torch.equal(first[0], second[0])


@pytest.mark.parametrize("name", CONFIGS)
def test_the_moving_layers_and_the_head_still_drop_out(name: str) -> None:
    config = FrozenConfig(train_top=1)
    model = config.attach(tiny_classifier(name))
    model.train()
    config.set_mode(model)
    outside = {n for n, module in model.named_modules() if module.training}
    moving = {n.rpartition(".")[0] for n in config.trainable(model)}
    assert moving <= outside


@pytest.mark.parametrize("name", CONFIGS)
def test_train_top_counts_layers_and_always_takes_the_head(name: str) -> None:
    model = tiny_classifier(name)
    depths = find_depths(model)
    for train_top in range(depths.num_layers + 1):
        config = FrozenConfig(train_top=train_top)
        moving = config.trainable(config.attach(model))
        assert {depths.of[n] for n in moving} == set(range(depths.top - train_top, depths.top + 1))


def test_more_layers_than_there_are_is_refused_with_the_number() -> None:
    with pytest.raises(RecipeError, match="has 3 layers"):
        FrozenConfig(train_top=4).attach(tiny_classifier("bert"))

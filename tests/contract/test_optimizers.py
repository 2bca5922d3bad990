"""What every optimiser must do, whichever it is. A new one in `OPTIMIZERS` is tested by standing there."""

from __future__ import annotations

import json

import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load, save
from torch import nn

from tunewright.core.errors import FolderError
from tunewright.optim import (
    OPTIMIZERS,
    OptimizerConfig,
    OptimizerSettings,
    clip_gradients,
    load_optimizer_state,
    optimizer_state,
    parameter_groups,
)

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)
FUSED = {"gd", "sgd", "momentum", "nesterov", "adagrad", "adam", "adamw", "muon"}


class Tiny(nn.Module):
    """A table, a stack of two layers, and a head: something for each kind of group."""

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.table = nn.Embedding(20, 8)
        self.layers = nn.ModuleList(nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 8)) for _ in range(2))
        self.head = nn.Linear(8, 3)

    def forward(self, ids_BT: torch.Tensor) -> torch.Tensor:
        """Logits (B, 3)."""
        hidden_BTD = self.table(ids_BT)
        for layer in self.layers:
            hidden_BTD = hidden_BTD + torch.tanh(layer(hidden_BTD))
        logits_BC: torch.Tensor = self.head(hidden_BTD.mean(dim=1))
        return logits_BC


IDS_BT = torch.randint(0, 15, (6, 4), generator=torch.Generator().manual_seed(1))
ANSWERS_B = torch.tensor([0, 1, 2, 0, 1, 2])


def build(name: str, model: nn.Module, **settings: float) -> torch.optim.Optimizer:
    config = OPTIMIZERS[name].model_validate({"layer_decay": 0.9, "weight_decay": 0.1, **settings})
    return config.build(parameter_groups(model, parameters=dict(model.named_parameters()), config=config))


def one_step(model: nn.Module, optimizer: torch.optim.Optimizer, *, step: int = 0) -> float:
    loss = nn.functional.cross_entropy(model(IDS_BT[step % 3 :]), ANSWERS_B[step % 3 :])
    loss.backward()  # type: ignore[no-untyped-call]
    clip_gradients(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def stored_and_read(optimizer: torch.optim.Optimizer) -> tuple[dict[str, torch.Tensor], dict[str, object]]:
    """The state through bytes: safetensors and strict JSON."""
    tensors, plain = optimizer_state(optimizer)
    data = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    return load(data), json.loads(json.dumps(plain, allow_nan=False))


@every_optimizer
def test_it_learns(name: str) -> None:
    model = Tiny()
    optimizer = build(name, model, weight_decay=0.0)
    losses = [one_step(model, optimizer, step=0) for _ in range(60)]
    assert losses[-1] < losses[0]


@every_optimizer
@pytest.mark.parametrize("stop", [0, 1, 4])
def test_going_on_from_a_stored_state_equals_never_stopping_bit_for_bit(name: str, stop: int) -> None:
    straight = Tiny()
    optimizer = build(name, straight)
    for step in range(stop):
        one_step(straight, optimizer, step=step)
    resumed = Tiny(seed=9)
    resumed.load_state_dict(straight.state_dict())
    tensors, plain = stored_and_read(optimizer)
    again = build(name, resumed)
    load_optimizer_state(again, tensors, plain)
    for step in range(stop, stop + 4):
        one_step(straight, optimizer, step=step)
        one_step(resumed, again, step=step)
    assert all(torch.equal(a, b) for a, b in zip(straight.parameters(), resumed.parameters(), strict=True))
    ours, theirs = optimizer_state(optimizer), optimizer_state(again)
    assert ours[0].keys() == theirs[0].keys()
    assert all(torch.equal(ours[0][key], theirs[0][key]) for key in ours[0])
    assert ours[1] == theirs[1]


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"gd", "sgd"}))
def test_going_on_without_the_state_would_be_noticed(name: str) -> None:
    straight = Tiny()
    optimizer = build(name, straight)
    for step in range(4):
        one_step(straight, optimizer, step=step)
    forgetful = Tiny(seed=9)
    forgetful.load_state_dict(straight.state_dict())
    one_step(straight, optimizer)
    one_step(forgetful, build(name, forgetful))
    assert any(not torch.equal(a, b) for a, b in zip(straight.parameters(), forgetful.parameters(), strict=True))


@every_optimizer
def test_a_state_does_not_share_memory_with_what_was_read(name: str) -> None:
    model = Tiny()
    optimizer = build(name, model)
    one_step(model, optimizer)
    tensors, plain = stored_and_read(optimizer)
    before = {key: tensor.clone() for key, tensor in tensors.items()}
    load_optimizer_state(optimizer, tensors, plain)
    one_step(model, optimizer)
    assert all(torch.equal(tensors[key], before[key]) for key in before)


@every_optimizer
def test_a_state_of_other_parameters_is_refused(name: str) -> None:
    model = Tiny()
    optimizer = build(name, model)
    one_step(model, optimizer)
    tensors, plain = stored_and_read(optimizer)
    model.extra = nn.Linear(2, 2)
    with pytest.raises(FolderError, match="--new"):
        load_optimizer_state(build(name, model), tensors, plain)


@every_optimizer
def test_a_state_of_another_optimizer_is_refused(name: str) -> None:
    model = Tiny()
    other = "rmsprop" if name != "rmsprop" else "adamw"
    tensors, plain = stored_and_read(build(other, model))
    with pytest.raises(FolderError):
        load_optimizer_state(build(name, model), tensors, plain)


@every_optimizer
def test_a_learning_rate_of_zero_moves_nothing(name: str) -> None:
    model = Tiny()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    optimizer = build(name, model)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    one_step(model, optimizer)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))


@every_optimizer
def test_the_learning_rate_of_each_group_is_obeyed(name: str) -> None:
    model = Tiny()
    optimizer = build(name, model)
    for group in optimizer.param_groups:
        if "head.weight" not in group["param_names"]:
            group["lr"] = 0.0
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    one_step(model, optimizer)
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    with_head = next(g for g in optimizer.param_groups if "head.weight" in g["param_names"])
    assert moved == set(with_head["param_names"])


@every_optimizer
def test_a_parameter_without_gradient_stays(name: str) -> None:
    model = Tiny()
    optimizer = build(name, model)
    before = model.head.weight.detach().clone()
    model.table(IDS_BT).sum().backward()
    optimizer.step()
    assert torch.equal(model.head.weight, before)


@every_optimizer
def test_a_gradient_of_zero_keeps_everything_finite(name: str) -> None:
    model = Tiny()
    optimizer = build(name, model)
    for _ in range(2):
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    assert all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters())


@every_optimizer
def test_the_fused_step_is_taken_where_torch_has_one(name: str) -> None:
    optimizer = build(name, Tiny())
    fused = {
        bool(group.get("fused")) for group in optimizer.param_groups if not group["hidden_matrices"] or name != "muon"
    }
    assert fused == {name in FUSED}


@every_optimizer
def test_a_recipe_names_it_and_reads_back_what_was_written(name: str) -> None:
    recipe: TypeAdapter[OptimizerSettings] = TypeAdapter(OptimizerConfig)
    config = recipe.validate_python({"name": name, "learning_rate": 0.5})
    assert type(config) is OPTIMIZERS[name]
    assert recipe.validate_python(json.loads(config.model_dump_json())) == config


@every_optimizer
def test_a_setting_that_it_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        OPTIMIZERS[name].model_validate({"name": name, "leraning_rate": 0.5})


@every_optimizer
def test_every_setting_is_explained(name: str) -> None:
    assert OPTIMIZERS[name].__doc__
    assert not [field for field, info in OPTIMIZERS[name].model_fields.items() if not info.description]

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.tiny_models import CONFIGS, tiny_classifier
from tunewright.optim import AdamWConfig, GdConfig, Group, groups, parameter_groups

SETTINGS = AdamWConfig(learning_rate=1e-3, weight_decay=0.1)


def grouped(model: nn.Module, settings: AdamWConfig = SETTINGS) -> list[Group]:
    return parameter_groups(model, parameters=dict(model.named_parameters()), config=settings)


def wrongly_decayed(model: nn.Module, made: list[Group]) -> list[str]:
    """Decaying biases and norms, known by what they are: vectors, and T5's table of biases."""
    return [
        name
        for group in made
        if group["weight_decay"] > 0
        for name, parameter in zip(group["param_names"], group["params"], strict=True)
        if parameter.ndim < 2 or name.endswith("bias") or "relative_attention_bias" in name
    ]


@pytest.mark.parametrize("name", CONFIGS)
def test_biases_and_norms_do_not_decay(name: str) -> None:
    model = tiny_classifier(name)
    assert wrongly_decayed(model, grouped(model)) == []


@pytest.mark.parametrize("name", CONFIGS)
def test_decay_on_everything_would_be_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "decays", lambda name, parameter, *, modules: True)
    model = tiny_classifier(name)
    assert wrongly_decayed(model, grouped(model)) != []


@pytest.mark.parametrize("name", CONFIGS)
def test_every_linear_weight_decays(name: str) -> None:
    model = tiny_classifier(name)
    decaying = {n for group in grouped(model) if group["weight_decay"] > 0 for n in group["param_names"]}
    linear = {f"{n}.weight" for n, module in model.named_modules() if isinstance(module, nn.Linear)}
    named = {n for n, _ in model.named_parameters()}
    assert linear & named <= decaying


@pytest.mark.parametrize("name", CONFIGS)
def test_each_parameter_is_in_exactly_one_group(name: str) -> None:
    model = tiny_classifier(name)
    names = [n for group in grouped(model) for n in group["param_names"]]
    assert sorted(names) == sorted(n for n, _ in model.named_parameters())


def test_a_step_without_gradient_shrinks_matrices_and_leaves_biases_alone() -> None:
    model = tiny_classifier("bert")
    nn.init.normal_(model.classifier.bias)  # type: ignore[union-attr, arg-type]
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    optimizer = SETTINGS.build(grouped(model))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for name, parameter in model.named_parameters():
        kept = 1.0 - 1e-3 * 0.1 if parameter.ndim == 2 else 1.0
        torch.testing.assert_close(parameter.detach(), before[name] * kept, rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("name", CONFIGS)
def test_learning_rate_falls_by_layer_from_the_head_down(name: str) -> None:
    model = tiny_classifier(name)
    settings = AdamWConfig(learning_rate=1.0, layer_decay=0.5, head_learning_rate_factor=3.0)
    rate = {n: g["lr"] for g in grouped(model, settings) for n in g["param_names"]}
    depths = groups.find_depths(model)
    for parameter, depth in depths.of.items():
        expected = 3.0 if depth > depths.num_layers else 0.5 ** (depths.num_layers - depth)
        assert rate[parameter] == pytest.approx(expected)
    assert len(set(rate.values())) == depths.num_layers + 2


def test_without_layer_decay_there_is_one_learning_rate() -> None:
    assert {group["lr"] for group in grouped(tiny_classifier("bert"))} == {1e-3}


@pytest.mark.parametrize("name", CONFIGS)
def test_matrices_for_muon_are_inside_layers_and_no_tables(name: str) -> None:
    model = tiny_classifier(name)
    tables = {f"{n}.weight" for n, module in model.named_modules() if isinstance(module, nn.Embedding)}
    chosen = {n for group in grouped(model) if group["hidden_matrices"] for n in group["param_names"]}
    assert chosen
    assert not chosen & tables
    assert not [n for n in chosen if "classifier" in n or "score" in n or "pooler" in n or "head" in n]
    assert {dict(model.named_parameters())[n].ndim for n in chosen} == {2}


def test_parameters_that_stay_are_in_no_group() -> None:
    model = tiny_classifier("bert")
    moving = {n: p for n, p in model.named_parameters() if n.startswith("classifier")}
    made = parameter_groups(model, parameters=moving, config=GdConfig())
    assert [n for group in made for n in group["param_names"]] == ["classifier.weight", "classifier.bias"]


def test_a_bare_vector_does_not_decay_and_a_table_inside_a_layer_is_no_matrix_for_muon() -> None:
    class Layer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))
            self.positions = nn.Embedding(6, 4)
            self.linear = nn.Linear(4, 4)

    made = grouped(nn.Sequential(nn.ModuleList([Layer(), Layer()])))
    group_of = {n: group for group in made for n in group["param_names"]}
    assert group_of["0.0.scale"]["weight_decay"] == 0.0
    assert group_of["0.0.positions.weight"]["weight_decay"] > 0.0
    assert not group_of["0.0.positions.weight"]["hidden_matrices"]
    assert group_of["0.0.linear.weight"]["hidden_matrices"]

"""Which parameters decay, and how fast each layer learns: one list of groups for any architecture."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from tunewright.models.layers import Depths, find_depths
from tunewright.optim.settings import Group, OptimizerSettings


def parameter_groups(
    model: nn.Module, *, parameters: Mapping[str, nn.Parameter], config: OptimizerSettings
) -> list[Group]:
    """The parameters that may move, in groups of equal learning rate and decay, in the model's own order.

    Decay is for weight matrices and embeddings alone. The learning rate falls by `layer_decay` per layer below the top
    one, embeddings lowest; the head has `head_learning_rate_factor` times that of the top layer.
    """
    depths = find_depths(model)
    modules = dict(model.named_modules())
    groups: dict[tuple[float, float, bool], Group] = {}
    for name, parameter in parameters.items():
        learning_rate = config.learning_rate * _factor(depths.of[name], depths, config=config)
        weight_decay = config.weight_decay if decays(name, parameter, modules=modules) else 0.0
        hidden_matrix = is_hidden_matrix(name, parameter, depths=depths, modules=modules)
        group = groups.setdefault(
            (learning_rate, weight_decay, hidden_matrix),
            {
                "params": [], "param_names": [], "lr": learning_rate, "weight_decay": weight_decay,
                "hidden_matrices": hidden_matrix,
            },
        )  # fmt: skip
        group["params"].append(parameter)
        group["param_names"].append(name)
    return list(groups.values())


def decays(name: str, parameter: nn.Parameter, *, modules: Mapping[str, nn.Module]) -> bool:
    """Whether weight decay is for this parameter: never for vectors, biases (T5's table of them included) and norms."""
    owner, _, last = name.rpartition(".")
    is_norm = "norm" in type(modules[owner]).__name__.lower()
    is_bias = last.endswith("bias") or owner.endswith("bias")
    return parameter.ndim >= 2 and not is_norm and not is_bias


def is_hidden_matrix(name: str, parameter: nn.Parameter, *, depths: Depths, modules: Mapping[str, nn.Module]) -> bool:
    """Whether this is a 2-D weight inside a layer: what Muon takes."""
    inside = 1 <= depths.of[name] <= depths.num_layers
    is_table = isinstance(modules[name.rpartition(".")[0]], nn.Embedding)
    return inside and parameter.ndim == 2 and decays(name, parameter, modules=modules) and not is_table


def _factor(depth: int, depths: Depths, *, config: OptimizerSettings) -> float:
    if depth == depths.top:
        return config.head_learning_rate_factor
    return float(config.layer_decay ** (depths.num_layers - depth))

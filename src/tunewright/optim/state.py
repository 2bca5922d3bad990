"""An optimiser's state as named tensors and plain JSON values, bit for bit, for any torch optimiser. No pickle.

Tensors are named `<number of the parameter>.<key>`, as in `0.exp_avg`; settings (learning rates, betas) stand in the
JSON half, whose floats Python writes so that they read back exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from tunewright.core.errors import FolderError


def optimizer_state(optimizer: torch.optim.Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, by name, and everything else as JSON-able values."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    plain: dict[str, dict[str, Any]] = {}
    for number, entries in state["state"].items():
        for key, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"{number}.{key}"] = value
            else:
                plain.setdefault(str(number), {})[key] = value
    return tensors, {"version": 1, "state": plain, "groups": state["param_groups"]}


def load_optimizer_state(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]
) -> None:
    """Put a state back into an optimiser built the same way. Raises FolderError if it belongs to another one."""
    groups = [_like(here, there) for here, there in _pairs(optimizer.state_dict()["param_groups"], plain["groups"])]
    state: dict[int, dict[str, Any]] = {}
    for name, tensor in tensors.items():
        number, _, key = name.partition(".")
        state.setdefault(int(number), {})[key] = tensor.clone()  # the optimiser will write into it
    for number, entries in plain["state"].items():
        state.setdefault(int(number), {}).update(entries)
    _require_fit(optimizer, state)
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _pairs(here: list[dict[str, Any]], there: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    def outline(groups: list[dict[str, Any]]) -> list[Any]:
        return [(group["params"], group.get("param_names"), sorted(group)) for group in groups]

    if outline(here) != outline(there):
        raise FolderError(
            "The saved optimiser state belongs to other parameters or to another optimiser. "
            "Was the adapter, the model or the optimiser changed? `--new` starts another run."
        )
    return list(zip(here, there, strict=True))


def _like(here: dict[str, Any], there: dict[str, Any]) -> dict[str, Any]:
    """The saved group; JSON has no tuples, so a list becomes one where the optimiser has one."""
    return {
        key: tuple(value) if isinstance(here[key], tuple) and isinstance(value, list) else value
        for key, value in there.items()
    }


def _require_fit(optimizer: torch.optim.Optimizer, state: Mapping[int, Mapping[str, Any]]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    if any(not 0 <= number < len(parameters) for number in state):
        raise FolderError(f"The saved optimiser state has {len(state)} parameters, the model has {len(parameters)}.")

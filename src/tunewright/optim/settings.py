"""What every optimiser's settings share."""

from __future__ import annotations

from typing import Any

import torch
from pydantic import Field

from tunewright.core.config import Config

Group = dict[str, Any]
"""Parameters that move alike: `params`, `param_names`, `lr`, `weight_decay`, `hidden_matrices` (`parameter_groups`)."""


class OptimizerSettings(Config):
    """How fast, how the layers differ, and how weights are pulled to zero."""

    learning_rate: float = Field(gt=0)
    """The highest that the schedule reaches, for the head and the topmost layer."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Pull of weight matrices towards zero; biases and norms have none."""
    layer_decay: float = Field(default=1.0, gt=0, le=1)
    """The learning rate is multiplied by this for each layer further down from the head; 1: the same everywhere."""
    head_learning_rate_factor: float = Field(default=1.0, gt=0)
    """Learning rate of the head over that of the topmost layer: a new head may move faster than pretrained weights."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """The optimiser over groups that `parameter_groups` made of these settings."""
        raise NotImplementedError


def uses_fused(groups: list[Group], *, devices: tuple[str, ...] = ("cpu", "cuda", "mps")) -> bool:
    """Whether torch's fused step can take these parameters: one kernel a tensor, and 4 times the speed on a CPU."""
    return all(
        parameter.device.type in devices and torch.is_floating_point(parameter)
        for group in groups
        for parameter in group["params"]
    )

"""All numbers may move."""

from __future__ import annotations

from typing import Literal

from torch import nn

from tunewright.adapters.settings import AdapterSettings


class FullConfig(AdapterSettings):
    """Full fine-tuning."""

    name: Literal["full"] = "full"
    """Which adapter."""

    def attach(self, model: nn.Module, *, seed: int = 0) -> nn.Module:
        """The same model, every parameter trainable."""
        return model.requires_grad_(True)

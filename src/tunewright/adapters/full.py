"""All numbers may move."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from torch import nn

from tunewright.adapters.settings import AdapterSettings


class FullConfig(AdapterSettings):
    """Full fine-tuning."""

    teaches_new_tokens: ClassVar[bool] = True

    name: Literal["full"] = "full"
    """Which adapter."""

    def attach(self, model: nn.Module, *, seed: int = 0, new_ids: Sequence[int] = ()) -> nn.Module:
        """The same model, every parameter trainable."""
        return model.requires_grad_(True)

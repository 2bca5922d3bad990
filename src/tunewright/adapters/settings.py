"""What every adapter offers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from torch import nn

from tunewright.core.config import Config

HeadKind = Literal["single_label", "multi_label", "regression", "tags", "masked", "writes"]
"""What stands on the pretrained part of a model."""


class AdapterSettings(Config):
    """Which numbers may move. `attach` once before training, `merge` once after it."""

    stands_alone: ClassVar[bool] = False
    """Whether what was trained can be saved without the model, with `save`."""

    teaches_new_tokens: ClassVar[bool] = False
    """Whether it can train the rows of tokens that a model did not have before."""

    def attach(self, model: nn.Module, *, seed: int = 0, new_ids: Sequence[int] = ()) -> nn.Module:
        """The model made ready: `requires_grad` set, modules added. Its outputs are as before.

        What is drawn for new parameters depends on `seed` alone. `new_ids` are tokens that the model has been given: their rows
        of its tables are trained, whatever else may move; only for adapters that are said to teach new tokens.
        """
        raise NotImplementedError

    def require_packages(self) -> None:
        """Raise MissingExtraError where a package is needed that is not installed; called before anything else is done."""

    def trainable(self, model: nn.Module) -> dict[str, nn.Parameter]:
        """The parameters that may move, by name, each once, in the model's own order."""
        return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}

    def set_mode(self, model: nn.Module) -> None:
        """Called after each `model.train()`: put into evaluation mode what must not drop out. By default nothing."""

    def save(self, model: nn.Module, folder: Path, *, base_model: str) -> None:
        """Write what was trained into a folder, in peft's format, before it is merged; `base_model` says into what."""
        raise NotImplementedError

    def merge(self, model: nn.Module) -> nn.Module:
        """A plain model with the same outputs, as its architecture's own class knows it."""
        return model

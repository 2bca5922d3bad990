"""What every adapter offers."""

from __future__ import annotations

from torch import nn

from tunewright.core.config import Config


class AdapterSettings(Config):
    """Which numbers may move. `attach` once before training, `merge` once after it."""

    def attach(self, model: nn.Module) -> nn.Module:
        """The model made ready: `requires_grad` set, modules added. Its outputs are as before."""
        raise NotImplementedError

    def trainable(self, model: nn.Module) -> dict[str, nn.Parameter]:
        """The parameters that may move, by name, each once, in the model's own order."""
        return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}

    def set_mode(self, model: nn.Module) -> None:
        """Called after each `model.train()`: put into evaluation mode what must not drop out. By default nothing."""

    def merge(self, model: nn.Module) -> nn.Module:
        """A plain model with the same outputs, as its architecture's own class knows it."""
        return model

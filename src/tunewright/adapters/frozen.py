"""The upper layers and the head may move; embeddings and lower layers stay as pretrained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field
from torch import nn

from tunewright.adapters.settings import AdapterSettings
from tunewright.core.errors import RecipeError
from tunewright.models.layers import base_model, find_depths


class FrozenConfig(AdapterSettings):
    """Train the `train_top` topmost layers and what stands on them."""

    name: Literal["frozen"] = "frozen"
    """Which adapter."""
    train_top: int = Field(default=2, ge=0)
    """Layers to train, counted from the top (an encoder-decoder's decoder is on top); 0: the head alone."""

    def attach(self, model: nn.Module, *, seed: int = 0, new_ids: Sequence[int] = ()) -> nn.Module:
        """The same model with `requires_grad` off below the border. Raises RecipeError if it has fewer layers."""
        assert not new_ids, "see `teaches_new_tokens`"
        depths = find_depths(model)
        if self.train_top > depths.num_layers:
            raise RecipeError(
                f"`adapter.train_top` is {self.train_top}, but {type(model).__name__} has {depths.num_layers} layers. "
                f"Take at most {depths.num_layers}, or `adapter: {{name: full}}` to train everything."
            )
        border = depths.num_layers - self.train_top
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(depths.of[name] > border)
        return model

    def set_mode(self, model: nn.Module) -> None:
        """Dropout off below the border, so that what the frozen layers say of a row never changes."""
        _eval_unless_trainable(base_model(model))


def _eval_unless_trainable(module: nn.Module) -> None:
    """Evaluation mode for every module but those whose parameters all move.

    A module with both kinds inside, and one with none at all, may drop out embeddings (T5's stacks do), so it counts as
    frozen. Heads are outside the base model and keep their mode.
    """
    parameters = list(module.parameters())
    if parameters and all(parameter.requires_grad for parameter in parameters):
        return
    module.training = False
    for child in module.children():
        _eval_unless_trainable(child)

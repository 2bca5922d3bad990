"""Gradient checkpointing: activations are computed again in the backward pass instead of being kept."""

from __future__ import annotations

from typing import Any

from tunewright.core.errors import RecipeError


def keep_no_activations(model: Any) -> None:
    """Turn it on, in place. Raises RecipeError where the architecture has no way to do it."""
    try:
        model.activation_checkpointing_enable({"use_reentrant": False})
    except (ValueError, AttributeError, NotImplementedError) as error:
        raise RecipeError(f"train.gradient_checkpointing: {type(model).__name__} can't do it ({error}).") from None

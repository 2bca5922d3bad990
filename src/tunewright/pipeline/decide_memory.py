"""Micro-batches that the memory can hold, where a model may be too large for it; nothing that would change the result."""

from __future__ import annotations

import torch

from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder
from tunewright.core.sentence import Sentence
from tunewright.models.local import LocalModel
from tunewright.pipeline.decisions import Decisions
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.tryout import propose, try_out
from tunewright.recipe import Recipe, build_recipe
from tunewright.runtime import usable_bytes

BYTES_PER_NUMBER = 16
"""A weight, its gradient and both moments of AdamW in float32."""
LIBRARIES = 2e9
"""What the process holds without a model, and some activations."""
PLENTY = 0.35
"""Where weights, gradients and moments are reckoned to take less than this share of the memory, nothing is measured."""


def decide_memory(
    recipe: Recipe, prepared: Prepared, local: LocalModel, folder: RunFolder, decisions: Decisions
) -> Recipe:
    """The recipe with the largest micro-batches that fit, and activation checkpointing where it must be.

    Neither changes a gradient. Who sets `batching.max_tokens` is not asked. Raises RecipeError where only another adapter
    or a smaller model would fit: that changes the result, so it is for a person to decide.
    """
    memory = usable_bytes(torch.device(recipe.runtime.device))
    reckoned = BYTES_PER_NUMBER * local.num_parameters + LIBRARIES
    if "max_tokens" in recipe.batching.model_fields_set or reckoned < PLENTY * memory:
        return recipe
    tried = try_out(recipe, prepared, folder)
    training = tried.training
    if training.high <= memory:
        return recipe
    proposal = propose(tried, recipe, prepared, folder, memory=memory)
    asks = f"training {local.name} would take up to {training.high / 1e9:.1f} GB, and {memory / 1e9:.1f} GB are free."
    if proposal is None:
        raise RecipeError(
            f"{asks} Nothing that was tried fits, not even single rows with LoRA: take a smaller model with `model.path` or a "
            "smaller `encode.max_length`, or set `batching.max_tokens` yourself to try it all the same."
        )
    if any(saver.startswith("adapter.") for saver in proposal.savers):
        settings = " ".join(f"--set {override}" for override in proposal.overrides)
        raise RecipeError(
            f"{asks} `{settings}` would fit, with another result; or take a smaller model with `model.path`, or set "
            "`batching.max_tokens` yourself to try it all the same."
        )
    why = Sentence(
        "tokens in a micro-batch at most: with more, training could take {needed:.1f} GB, and {free:.1f} GB are free",
        needed=training.high / 1e9, free=memory / 1e9,
    )  # fmt: skip
    decisions.add("max_tokens", proposal.fit.max_tokens, why, "--set batching.max_tokens=N")
    if proposal.savers:
        decisions.add(
            "gradient_checkpointing", Sentence("computed again"),
            Sentence("instead of being kept: slower, and the same gradients"),
            "--set train.gradient_checkpointing=false",
        )  # fmt: skip
    return build_recipe(recipe.model_dump(mode="json"), overrides=proposal.overrides, where="what fits")

"""Adapters other than LoRA that peft brings: IA3 by its own name, all others by peft's."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from tunewright.adapters.injected import InjectedSettings
from tunewright.core.errors import RecipeError, nearest

NOT_INSIDE = (
    "PROMPT_TUNING",
    "MULTITASK_PROMPT_TUNING",
    "P_TUNING",
    "PREFIX_TUNING",
    "CPT",
    "CARTRIDGE",
    "ADAPTION_PROMPT",
)
"""Types that add to a model's input instead of putting layers into it."""


_OTHERWISE = {
    "ADALORA": "prunes its ranks by a schedule of its own, which has to be called after each step",
    "POLY": "needs the number of a task beside each row",
    "XLORA": "mixes adapters that have been trained before",
    "SHADOW": "runs a second, smaller model beside the first",
    "TRAINABLE_TOKENS": "trains rows of tokens alone; `model.new_tokens` with LoRA does that, and more",
}
"""Types that do put something inside and still can't be had here, each with the reason."""


class Ia3Config(InjectedSettings):
    """IA3: one learned factor for each output of the adapted layers (Liu et al. 2022, arXiv:2205.05638)."""

    name: Literal["ia3"] = "ia3"
    """Which adapter."""

    def peft_config(self, targets: Sequence[str]) -> Any:
        """peft's own configuration for these modules."""
        from peft import IA3Config

        return IA3Config(target_modules=list(targets), feedforward_modules=[])


class PeftConfig(InjectedSettings):
    """Any other type that peft has and that puts layers into the model."""

    name: Literal["peft"] = "peft"
    """Which adapter."""
    type: str = "LOHA"
    """The type as peft names it: `LOHA`, `LOKR`, `OFT`, `BOFT`, `VERA`, `HRA`, `MISS`... See the guide to adapters."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of that type, by peft's names (`{r: 8}`); its own defaults for the rest."""

    def peft_config(self, targets: Sequence[str]) -> Any:
        """peft's own configuration. Raises RecipeError for a type or setting that peft does not have."""
        from peft import PEFT_TYPE_TO_CONFIG_MAPPING

        types = {kind.value: config for kind, config in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
        kind, inside = self.type.upper(), accepted_types()
        if kind in NOT_INSIDE:
            raise RecipeError(
                f"`adapter.type`: {kind} adds to the model's input and puts nothing into its layers, so it could not be merged "
                f"into a plain model, and is not supported. Accepted: {', '.join(inside)}."
            )
        if kind in _OTHERWISE:
            raise RecipeError(f"`adapter.type`: {kind} {_OTHERWISE[kind]}. Accepted: {', '.join(inside)}.")
        if kind not in types:
            raise RecipeError(
                f"`adapter.type`: peft has no {self.type!r}.{nearest(kind, inside)} Accepted: {', '.join(inside)}."
            )
        accepted = sorted(field.name for field in dataclasses.fields(types[kind]))
        for setting in self.settings:
            if setting == "target_modules":
                raise RecipeError(
                    "`adapter.settings`: name the modules with `adapter.targets`, not with `target_modules`."
                )
            if setting not in accepted:
                raise RecipeError(
                    f"`adapter.settings`: {kind} has no `{setting}`.{nearest(setting, accepted)} "
                    f"Accepted: {', '.join(accepted)}."
                )
        usual: dict[str, Any] = {"feedforward_modules": []} if kind == "IA3" else {}
        return types[kind](target_modules=list(targets), **usual | self.settings)


def accepted_types() -> list[str]:
    """Types that `PeftConfig` can name, as peft names them, sorted."""
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING

    return sorted({kind.value for kind in PEFT_TYPE_TO_CONFIG_MAPPING} - {*NOT_INSIDE, *_OTHERWISE})

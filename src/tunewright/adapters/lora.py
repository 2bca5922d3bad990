"""LoRA and its family: a product of two thin matrices is added to each adapted one (Hu et al. 2021, arXiv:2106.09685)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from tunewright.adapters.injected import InjectedSettings


class LoraConfig(InjectedSettings):
    """Low-rank adaptation: `W + alpha / r * B A`, where only A and B move. B begins at zero, so nothing changes at first."""

    teaches_new_tokens: ClassVar[bool] = True

    name: Literal["lora"] = "lora"
    """Which adapter."""
    r: int = Field(default=16, ge=1)
    """The rank: columns of B and rows of A. More learns more and weighs more."""
    alpha: float = Field(default=32.0, gt=0)
    """Scale of what is added, before it is divided by `r`; twice the rank is usual."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the adapter's inputs that are left out in training."""
    variant: Literal["lora", "rslora", "dora", "pissa"] = "lora"
    """`rslora` divides by the root of `r` (Kalajdzievski 2023), which suits high ranks; `dora` learns the lengths of W's
    columns apart from their directions (Liu et al. 2024); `pissa` begins A and B with W's largest singular vectors and keeps
    the rest frozen (Meng et al. 2024)."""

    def peft_config(self, targets: Sequence[str]) -> Any:
        """peft's own configuration for these modules."""
        from peft import LoraConfig as PeftLoraConfig

        alpha: Any = self.alpha  # peft says int, and multiplies by any number
        return PeftLoraConfig(
            r=self.r,
            lora_alpha=alpha,
            lora_dropout=self.dropout,
            target_modules=list(targets),
            use_rslora=self.variant == "rslora",
            use_dora=self.variant == "dora",
            init_lora_weights="pissa" if self.variant == "pissa" else True,
        )

"""LoRA and its family: a product of two thin matrices is added to each adapted one (Hu et al. 2021, arXiv:2106.09685)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator
from torch import nn

from tunewright.adapters.injected import InjectedSettings
from tunewright.adapters.quantized import Quantization, quantize_layers, require_package


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

    quantize: Quantization | None = None
    """Keep the adapted layers' own weights in 4 bits (`nf4`, with the extra `quant`) or 8 (`int8`) while LoRA is trained beside
    them (QLoRA, Dettmers et al. 2023): an eighth or a fourth of their memory in float32, and some of their precision. The merged
    model has the rounded weights, in its own type. For the variants `lora` and `rslora`."""

    @model_validator(mode="after")
    def _quantised_with_what_can_be_merged(self) -> LoraConfig:
        if self.quantize and self.variant not in ("lora", "rslora"):
            raise ValueError(f"`quantize` goes with the variants `lora` and `rslora`, not with `{self.variant}`")
        return self

    def require_packages(self) -> None:
        """See `AdapterSettings`."""
        require_package(self.quantize)

    def prepare(self, model: nn.Module, targets: Sequence[str]) -> None:
        """See `InjectedSettings`."""
        if self.quantize:
            quantize_layers(model, targets, self.quantize)

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

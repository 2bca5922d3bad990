"""Frozen layers that are kept in 4 or 8 bits while LoRA is trained beside them (QLoRA, Dettmers et al. 2023, arXiv:2305.14314).

Only weights are rounded; products are computed with what they are rounded to, in the model's own type. So a layer with the same
numbers as an ordinary one answers the same, and an adapter trained beside it can be merged without a second rounding.
Owns bitsandbytes.

O  outputs of a layer     I  its inputs
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from tunewright.core.errors import MissingExtraError, RecipeError

Quantization = Literal["nf4", "int8"]


def require_package(kind: Quantization | None) -> None:
    """Raise MissingExtraError where layers can't be had in this form without a package that is not installed."""
    if kind == "nf4" and importlib.util.find_spec("bitsandbytes") is None:
        raise MissingExtraError("bitsandbytes", extra="quant", needed_for="`adapter.quantize: nf4`")


def quantize_layers(model: nn.Module, names: Sequence[str], kind: Quantization) -> None:
    """Put rounded layers in the place of these linear ones. Raises RecipeError for layers of another make."""
    for name in names:
        layer = model.get_submodule(name)
        if not isinstance(layer, nn.Linear):
            raise RecipeError(
                f"`adapter.quantize`: `{name}` of {type(model).__name__} is a {type(layer).__name__}, and only torch's own linear "
                "layers can be quantised. Leave `adapter.quantize` out."
            )
        replace_module(model, name, RoundedLinear(layer, kind))


def restore_layers(model: nn.Module) -> None:
    """Ordinary layers again, with the numbers to which the weights were rounded."""
    for name, module in list(model.named_modules()):
        if isinstance(module, RoundedLinear):
            replace_module(model, name, module.restored())


def replace_module(model: nn.Module, name: str, module: nn.Module) -> None:
    """Let a module stand under a dotted name."""
    parent, _, child = name.rpartition(".")
    setattr(model.get_submodule(parent), child, module)


class RoundedLinear(nn.Linear):
    """A linear layer that keeps its frozen weights in 4 or 8 bits, and makes them anew for each product.

    `int8` are whole numbers from -127 to 127 with a scale for each output; `nf4` is that of bitsandbytes, in blocks of 64.
    """

    def __init__(self, layer: nn.Linear, kind: Quantization) -> None:
        super().__init__(layer.in_features, layer.out_features, bias=False, device="meta")
        self.kind = kind
        packed, self._state = _packed(layer.weight.detach(), kind)
        self.weight = nn.Parameter(packed, requires_grad=False)
        self.bias = None if layer.bias is None else nn.Parameter(layer.bias.detach().clone(), requires_grad=False)
        self.train(layer.training)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (its name in nn.Linear)
        """(..., I) -> (..., O)."""
        product: Tensor = _RoundedProduct.apply(input, self)  # type: ignore[no-untyped-call]
        return product if self.bias is None else product + self.bias

    def whole_weight(self) -> Tensor:
        """(O, I) in the type of the layer that it was made from."""
        whole_OI: Tensor
        if self.kind == "int8":
            whole_OI = self.weight.to(self._state.dtype) * self._state[:, None]
        else:
            from bitsandbytes.functional import dequantize_4bit

            whole_OI = dequantize_4bit(self.weight.data, self._state)
        return whole_OI

    def restored(self) -> nn.Linear:
        """An ordinary layer with the same numbers."""
        plain = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        plain.weight = nn.Parameter(self.whole_weight(), requires_grad=False)
        if self.bias is not None:
            plain.bias = nn.Parameter(self.bias.detach().clone(), requires_grad=False)
        return plain.train(self.training)


class _RoundedProduct(torch.autograd.Function):
    """x W^T; the backward pass makes W anew as well, so that no graph keeps it in full."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: RoundedLinear) -> Tensor:
        ctx.layer = layer
        return x @ layer.whole_weight().to(x.dtype).T

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient @ ctx.layer.whole_weight().to(gradient.dtype), None


def _packed(weight_OI: Tensor, kind: Quantization) -> tuple[Tensor, Any]:
    """The rounded weights, and what is needed to make them whole."""
    if kind == "int8":
        scale_O = (weight_OI.abs().amax(1) / 127).clamp(min=torch.finfo(weight_OI.dtype).tiny)
        return (weight_OI / scale_O[:, None]).round().to(torch.int8), scale_O
    from bitsandbytes.functional import quantize_4bit

    packed, state = quantize_4bit(weight_OI, quant_type="nf4")
    return packed, state

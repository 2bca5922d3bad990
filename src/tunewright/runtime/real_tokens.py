"""Linear layers without padding: in training on a CPU they are three quarters of the work.

Inside `linear_on_real_tokens` every linear layer over a padded batch (W, T, K) takes the real tokens out, multiplies those
(N, K), and puts the results back among zeros. What stands at a padded place is masked by the model anyway, so no result
changes; it works for any architecture, because nothing but `torch.nn.functional.linear` is touched.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

MULTIPLE = 64
"""oneDNN, which does the products under the setting `medium`, writes and keeps code for every new number of tokens."""


def linear_on_real_tokens(attention_mask_WT: Tensor) -> contextlib.AbstractContextManager[Any]:
    """A context for a forward pass; nothing happens off the CPU, under autocast, or where nothing is padded."""
    device = attention_mask_WT.device.type
    if device != "cpu" or torch.is_autocast_enabled(device) or bool(attention_mask_WT.all()):
        return contextlib.nullcontext()
    return _Mode(attention_mask_WT)


class _Mode(TorchFunctionMode):
    def __init__(self, mask_WT: Tensor) -> None:
        super().__init__()
        self._shape = mask_WT.shape
        self._places_N = _places(mask_WT.reshape(-1))
        # Query, key and value read the same tensor: its tokens are taken out once.
        self._last: tuple[Tensor, Tensor] | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func is not F.linear or not self._is_padded(args[0]):
            return func(*args, **(kwargs or {}))
        padded_WTK = args[0]
        if self._last is None or self._last[0] is not padded_WTK:
            self._last = padded_WTK, _Take.apply(padded_WTK, self._places_N)  # type: ignore[no-untyped-call]
        found_NK = func(self._last[1], *args[1:], **(kwargs or {}))
        return _Put.apply(found_NK, self._places_N, self._shape)  # type: ignore[no-untyped-call]

    def _is_padded(self, tensor: Tensor) -> bool:
        return tensor.ndim == 3 and tensor.shape[:2] == self._shape


def _places(mask: Tensor) -> Tensor:
    """Of the real tokens, and of as many padded ones as make the number a multiple of `MULTIPLE`, if there are as many."""
    real, padded = mask.nonzero().reshape(-1), (mask == 0).nonzero().reshape(-1)
    return torch.cat([real, padded[: -len(real) % MULTIPLE]])


class _Take(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, padded_WTK: Tensor, places_N: Tensor) -> Tensor:
        ctx.save_for_backward(places_N)
        ctx.shape = padded_WTK.shape[:2]
        return _take(padded_WTK, places_N)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _put(gradients[0], ctx.saved_tensors[0], ctx.shape), None


class _Put(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, found_NK: Tensor, places_N: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(places_N)
        return _put(found_NK, places_N, shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _take(gradients[0], ctx.saved_tensors[0]), None, None


def _take(padded_WTK: Tensor, places_N: Tensor) -> Tensor:
    return padded_WTK.reshape(-1, padded_WTK.shape[-1]).index_select(0, places_N)


def _put(found_NK: Tensor, places_N: Tensor, shape: torch.Size) -> Tensor:
    padded = found_NK.new_zeros(shape.numel(), found_NK.shape[-1]).index_copy_(0, places_N, found_NK)
    return padded.reshape(*shape, -1)

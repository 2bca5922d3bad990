"""Dropout on a CPU that costs a few percent of a training step instead of a tenth.

torch draws its masks number by number: 7 ns for each element of a tensor, where NumPy's SFC64 gives four 16-bit numbers in
2 ns. And where attention has dropout, torch takes a path that goes over the scores a dozen times. Inside `cheap_dropout`
both are done here, for any architecture: nothing but `torch.nn.functional` is touched.

A mask is a function of the seed alone, not of torch's generators. Shares are rounded to 1/65536, and what is kept is
scaled by one over the share that is kept in fact, so the mean stays exact.

B  rows     H  heads     T  tokens that ask     S  tokens that are asked     D  size of a head
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode

STEPS = 1 << 16
"""Shares of dropout are multiples of one over this."""


def cheap_dropout(seed: int, *, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """A context for the forward pass of training; the backward pass follows by itself. Off the CPU nothing is changed."""
    return CheapDropout(seed) if device.type == "cpu" else contextlib.nullcontext()


class CheapDropout(TorchFunctionMode):
    """Takes the place of torch's dropout and of its attention with dropout, as long as it is entered."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._bits = np.random.SFC64(seed)

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """What torch calls for each of its functions; all but two go on as they are."""
        if func is F.dropout:
            return self._dropout(*args, **(kwargs or {}))
        if func is F.scaled_dot_product_attention:
            return self._attention(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _dropout(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:  # noqa: A002  # torch's name
        if not training or inplace or not _is_share(p):
            return F.dropout(input, p, training, inplace)
        dropped: Tensor = _Drop.apply(input, *self._draw(input.shape, p))  # type: ignore[no-untyped-call]
        return dropped

    def _attention(
        self, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
        is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
    ) -> Tensor:  # fmt: skip
        if (
            not _is_share(dropout_p)
            or is_causal
            or enable_gqa
            or query.ndim != 4
            or (attn_mask is not None and attn_mask.requires_grad)
            or torch.is_autocast_enabled("cpu")  # it would cast half of the products below
        ):
            return F.scaled_dot_product_attention(
                query, key, value, attn_mask, dropout_p, is_causal, scale=scale, enable_gqa=enable_gqa
            )
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            lowest = torch.finfo(query.dtype).min
            attn_mask = torch.zeros(attn_mask.shape, dtype=query.dtype).masked_fill_(~attn_mask, lowest)
        scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
        drawn = self._draw((*query.shape[:3], key.shape[2]), dropout_p)
        attended: Tensor = _Attend.apply(query, key, value, attn_mask, scale, *drawn)  # type: ignore[no-untyped-call]
        return attended

    def _draw(self, shape: Iterable[int], p: float) -> tuple[Tensor, float]:
        """1 where an element is kept and 0 elsewhere (uint8), and the factor of what is kept."""
        shape = torch.Size(shape)
        dropped = round(p * STEPS)
        numbers = self._bits.random_raw(-(-shape.numel() // 4)).view(np.int16)[: shape.numel()]
        kept = torch.from_numpy(numbers) >= dropped - STEPS // 2
        return kept.view(torch.uint8).view(shape), STEPS / (STEPS - dropped)


def _is_share(p: float) -> bool:
    return 0 < round(p * STEPS) < STEPS


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, kept: Tensor, factor: float) -> Tensor:  # noqa: A002  # torch's name
        ctx.save_for_backward(kept)
        ctx.factor = factor
        return (input * kept).mul_(factor)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (kept,) = ctx.saved_tensors
        return (gradient * kept).mul_(ctx.factor), None, None


class _Attend(torch.autograd.Function):
    """`dropout(softmax(scale * q k^T + mask)) v`, with its gradient written out.

    Scores are kept once, where torch keeps them before and after dropout.
    """

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float, kept: Tensor, factor: float
    ) -> Tensor:  # fmt: skip
        scores_BHTS = torch.matmul(query * scale, key.transpose(2, 3))
        if mask is not None:
            scores_BHTS += mask
        shares_BHTS = torch.softmax(scores_BHTS, dim=-1)
        ctx.save_for_backward(query, key, value, shares_BHTS, kept)
        ctx.scale, ctx.factor = scale, factor
        return torch.matmul((shares_BHTS * kept).mul_(factor), value)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, shares_BHTS, kept = ctx.saved_tensors
        of_value = torch.matmul((shares_BHTS * kept).mul_(ctx.factor).transpose(2, 3), gradient)
        of_shares = torch.matmul(gradient, value.transpose(2, 3)).mul_(kept).mul_(ctx.factor)
        of_scores = torch._softmax_backward_data(of_shares, shares_BHTS, -1, shares_BHTS.dtype).mul_(ctx.scale)
        return (
            torch.matmul(of_scores, key),
            torch.matmul(of_scores.transpose(2, 3), query),
            of_value,
            None,
            None,
            None,
            None,
        )

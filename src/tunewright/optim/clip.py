"""The length of the gradient, and its limit."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float | None) -> float:
    """The 2-norm of all gradients together as it was, after scaling them down to `max_norm` if they were longer.

    With `max_norm=None`, or a norm that is not finite, the gradients stay as they are.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return 0.0
    norm = gradient_norm(gradients)
    if max_norm is not None and max_norm < norm < float("inf"):
        torch._foreach_mul_(gradients, max_norm / norm)
    return norm


def gradient_norm(gradients: list[Tensor]) -> float:
    """The 2-norm of all tensors together, in float32 or wider per tensor, in float64 over the tensors."""
    by_dtype: dict[torch.dtype, list[Tensor]] = {}
    for gradient in gradients:
        by_dtype.setdefault(gradient.dtype, []).append(gradient)
    norms: list[Tensor] = []
    for dtype, tensors in by_dtype.items():
        wide = torch.float32 if dtype in (torch.bfloat16, torch.float16) else dtype
        norms += [norm.double() for norm in torch._foreach_norm(tensors, 2, dtype=wide)]
    return float(torch.linalg.vector_norm(torch.stack(norms)))

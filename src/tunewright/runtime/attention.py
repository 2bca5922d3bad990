"""Which of torch's attention kernels a forward pass gets, where torch's own choice is slow."""

from __future__ import annotations

import contextlib

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

SHORT = 128
"""Padded tokens up to which plain matrix products are faster than torch's blocked kernel under `medium`."""


def attention_kernel(length: int, *, device: torch.device) -> contextlib.AbstractContextManager[None]:
    """A context for the forward pass over texts padded to `length` tokens; the backward pass follows by itself.

    Under the matmul setting `medium`, torch's blocked ("flash") attention for the CPU hands its many small products to
    oneDNN one by one: with it, forward and backward took 10 times as long as with plain products at 16 tokens, 7 times at
    32, 2.2 times at 128, and less from 256 on (torch 2.13, heads of 32).
    With dropout on attention torch uses plain products anyway.
    """
    if device.type == "cpu" and length <= SHORT and torch.get_float32_matmul_precision() == "medium":
        return sdpa_kernel(SDPBackend.MATH)
    return contextlib.nullcontext()

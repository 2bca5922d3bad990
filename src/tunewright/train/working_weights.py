"""Weights in bfloat16 for the passes, in float32 for the optimiser: `runtime.precision: bf16_master`.

The parameters of the model stay what they are, float32, for the optimiser, the average, checkpoints and evaluation: the
masters. Inside `in_use` the model has copies of them in bfloat16 instead. What the backward pass gives a copy is added to the
gradient of its master at once, in float32: in bfloat16 a sum of many micro-batches, and an update that is small beside its
weight, would be rounded away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn


class WorkingWeights:
    """Copies of a model's weights in a narrower type, and the gradients of the masters that come from them."""

    def __init__(self, model: nn.Module, dtype: torch.dtype) -> None:
        copies: dict[nn.Parameter, nn.Parameter] = {}
        self._places: list[tuple[dict[str, Any], str, Tensor, Tensor]] = []
        for module in model.modules():
            for name, table in module._buffers.items():
                # Positions that are added to words, as in M2M100. Statistics and rotary frequencies are vectors, and stay.
                if table is not None and table.is_floating_point() and table.ndim > 1:
                    self._places.append((module._buffers, name, table, table.to(dtype)))
            for name, master in module._parameters.items():
                if master is None or not master.is_floating_point():
                    continue
                if master not in copies:  # one that several modules share has one copy
                    copies[master] = _copy_of(master, dtype)
                self._places.append((module._parameters, name, master, copies[master]))
        self._moving = [(master, copy) for master, copy in copies.items() if master.requires_grad]

    @torch.no_grad()
    def refresh(self) -> None:
        """Bring the copies up to what the masters are now."""
        torch._foreach_copy_([copy for _, copy in self._moving], [master for master, _ in self._moving])

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Inside, the model computes with the copies, forward and backward."""
        for place, name, _, copy in self._places:
            place[name] = copy
        try:
            yield
        finally:
            for place, name, master, _ in self._places:
                place[name] = master


def master_of(parameter: Tensor) -> Tensor:
    """The parameter whose gradient the optimiser reads: itself, or the master of a working copy."""
    found: Tensor = getattr(parameter, "_master", parameter)
    return found


def _copy_of(master: nn.Parameter, dtype: torch.dtype) -> nn.Parameter:
    copy = nn.Parameter(master.detach().to(dtype, copy=True), requires_grad=master.requires_grad)
    copy._master = master  # type: ignore[attr-defined]
    if master.requires_grad:
        copy.register_post_accumulate_grad_hook(_hand_over)  # type: ignore[no-untyped-call]
    return copy


@torch.no_grad()
def _hand_over(copy: Tensor) -> None:
    master, gradient = master_of(copy), copy.grad
    if gradient is None:  # a table of words adds to its master by itself (`used_rows.py`)
        return
    if master.grad is None:
        master.grad = gradient.to(master.dtype)
    else:
        master.grad += gradient
    copy.grad = None

"""An exponential moving average of the weights: often a little better than the last weights, and steadier."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

Parameters = Mapping[str, nn.Parameter]


class EMA:
    """`average = decay * average + (1 - decay) * weights` after each step, from the first weights on.

    It looks back over about `1 / (1 - decay)` steps; with fewer steps than that it still hangs on the first weights.
    """

    def __init__(self, parameters: Parameters, *, decay: float) -> None:
        self.decay = decay
        self._average = {name: _wide(parameter.detach()).clone() for name, parameter in parameters.items()}

    @torch.no_grad()
    def update(self, parameters: Parameters) -> None:
        """Take in the weights as they are now."""
        assert parameters.keys() == self._average.keys()
        weights = [_wide(parameter.detach()) for parameter in parameters.values()]
        torch._foreach_lerp_(list(self._average.values()), weights, 1.0 - self.decay)

    @contextlib.contextmanager
    def swapped(self, parameters: Parameters) -> Iterator[None]:
        """Inside, the parameters hold the average; afterwards, bit for bit what they held before."""
        stashed = {name: parameter.detach().clone() for name, parameter in parameters.items()}
        _copy(self._average, parameters)
        try:
            yield
        finally:
            _copy(stashed, parameters)

    def state(self) -> dict[str, Tensor]:
        """The average by the names of the parameters: plain tensors, for a checkpoint."""
        return dict(self._average)

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        _copy(tensors, self._average)


@torch.no_grad()
def _copy(source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    assert source.keys() == target.keys(), f"other parameters: {sorted(source.keys() ^ target.keys())[:5]}"
    for name, tensor in target.items():
        tensor.copy_(source[name])


def _wide(tensor: Tensor) -> Tensor:
    """Float32 at least: in bfloat16 an average would stand still."""
    return tensor.float() if tensor.dtype in (torch.bfloat16, torch.float16) else tensor

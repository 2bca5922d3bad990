"""The optimisers in plain sight: settings, and how they build the object that moves the weights.

Each docstring states its update for one weight `x` with gradient `g`, learning rate `a` and step `t`, counted from 1.
`decay` is *coupled* where it is added to the gradient (`g += decay * x`), and *decoupled* where it shrinks the weight
(`x -= a * decay * x`). Everything is torch's own; `tests/reference` holds each rule written out by hand against it.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field

from tunewright.optim.settings import Group, OptimizerSettings, uses_fused


class GdConfig(OptimizerSettings):
    """Gradient descent: `x -= a * g`, with the gradient of all rows. It requires `train.examples_per_step: all`."""

    name: Literal["gd"] = "gd"
    """Which optimiser."""
    learning_rate: float = Field(default=0.1, gt=0)
    """Step size. Without noise in the gradient it may be high; without momentum it must be."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Coupled decay."""
        return torch.optim.SGD(groups, lr=self.learning_rate, fused=uses_fused(groups))


class SgdConfig(OptimizerSettings):
    """Stochastic gradient descent: `x -= a * g`, with the gradient of a few rows at a time."""

    name: Literal["sgd"] = "sgd"
    """Which optimiser."""
    learning_rate: float = Field(default=0.1, gt=0)
    """Step size."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Coupled decay."""
        return torch.optim.SGD(groups, lr=self.learning_rate, fused=uses_fused(groups))


class MomentumConfig(OptimizerSettings):
    """SGD with a heavy ball: `b = momentum * b + g` (at first `b = g`), `x -= a * b`."""

    name: Literal["momentum"] = "momentum"
    """Which optimiser."""
    learning_rate: float = Field(default=0.01, gt=0)
    """Step size; the steady step is `1 / (1 - momentum)` times as long."""
    momentum: float = Field(default=0.9, gt=0, lt=1)
    """Share of the last step that goes on."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Coupled decay."""
        return torch.optim.SGD(groups, lr=self.learning_rate, momentum=self.momentum, fused=uses_fused(groups))


class NesterovConfig(OptimizerSettings):
    """SGD with momentum that looks ahead: `b = momentum * b + g` (at first `b = g`), `x -= a * (g + momentum * b)`."""

    name: Literal["nesterov"] = "nesterov"
    """Which optimiser."""
    learning_rate: float = Field(default=0.01, gt=0)
    """Step size; the steady step is `1 / (1 - momentum)` times as long."""
    momentum: float = Field(default=0.9, gt=0, lt=1)
    """Share of the last step that goes on."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Coupled decay."""
        return torch.optim.SGD(
            groups, lr=self.learning_rate, momentum=self.momentum, nesterov=True, fused=uses_fused(groups)
        )


class AdagradConfig(OptimizerSettings):
    """Steps shrink where gradients were: `s += g^2`, `x -= a * g / (sqrt(s) + eps)` (Duchi et al. 2011)."""

    name: Literal["adagrad"] = "adagrad"
    """Which optimiser."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Size of the first step of every weight."""
    eps: float = Field(default=1e-10, gt=0)
    """Keeps the division finite."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Coupled decay. torch has the fused step for the CPU alone."""
        return torch.optim.Adagrad(
            groups, lr=self.learning_rate, eps=self.eps, fused=uses_fused(groups, devices=("cpu",))
        )


class RMSpropConfig(OptimizerSettings):
    """Adagrad that forgets: `s = alpha * s + (1 - alpha) * g^2`, `x -= a * g / (sqrt(s) + eps)` (Hinton 2012)."""

    name: Literal["rmsprop"] = "rmsprop"
    """Which optimiser."""
    learning_rate: float = Field(default=5e-5, gt=0)
    """About the size of one step of a weight."""
    alpha: float = Field(default=0.99, ge=0, lt=1)
    """Memory of the squared gradients."""
    eps: float = Field(default=1e-8, gt=0)
    """Keeps the division finite."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Coupled decay. torch has no fused step for it."""
        return torch.optim.RMSprop(groups, lr=self.learning_rate, alpha=self.alpha, eps=self.eps)


class AdamConfig(OptimizerSettings):
    """Adam (Kingma and Ba 2015).

    `m = beta1 * m + (1 - beta1) * g`, `v = beta2 * v + (1 - beta2) * g^2`,
    `x -= a * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`.
    """

    name: Literal["adam"] = "adam"
    """Which optimiser."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """About the size of one step of a weight."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Memory of the gradients and of their squares."""
    eps: float = Field(default=1e-8, gt=0)
    """Keeps the division finite."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Coupled decay: with Adam that hardly regularises, take `adamw` instead."""
        return torch.optim.Adam(groups, lr=self.learning_rate, betas=self.betas, eps=self.eps, fused=uses_fused(groups))


class AdamWConfig(OptimizerSettings):
    """Adam with decoupled decay: the update of `adam`, and `x -= a * decay * x` (Loshchilov and Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    """Which optimiser."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """About the size of one step of a weight. Encoders of up to 50 M parameters like 5e-5 to 1e-4, larger ones 2e-5 to 5e-5."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Decoupled: a share `learning_rate * weight_decay` of each matrix is taken away per step."""
    betas: tuple[float, float] = (0.9, 0.999)
    """Memory of the gradients and of their squares."""
    eps: float = Field(default=1e-8, gt=0)
    """Keeps the division finite."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Decoupled decay."""
        return torch.optim.AdamW(
            groups, lr=self.learning_rate, betas=self.betas, eps=self.eps, fused=uses_fused(groups)
        )


class AdafactorConfig(OptimizerSettings):
    """Adam's second moment kept as a row and a column per matrix, and no first: little memory (Shazeer and Stern 2018).

    With `b = t^beta2_decay`, for a matrix: `r += b * (mean over columns of g^2 - r)`, `c` alike over rows,
    `v = r c / mean(r)`; for a vector `v += b * (g^2 - v)`. Then `u = g / max(sqrt(v), e)` with the float's own e,
    `u /= max(1, rms(u) / clip)`, `x -= max(1e-3, rms(x)) * min(a, 1 / sqrt(t)) * u`.
    """

    name: Literal["adafactor"] = "adafactor"
    """Which optimiser."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Size of a step relative to the size of the tensor: 1e-3 moves a matrix by a thousandth of itself."""
    beta2_decay: float = Field(default=-0.8, lt=0)
    """How quickly the memory of the squared gradients grows."""
    clip: float = Field(default=1.0, gt=0)
    """Largest root mean square of an update before scaling."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Decoupled decay."""
        return torch.optim.Adafactor(groups, lr=self.learning_rate, beta2_decay=self.beta2_decay, d=self.clip)

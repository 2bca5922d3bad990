"""Muon for the matrices inside the layers, AdamW for all the rest, behind one optimiser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from pydantic import Field

from tunewright.optim.settings import Group, OptimizerSettings, uses_fused


class MuonConfig(OptimizerSettings):
    """Momentum whose step is turned into the nearest orthogonal matrix (Jordan 2024), for 2-D weights inside layers.

    `b = momentum * b + (1 - momentum) * g`, `o = orthogonal((1 - momentum) * g + momentum * b)` by five Newton-Schulz
    steps in bfloat16, `x -= a * decay * x`, `x -= a * 0.2 * sqrt(max(rows, columns)) * o`. The last factor gives steps
    of the size that AdamW takes (Liu et al. 2025), so that one learning rate serves both. Embeddings, heads, biases and
    norms go to AdamW.
    """

    name: Literal["muon"] = "muon"
    """Which optimiser."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Of both parts."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Decoupled, in both parts."""
    momentum: float = Field(default=0.95, gt=0, lt=1)
    """Memory of the gradients of the matrices."""
    betas: tuple[float, float] = (0.9, 0.999)
    """AdamW's, for all the rest."""
    eps: float = Field(default=1e-8, gt=0)
    """AdamW's, for all the rest."""

    def build(self, groups: list[Group]) -> torch.optim.Optimizer:
        """Groups with `hidden_matrices` go to Muon."""
        return MuonWithAdamW(groups, config=self)


class MuonWithAdamW(torch.optim.Optimizer):
    """Two optimisers over one list of groups and one state, so that it is saved and read like any other."""

    def __init__(self, groups: list[Group], *, config: MuonConfig) -> None:
        muon_groups = [group for group in groups if group["hidden_matrices"]]
        other_groups = [group for group in groups if not group["hidden_matrices"]]
        self._muon = (
            torch.optim.Muon(
                muon_groups, lr=config.learning_rate, momentum=config.momentum, adjust_lr_fn="match_rms_adamw"
            )
            if muon_groups
            else None
        )
        self._adamw = (
            torch.optim.AdamW(
                other_groups, lr=config.learning_rate, betas=config.betas, eps=config.eps, fused=uses_fused(groups)
            )
            if other_groups
            else None
        )
        # The parts have put their own settings into the groups by now, so there is nothing left to set by default.
        super().__init__(groups, {"lr": config.learning_rate})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of both parts."""
        assert closure is None, "the step is taken on gradients that are there"
        for part, is_muon in ((self._muon, True), (self._adamw, False)):
            if part is not None:
                # Linked anew each time: loading a state replaces the groups and the state of this object.
                part.param_groups = [group for group in self.param_groups if group["hidden_matrices"] == is_muon]
                part.state = self.state
                part.step()  # type: ignore[no-untyped-call, unused-ignore]

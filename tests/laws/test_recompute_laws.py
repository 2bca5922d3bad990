"""Gradient checkpointing changes no gradient, with dropout on as well: what is computed again is what it was."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.laws.fits import make_fit
from tunewright.batching import Piece
from tunewright.models.checkpointing import keep_no_activations
from tunewright.models.first_token import first_token_only
from tunewright.train.fit import _step_parts, _TrainingState
from tunewright.train.step import accumulate_gradients

ALLOWED = 1e-12


def gradient(folder: Path, *, recomputes: bool, wrong: bool = False) -> dict[str, torch.Tensor]:
    """Of a step of two micro-batches in float64, dropout on."""
    plan = make_fit(folder, double=True, dropout=True)
    plan = replace(plan, train=plan.train.model_copy(update={"gradient_checkpointing": recomputes}))
    if recomputes:
        keep_no_activations(plan.model)
    plan.model.train()
    with first_token_only(plan.model):
        parts = _step_parts(plan, _TrainingState(plan, None))
        if wrong:
            parts = replace(parts, recomputes=False)
        pieces = [Piece(rows=rows, index=i, counts=True) for i, rows in enumerate((np.arange(4), np.arange(4, 7)))]
        accumulate_gradients(parts, pieces, step=3, total_weight=float(plan.store.weights[:7].sum()))
    return {name: p.grad.clone() for name, p in plan.model.named_parameters() if p.grad is not None}


def largest_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    assert one.keys() == other.keys()
    size = max(float(value.norm()) for value in one.values())
    return max(float((one[name] - other[name]).norm()) for name in one) / size


def test_the_gradient_is_that_of_keeping_all_activations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    again = gradient(tmp_path, recomputes=True)
    # Beside it, torch's own dropout: the cheap one draws other masks.
    monkeypatch.setattr("tunewright.train.step.cheap_dropout", lambda *_, **__: contextlib.nullcontext())
    assert largest_difference(again, gradient(tmp_path, recomputes=False)) <= ALLOWED


def test_with_masks_that_are_drawn_on_it_would_fail(tmp_path: Path) -> None:
    """The control: the cheap dropout in the forward pass alone. torch notices, because other tensors are kept."""
    failed: Any = None
    try:
        wrong = gradient(tmp_path, recomputes=True, wrong=True)
        failed = largest_difference(wrong, gradient(tmp_path, recomputes=True)) > 1e-3
    except torch.utils.checkpoint.CheckpointError as error:
        failed = error
    assert failed

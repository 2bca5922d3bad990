"""Laws of weights in bfloat16 with masters in float32: the bookkeeping adds nothing, and nothing small is rounded away."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.laws.fits import digest_of, make_fit
from tunewright.batching import cut, deal
from tunewright.core.errors import StoppedBySignal
from tunewright.train import FitPlan, fit
from tunewright.train.fit import _step_parts, _TrainingState
from tunewright.train.step import accumulate_gradients
from tunewright.train.working_weights import WorkingWeights

FIT = sys.modules["tunewright.train.fit"]
"""The module; the package has a function of that name."""


def with_masters(plan: FitPlan) -> FitPlan:
    return replace(plan, machine=replace(plan.machine, precision="bf16_master"))


@pytest.mark.parametrize("settings", [{}, {"words": 20}, {"gradient_checkpointing": True}, {"ema_decay": 0.8}], ids=str)
def test_copies_of_the_same_type_give_the_same_bits(
    settings: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_fit(tmp_path, double=True, max_tokens=20, **settings)  # type: ignore[arg-type]
    fit(plain, checkpoints=None)
    monkeypatch.setattr(FIT, "WorkingWeights", lambda model, _: WorkingWeights(model, torch.float64))
    copied = with_masters(make_fit(tmp_path, double=True, max_tokens=20, **settings))  # type: ignore[arg-type]
    fit(copied, checkpoints=None)
    assert digest_of(copied) == digest_of(plain)
    assert all(parameter.dtype == torch.float64 for parameter in copied.model.parameters())


def test_control_a_gradient_that_is_not_handed_over_gives_other_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_fit(tmp_path, double=True)
    fit(plain, checkpoints=None)
    monkeypatch.setattr(FIT, "WorkingWeights", lambda model, _: WorkingWeights(model, torch.float64))
    monkeypatch.setattr(WorkingWeights, "refresh", lambda self: None)
    copied = with_masters(make_fit(tmp_path, double=True))
    fit(copied, checkpoints=None)
    assert digest_of(copied) != digest_of(plain)


def test_a_run_that_was_stopped_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    whole = with_masters(make_fit(tmp_path / "whole"))
    fit(whole, checkpoints=tmp_path / "a")
    calls = iter(range(100))
    with pytest.raises(StoppedBySignal):
        fit(
            with_masters(make_fit(tmp_path / "b")),
            checkpoints=tmp_path / "c",
            stop=lambda: 15 if next(calls) == 2 else None,
        )
    again = with_masters(make_fit(tmp_path / "b"))
    fit(again, checkpoints=tmp_path / "c")
    assert digest_of(again) == digest_of(whole)
    assert {parameter.dtype for parameter in again.model.parameters()} == {torch.float32}


def gradient(plan: FitPlan, *, pieces: int) -> torch.Tensor:
    """Of one step over all rows, cut into so many micro-batches or more, as one vector."""
    plan.model.train()
    parts = _step_parts(plan, _TrainingState(plan, None))
    longest = int(plan.store.lengths[plan.rows].max())
    config = plan.batching.model_copy(update={"max_tokens": longest * -(-len(plan.rows) // pieces)})
    groups = cut(plan.rows, lengths=plan.store.lengths, windows=plan.store.num_windows, config=config)
    accumulate_gradients(parts, deal(groups, rank=0, num_ranks=1), step=0, total_weight=float(len(plan.rows)))
    found = torch.cat([p.grad.double().reshape(-1) for p in parts.parameters if p.grad is not None])
    assert all(p.grad is None or p.grad.dtype == p.dtype for p in parts.parameters)
    return found


def test_the_gradient_is_that_of_float32_to_the_digits_of_bfloat16(tmp_path: Path) -> None:
    exact = gradient(make_fit(tmp_path, dropout=False, double=True), pieces=1)
    for pieces in (1, 10):
        rounded = gradient(with_masters(make_fit(tmp_path, dropout=False)), pieces=pieces)
        difference = float((rounded - exact).norm() / exact.norm())
        assert 1e-4 < difference < 0.03, difference  # bfloat16 has eight bits: and it is in use


def test_updates_too_small_for_bfloat16_are_not_lost(tmp_path: Path) -> None:
    small = {"steps": 12, "epochs": None, "max_grad_norm": None}
    before = make_fit(tmp_path, dropout=False, **small).model.state_dict()
    plan = with_masters(make_fit(tmp_path, dropout=False, **small))
    plan = replace(plan, optimizer=plan.optimizer.model_copy(update={"learning_rate": 1e-6, "weight_decay": 0.0}))
    fit(plan, checkpoints=None)
    moved = {
        name: float((w - before[name]).abs().max())
        for name, w in plan.model.state_dict().items()
        if w.is_floating_point()
    }
    assert max(moved.values()) > 2e-6
    name = max(moved, key=moved.__getitem__)
    in_bf16 = before[name].bfloat16()
    assert torch.equal(
        (in_bf16 + 1e-6).bfloat16()[in_bf16.abs() > 1e-3], in_bf16[in_bf16.abs() > 1e-3]
    )  # there it would stand still


def test_positions_that_are_no_weights_go_along() -> None:
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(
        vocab_size=20, d_model=8, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=8, decoder_ffn_dim=8, max_position_embeddings=16,
    )  # fmt: skip
    model = M2M100ForConditionalGeneration(config)
    ids = torch.tensor([[3, 4, 5]])
    tables = [table.dtype for table in model.buffers()]
    with WorkingWeights(model, torch.bfloat16).in_use():
        model(input_ids=ids, labels=ids).loss.backward()
    assert [table.dtype for table in model.buffers()] == tables == [torch.float32] * 2
    assert all(p.dtype == torch.float32 and (p.grad is None or p.grad.dtype == p.dtype) for p in model.parameters())

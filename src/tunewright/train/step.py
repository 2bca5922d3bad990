"""THE STEP. One optimiser step over its examples minimises

    L(theta) = sum_i w_i * l_i(theta) / sum_i w_i

over the positions i that carry an answer. Which examples are in a step is decided elsewhere and once (`batching/order`);
here they arrive already cut into micro-batches, and any cut gives the same gradient: the objective returns `sum w*l` per
row, the weight of the whole step is known from the token store before the first backward, and there is one division.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from tunewright.batching import Batch, Piece
from tunewright.core.errors import NonFiniteError
from tunewright.optim import clip_gradients
from tunewright.runtime import Machine, World, attention_kernel, cheap_dropout, seed_micro_batch
from tunewright.train.working_weights import WorkingWeights


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """What one optimiser step did."""

    step: int
    """Counted from 0."""
    loss: float
    """sum w*l / sum w over the step's examples, before the update."""
    learning_rate: float
    gradient_norm: float
    """Before clipping."""
    examples: int
    tokens: int
    """Real tokens, padding not counted."""
    seconds: float


@dataclass(frozen=True, kw_only=True)
class StepParts:
    """What the step is made of; the same objects for every step of a run."""

    model: torch.nn.Module
    objective: Callable[[torch.nn.Module, Batch], Tensor]
    """`sum w*l` of each row, (B,)."""
    parameters: Sequence[torch.nn.Parameter]
    """Those that may move."""
    optimizer: torch.optim.Optimizer
    make_batch: Callable[[Piece], Batch]
    row_ids: Sequence[str]
    machine: Machine
    world: World
    seed: int
    normalize: Literal["mean", "sum"]
    max_grad_norm: float | None
    working: WorkingWeights | None = None
    """The weights in bfloat16 that the passes compute with; None: the model's own."""
    recomputes: bool = False
    """Gradient checkpointing: parts of the forward pass are done again during the backward pass."""


def accumulate_gradients(
    parts: StepParts, pieces: Sequence[Piece], *, step: int, total_weight: float
) -> tuple[float, int]:
    """Add dL/dtheta of the whole step to `.grad`, summed over micro-batches and ranks; return L and this rank's tokens.

    Raises NonFiniteError, naming the rows, when a row's loss is NaN or infinite; all ranks then raise together.
    """
    divisor = total_weight if parts.normalize == "mean" else 1.0
    losses: list[Tensor] = []
    tokens = 0
    if parts.working:
        parts.working.refresh()
    for piece in pieces:
        batch = parts.make_batch(piece)
        device, seed = parts.machine.device, seed_micro_batch(parts.seed, step=step, micro_batch=piece.index)
        # What is computed again must be what it was: with the same kernels, and with torch's own dropout, whose generator
        # is set back for it. Ours would go on drawing.
        dropout = contextlib.nullcontext() if parts.recomputes else cheap_dropout(seed, device=device)
        weights = parts.working.in_use() if parts.working else contextlib.nullcontext()
        with attention_kernel(batch.length, device=device), weights:
            with parts.machine.autocast(), dropout:
                loss_B = parts.objective(parts.model, batch)
            torch.autograd.backward(loss_B.sum() / divisor)
        losses.append(loss_B.detach())
        tokens += batch.num_tokens if piece.counts else 0

    loss_of_rows = torch.cat(losses).double()
    _require_finite(parts, loss_of_rows, pieces, step=step)
    parts.world.sum_gradients(parts.parameters)
    # Rows are summed in the order of the store, so that the figure doesn't depend on the cut either.
    order = np.argsort(np.concatenate([piece.rows for piece in pieces]), kind="stable")
    total_loss = parts.world.sum_tensor(loss_of_rows[torch.from_numpy(order).to(loss_of_rows.device)].sum())
    return float(total_loss) / divisor, tokens


def train_step(
    parts: StepParts, pieces: Sequence[Piece], *, step: int, total_weight: float, learning_rate_factor: float
) -> StepRecord:
    """One optimiser step: gradients of all micro-batches, clip, update. No weight moves if anything is not finite."""
    began = time.perf_counter()
    loss, tokens = accumulate_gradients(parts, pieces, step=step, total_weight=total_weight)
    gradient_norm = clip_gradients(parts.parameters, parts.max_grad_norm)
    if not np.isfinite(gradient_norm):
        own = [parts.row_ids[row] for piece in pieces if piece.counts for row in piece.rows]
        rows = parts.world.gather_lists(own)
        parts.optimizer.zero_grad(set_to_none=True)
        raise NonFiniteError(
            f"Step {step}: the losses are finite, but the gradient is not (norm {gradient_norm}). No weight was changed. "
            "A lower `optimizer.learning_rate` or `runtime.precision: float32` usually helps.",
            row_ids=rows,
        )
    for group in parts.optimizer.param_groups:
        group["lr"] = group["initial_lr"] * learning_rate_factor
    parts.optimizer.step()
    parts.optimizer.zero_grad(set_to_none=True)
    examples = sum(len(piece.rows) for piece in pieces if piece.counts)
    examples, tokens = parts.world.sum_tensor(torch.tensor([examples, tokens])).tolist()
    return StepRecord(
        step=step,
        loss=loss,
        learning_rate=max(group["lr"] for group in parts.optimizer.param_groups),
        gradient_norm=gradient_norm,
        examples=examples,
        tokens=tokens,
        seconds=time.perf_counter() - began,
    )


def _require_finite(parts: StepParts, loss_of_rows: Tensor, pieces: Sequence[Piece], *, step: int) -> None:
    finite = torch.isfinite(loss_of_rows)
    if not parts.world.any_true(not bool(finite.all())):
        return
    rows = np.concatenate([piece.rows for piece in pieces])
    bad = parts.world.gather_lists([parts.row_ids[row] for row in rows[(~finite).cpu().numpy()]])
    parts.optimizer.zero_grad(set_to_none=True)
    raise NonFiniteError(
        f"Step {step}: the loss of {len(bad)} row(s) is NaN or infinite: {', '.join(bad[:5])}. No weight was changed. "
        "Look at these rows; a lower `optimizer.learning_rate` or `runtime.precision: float32` may also help.",
        row_ids=bad,
    )

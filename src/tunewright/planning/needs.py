"""What training by a plan needs of memory: a few micro-batches are tried, smaller ones first, and the largest is reckoned or tried.

For the machine that measures, resident memory is measured. For a card that is not here the parts are added up: weights, gradients
and the optimiser's state are known to the byte, what the forward pass keeps was counted here, and what the card's own
libraries hold is a guess with a wide range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from tunewright.batching import CutConfig
from tunewright.metrics.metric import Integers
from tunewright.planning.groups import sampled_groups
from tunewright.planning.memory import Estimate, MemoryModel, Shape
from tunewright.runtime import available_bytes
from tunewright.train import FitPlan, MeasuredShape, measure_shapes

TRIED = (0.0, 0.35, 0.7, 1.0)
"""Which micro-batches are tried, as quantiles by their tokens."""
SMALL = 2
"""So many are tried in any case."""
SAFE_SHARE = 0.8
"""Each of the others only if it is expected to leave a fifth of the memory that is free."""
LADDER = tuple(2**power for power in range(17, 6, -1))
"""Values of `batching.max_tokens` that are looked through, largest first."""

CONTEXT_BYTES, CONTEXT_LOW, CONTEXT_HIGH = 0.6e9, 0.3e9, 1.2e9
"""What a CUDA context with its libraries takes before the first tensor."""
WORKSPACE = 0.1
"""Held beside what autograd keeps: gradients of activations on their way, workspaces of products."""
ACTIVATION_DOUBT = 0.35
"""Kernels of another device keep more or less than ours."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One micro-batch that was measured."""

    shape: Shape
    measured: MeasuredShape


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Memory of a plan as a function of the shape of its micro-batches."""

    tried: tuple[Tried, ...]
    largest: Shape
    """That training will meet."""
    host: MemoryModel
    """Of this machine: the process, or torch's part of its GPU."""
    kept: MemoryModel | None
    """What the forward pass keeps; None where that could not be counted."""
    weight_bytes: int
    """Of the model, as it is saved."""
    held_bytes: int
    """Of all weights while it is trained."""
    trained_bytes: int
    optimizer_bytes: int
    answering_bytes: int
    """Held at most while rows are answered between two steps."""

    @property
    def training(self) -> Estimate:
        """At the largest micro-batch."""
        return self.host.at(self.largest)

    def on_card(self, shape: Shape) -> Estimate:
        """On a GPU that is not here, in all."""
        assert self.kept is not None, "asked only where activations were counted"
        activations = (1 + WORKSPACE) * max(0.0, self.kept.at(shape).bytes)
        certain = float(self.held_bytes + self.trained_bytes + self.optimizer_bytes)
        whole = Estimate(bytes=certain, low=certain, high=certain).plus(activations, doubt=ACTIVATION_DOUBT)
        return Estimate(bytes=whole.bytes + CONTEXT_BYTES, low=whole.low + CONTEXT_LOW, high=whole.high + CONTEXT_HIGH)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The largest micro-batches with which training stays within some memory."""

    max_tokens: int
    largest: Shape
    estimate: Estimate


def measure_needs(plan: FitPlan, *, answer: Callable[[torch.nn.Module], object] = lambda model: None) -> Needs:
    """Try some micro-batches with a learning rate of zero. `answer` has the model answer the rows that take most memory."""
    groups = _by_shape(plan, plan.batching)
    shapes = sorted(groups)
    device = plan.machine.device
    chosen = list(dict.fromkeys(shapes[round(share * (len(shapes) - 1))] for share in TRIED))

    def is_safe(measured: Sequence[MeasuredShape]) -> bool:
        """The small ones are; of the next one, by those."""
        if len(measured) < min(SMALL, len(chosen)):
            return True
        so_far = MemoryModel.fit(chosen[: len(measured)], [one.peak_bytes for one in measured])
        return so_far.at(chosen[len(measured)]).high - measured[-1].peak_bytes < SAFE_SHARE * available_bytes(device)

    found = measure_shapes(plan, [groups[shape] for shape in chosen], answer=answer, goes_on=is_safe)
    tried = [Tried(shape=shape, measured=one) for shape, one in zip(chosen, found.shapes, strict=False)]
    host = MemoryModel.fit([one.shape for one in tried], [one.measured.peak_bytes for one in tried])
    kept = [one.measured.saved_bytes for one in tried]
    return Needs(
        tried=tuple(tried), largest=max(shapes, key=lambda shape: (host.at(shape).bytes, shape)), host=host,
        kept=MemoryModel.fit([one.shape for one in tried], kept) if all(kept) else None,
        weight_bytes=found.weight_bytes, held_bytes=found.held_bytes, trained_bytes=found.trained_bytes,
        optimizer_bytes=found.optimizer_bytes, answering_bytes=found.answering_bytes,
    )  # fmt: skip


def largest_that_fits(needs: Needs, plan: FitPlan, *, memory: float, on_card: bool) -> Fit | None:
    """The largest `batching.max_tokens` whose micro-batches stay within the memory, range included; None: not even single rows.

    Where more would make no larger micro-batches, because steps are smaller, it is the least that makes them.
    """
    found: Fit | None = None
    for max_tokens in LADDER:
        shapes = _by_shape(plan, plan.batching.model_copy(update={"max_tokens": max_tokens}))
        estimates = {shape: needs.on_card(shape) if on_card else needs.host.at(shape) for shape in shapes}
        largest = max(shapes, key=lambda shape: (estimates[shape].bytes, shape))
        estimate = estimates[largest]
        if found is not None and estimate.bytes < found.estimate.bytes:
            break
        if estimate.high <= memory:
            found = Fit(max_tokens=max_tokens, largest=largest, estimate=estimate)
    return found


def _by_shape(plan: FitPlan, batching: CutConfig) -> dict[Shape, Integers]:
    """One micro-batch of each shape that training meets."""
    return dict(group for groups in sampled_groups(plan, batching=batching).values() for group in groups)

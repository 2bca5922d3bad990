"""Train only the rows of the word embeddings that the training texts have: the same weights, less work and memory.

A row whose token never occurs has a gradient of zero in every step, so all that moves it is weight decay; and decay is the
same factor for every such row. So the optimiser gets the rows that occur and *one row of ones* that stands for all others:
whatever it has become in the end is their factor. In MiniLM more than half of all parameters are word embeddings, and
a few thousand texts have a third of its 30,522 tokens; then gradients, moments, norms and checkpoints are that much smaller.

V  rows of the whole table     U  rows that occur     H  hidden size
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tunewright.optim import OptimizerConfig
from tunewright.train.plan import FitPlan
from tunewright.train.working_weights import master_of

WORTHWHILE = 0.9
"""With a larger share of the rows in use than this, nothing is done."""


@contextlib.contextmanager
def used_rows_only(plan: FitPlan) -> Iterator[None]:
    """Inside, the model of the plan has the smaller table, under the same name; after it, the whole one, trained."""
    owner = None if plan.drawn is not None else _only_owner(plan.model)  # a draw may put any token into a text
    if owner is None or not unused_rows_only_shrink(plan.optimizer):
        yield
        return
    module, attribute = owner
    whole: nn.Embedding = getattr(module, attribute)
    used = _used_ids(plan)
    if len(used) > WORTHWHILE * whole.num_embeddings or used[-1] >= whole.num_embeddings:
        yield
        return
    smaller = UsedRows(whole, torch.from_numpy(used).to(whole.weight.device))
    setattr(module, attribute, smaller)
    try:
        yield
    finally:
        smaller.write_back()
        setattr(module, attribute, whole)


class UsedRows(nn.Embedding):
    """In place of an embedding: `weight` (U + 1, H) is what is trained. Any id of the whole table may still be looked up."""

    place_V: Tensor
    """Of each id in `weight`; U for those that do not occur."""

    def __init__(self, whole: nn.Embedding, used_U: Tensor) -> None:
        ones = torch.ones_like(whole.weight[:1])
        rows = torch.cat([whole.weight.detach()[used_U], ones])
        super().__init__(len(rows), whole.embedding_dim, _weight=rows)
        self.train(whole.training)
        place_V = torch.full((whole.num_embeddings,), len(used_U), device=used_U.device)
        place_V[used_U] = torch.arange(len(used_U), device=used_U.device)
        self.register_buffer("place_V", place_V, persistent=False)
        self._used_U = used_U
        self._whole = (whole,)  # in a tuple, so that it is no part of the model
        self._padding = -1 if whole.padding_idx is None else int(place_V[whole.padding_idx])
        self._gradient: Tensor | None = None

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's name
        """The rows of these ids, as the whole table would have them now."""
        places = self.place_V[input]
        if torch.is_grad_enabled():  # training texts have no other ids
            if self.weight.device.type == "cpu":
                found: Tensor = _Lookup.apply(self.weight, places, self)  # type: ignore[no-untyped-call]
                return found
            return F.embedding(places, self.weight, self._padding if self._padding >= 0 else None)
        unused = (places == len(self._used_U)).unsqueeze(-1)
        return torch.where(unused, self._whole[0].weight[input] * self.weight[-1], self.weight[places])

    @torch.no_grad()
    def write_back(self) -> None:
        """Put the trained rows into the whole table, and decay the others by their factor."""
        whole_VH = self._whole[0].weight
        whole_VH.mul_(self.weight[-1])
        whole_VH[self._used_U] = self.weight[:-1]

    def add_gradient(self, places: Tensor, gradient: Tensor) -> None:
        """Add to the rows of `.grad`, which is zeroed and not allocated anew in each step."""
        weight = master_of(self.weight)
        if weight.grad is None:
            if self._gradient is None:
                self._gradient = torch.zeros_like(weight)
            weight.grad = self._gradient.zero_()
        places, gradient = places.reshape(-1), gradient.reshape(-1, gradient.shape[-1]).to(weight.dtype)
        if self._padding >= 0:
            real = places != self._padding
            places, gradient = places[real], gradient[real]
        weight.grad.index_add_(0, places, gradient)


class _Lookup(torch.autograd.Function):
    """Torch's own backward makes a new gradient of the whole table for every micro-batch, nearly all of it zeros."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, places: Tensor, module: UsedRows) -> Tensor:
        ctx.save_for_backward(places)
        ctx.module = module
        return weight[places]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, None]:
        (places,) = ctx.saved_tensors
        ctx.module.add_gradient(places, gradients[0])
        return None, None, None


def unused_rows_only_shrink(optimizer: OptimizerConfig) -> bool:
    """Whether a row without a gradient is moved by a factor that does not depend on the row.

    So it is with decoupled decay, with none, and with plain sums of gradients; Adafactor's rows depend on each other.
    """
    if optimizer.name == "adafactor":
        return False
    return optimizer.weight_decay == 0 or optimizer.name in ("adamw", "muon", "gd", "sgd", "momentum", "nesterov")


def _used_ids(plan: FitPlan) -> Any:
    stream = plan.store.streams["input"]
    seen = np.zeros(int(stream.values.max(initial=0)) + 1, bool)
    for row in plan.rows:
        seen[stream[row]] = True
    return np.union1d(np.flatnonzero(seen), [plan.pad_id]).astype(np.int64)


def _only_owner(model: nn.Module) -> tuple[nn.Module, str] | None:
    """Where the table of words stands in the model, if it is a plain one that moves and nothing else shares it."""
    get = getattr(model, "get_input_embeddings", None)
    table = get() if get else None
    if type(table) is not nn.Embedding or not table.weight.requires_grad:
        return None
    if table.max_norm is not None or table.scale_grad_by_freq or table.sparse:
        return None
    owners = [(m, name) for m in model.modules() for name, child in m.named_children() if child is table]
    holders = [m for m in model.modules() for p in m._parameters.values() if p is table.weight]
    return owners[0] if len(owners) == 1 and len(holders) == 1 else None

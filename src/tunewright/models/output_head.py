"""Logits only where something is to be predicted, a few at a time: memory that doesn't grow with vocabulary x length.

The matrix that makes logits is as large as the vocabulary. So it is kept out of the model's own forward pass: hidden states
are taken at the places that count, and the head is applied to a chunk of them after the other, each chunk computed again in
the backward pass. That is right only where head and hidden states are all there is to the model's logits. Whether they are
is not looked up but *tried* (`find_head`), with the corrections that architectures are known to make; where nothing fits,
the model computes its own logits.

W  windows   U  places of prediction   P  places that count   H  hidden size   V  vocabulary
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from tunewright.models.evaluating import evaluating
from tunewright.models.layers import base_model

CHUNK_TOKENS = 1024
"""Places whose logits are in memory at a time: 1024 x 151k x 4 bytes = 0.6 GB, and twice that in the backward pass."""
AGREEMENT = 1e-5
"""Largest difference from the model's own logits, over the largest logit, at which a way counts as the same."""

PerToken = Callable[[Tensor, Tensor], Tensor]
"""logits (P, V), targets (P,) -> one number a place, (P,)."""

Way = Literal["base_model", "through", "logits"]


@dataclass(frozen=True, kw_only=True)
class OutputHead:
    """How to get logits out of a model, as found by trying."""

    way: Way
    """`base_model`: the part below the head is called. `through`: the head is taken out while the model runs.
    `logits`: the model makes its own, at the places that count if it can be told which."""
    correction: str
    """Name in `CORRECTIONS` of what the model does to logits behind its head."""

    def per_token(
        self, model: nn.Module, inputs: Mapping[str, Tensor], *, kept_WU: Tensor, targets_P: Tensor, function: PerToken,
        chunk_tokens: int = CHUNK_TOKENS,
    ) -> Tensor:  # fmt: skip
        """`function(logits, targets)` at the places of `kept_WU`, in their order, (P,); with gradients if they are on."""
        if self.way == "logits":
            return function(own_logits(model, inputs, kept_WU), targets_P)
        hidden_PH = _hidden(model, inputs, self.way)[kept_WU]
        if not len(hidden_PH):
            # Every rank must have something to go backward through, though it adds nothing.
            return hidden_PH.sum(dim=1)

        def of_chunk(hidden: Tensor, targets: Tensor) -> Tensor:
            return function(self._project(model, hidden), targets)

        parts = []
        for start in range(0, len(hidden_PH), chunk_tokens):
            piece = hidden_PH[start : start + chunk_tokens], targets_P[start : start + chunk_tokens]
            again = torch.is_grad_enabled() and len(hidden_PH) > chunk_tokens
            parts.append(checkpoint(of_chunk, *piece, use_reentrant=False) if again else of_chunk(*piece))
        return torch.cat(parts)

    def _project(self, model: nn.Module, hidden_PH: Tensor) -> Tensor:
        logits: Tensor = _head_of(model)(hidden_PH)
        return CORRECTIONS[self.correction](model, logits)


def find_head(model: nn.Module, inputs: Mapping[str, Tensor]) -> OutputHead:
    """The cheapest way to the model's logits that gives its own, tried on a small batch; nothing of the model is changed."""
    with evaluating(model):
        own = model(**inputs, use_cache=False).logits
        for way in ("base_model", "through"):
            hidden = _try_hidden(model, inputs, way)
            if hidden is None or hidden.shape[:2] != own.shape[:2]:
                continue
            raw = _head_of(model)(hidden)
            for name, correct in CORRECTIONS.items():
                if _agrees(correct, model, raw, own):
                    return OutputHead(way=way, correction=name)
    return OutputHead(way="logits", correction="none")


def own_logits(model: nn.Module, inputs: Mapping[str, Tensor], kept_WU: Tensor) -> Tensor:
    """The model's own logits at the places of `kept_WU`, (P, V); it is told the places if it takes them."""
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        found: Tensor = model(**inputs, use_cache=False, logits_to_keep=kept_WU).logits
        if found.ndim == 2:
            return found
        assert found.shape[:2] == kept_WU.shape, f"{type(model).__name__} made logits {tuple(found.shape)}"
        return found[kept_WU]
    whole: Tensor = model(**inputs, use_cache=False).logits[kept_WU]
    return whole


def _plain(model: Any, logits: Tensor) -> Tensor:
    return logits


def _add_bias(model: Any, logits: Tensor) -> Tensor:
    """BART, Marian and their kin add a buffer."""
    corrected: Tensor = logits + model.final_logits_bias
    return corrected


def _soft_cap(model: Any, logits: Tensor) -> Tensor:
    """Gemma 2 bends large logits."""
    cap: float = model.config.final_logit_softcapping
    return torch.tanh(logits / cap) * cap


def _multiply(model: Any, logits: Tensor) -> Tensor:
    """Cohere."""
    corrected: Tensor = logits * model.config.logit_scale
    return corrected


def _divide(model: Any, logits: Tensor) -> Tensor:
    """Granite."""
    corrected: Tensor = logits / model.config.logits_scaling
    return corrected


CORRECTIONS: dict[str, Callable[[Any, Tensor], Tensor]] = {
    "none": _plain,
    "bias": _add_bias,
    "soft_cap": _soft_cap,
    "multiply": _multiply,
    "divide": _divide,
}
"""What architectures do to logits behind their head; each is only taken where it reproduces the model's own logits."""


def _agrees(correct: Callable[[Any, Tensor], Tensor], model: nn.Module, raw: Tensor, own: Tensor) -> bool:
    try:
        corrected = correct(model, raw)
    except (AttributeError, TypeError, RuntimeError):
        return False  # this model has no such number
    difference = (corrected.double() - own.double()).abs().max()
    return bool(difference <= AGREEMENT * own.double().abs().max())


def _head_of(model: nn.Module) -> nn.Module:
    head = model.get_output_embeddings()  # type: ignore[operator]
    assert isinstance(head, nn.Module), f"{type(model).__name__} names no output layer"
    return head


def _hidden(model: nn.Module, inputs: Mapping[str, Tensor], way: Way) -> Tensor:
    """What goes into the head, (W, U, H)."""
    if way == "base_model":
        hidden: Tensor = base_model(model)(**inputs, use_cache=False)[0]
        return hidden
    with _taken_out(_head_of(model)):
        through: Tensor = model(**inputs, use_cache=False).logits
        return through


def _try_hidden(model: nn.Module, inputs: Mapping[str, Tensor], way: Way) -> Tensor | None:
    if way == "base_model" and base_model(model) is model:
        return None
    try:
        found = _hidden(model, inputs, way)
    except Exception:  # whatever an architecture that is built otherwise raises, this way is not its way
        return None
    return found if found.shape[-1] == getattr(_head_of(model), "in_features", found.shape[-1]) else None


@contextlib.contextmanager
def _taken_out(head: nn.Module) -> Iterator[None]:
    """Inside, the head hands on what it is given."""
    head.forward = _hand_on
    try:
        yield
    finally:
        del head.forward


def _hand_on(hidden: Tensor, *_: Any, **__: Any) -> Tensor:
    return hidden

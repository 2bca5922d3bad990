"""How likely a model finds given continuations: log p of each of their tokens, after what stands before them.

B  rows     T  tokens, padded     U  places where something is predicted, padded
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from tunewright.models.evaluating import evaluating
from tunewright.models.output_head import OutputHead, find_head
from tunewright.models.rectangles import groups_by_length, rectangle
from tunewright.runtime import attention_kernel

Tokens = npt.NDArray[np.int32]
LogProbs = npt.NDArray[np.float64]


def token_log_probs(
    model: Any, contexts: Sequence[Tokens], continuations: Sequence[Tokens], *, pad_id: int, decoder_start_id: int | None,
    head: OutputHead | None = None, most_tokens: int = 8192, device: torch.device | None = None,
) -> list[LogProbs]:  # fmt: skip
    """log p of each token of each continuation, in nats; as long as the continuation, in the order given.

    Of a decoder (`decoder_start_id` None) a context is what stands before, at least one token; of an encoder-decoder it is the
    source. The model is used in evaluation mode, without gradients. `head` is looked for if it is not given.
    """
    inputs_of = _decoder_inputs if decoder_start_id is None else _encoder_decoder_inputs
    sizes = np.array([len(a) + len(b) for a, b in zip(contexts, continuations, strict=True)], np.int64)
    found: list[LogProbs] = [np.zeros(0)] * len(contexts)
    with evaluating(model):
        for group in groups_by_length(sizes, most_tokens=most_tokens):
            rows = [group_row for group_row in group if len(continuations[group_row])]
            if not rows:
                continue
            inputs, targets_BU, kept_BU = inputs_of(
                [contexts[row] for row in rows], [continuations[row] for row in rows],
                pad_id=pad_id, start=decoder_start_id or 0, device=device or model.device,
            )  # fmt: skip
            if head is None:
                head = find_head(model, {name: tensor[:2] for name, tensor in inputs.items()})
            with attention_kernel(inputs["input_ids"].shape[1], device=inputs["input_ids"].device):
                losses_P = head.per_token(
                    model, inputs, kept_WU=kept_BU, targets_P=targets_BU[kept_BU], function=negative_log_prob
                )
            values = -losses_P.double().cpu().numpy()
            ends = np.cumsum([len(continuations[row]) for row in rows])
            for row, piece in zip(rows, np.split(values, ends[:-1]), strict=True):
                found[row] = piece
    return found


def negative_log_prob(logits_PV: Tensor, targets_P: Tensor) -> Tensor:
    """-log p of each target, (P,), in float32 or better."""
    wide = torch.promote_types(logits_PV.dtype, torch.float32)
    return F.cross_entropy(logits_PV.to(wide), targets_P, reduction="none")


def _decoder_inputs(
    contexts: Sequence[Tokens], continuations: Sequence[Tokens], *, pad_id: int, start: int, device: torch.device | None
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """One text a row; what is predicted at a place is the token behind it."""
    whole = [np.concatenate([a, b]) for a, b in zip(contexts, continuations, strict=True)]
    ids, mask = rectangle([row[:-1] for row in whole], fill=pad_id, side="right", device=device)
    targets, real = rectangle([row[1:] for row in whole], fill=0, side="right", device=device)
    first = torch.tensor([len(row) - 1 for row in contexts], device=device)
    kept = real.bool() & (torch.arange(targets.shape[1], device=device)[None, :] >= first[:, None])
    return {"input_ids": ids, "attention_mask": mask}, targets, kept


def _encoder_decoder_inputs(
    contexts: Sequence[Tokens], continuations: Sequence[Tokens], *, pad_id: int, start: int, device: torch.device | None
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """The source for the encoder, and for the decoder the continuation moved one place to the right."""
    ids, mask = rectangle(contexts, fill=pad_id, side="right", device=device)
    moved = [np.concatenate([np.array([start], np.int32), row[:-1]]) for row in continuations]
    decoder, real = rectangle(moved, fill=pad_id, side="right", device=device)
    targets, _ = rectangle(continuations, fill=0, side="right", device=device)
    return {"input_ids": ids, "attention_mask": mask, "decoder_input_ids": decoder}, targets, real.bool()

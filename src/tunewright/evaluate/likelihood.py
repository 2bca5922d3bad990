"""How likely a model finds the answers that were given: -log p of each row's target tokens, and how many they are.

exp(sum of nll / sum of num_tokens) over rows is the perplexity on answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from tunewright.batching import CutConfig, ExampleSource, make_batch
from tunewright.evaluate.predict import groups_of
from tunewright.models.evaluating import evaluating
from tunewright.models.likelihood import negative_log_prob
from tunewright.models.output_head import OutputHead, find_head
from tunewright.runtime import Machine, attention_kernel

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class AnswerLikelihoods:
    """Of N rows, in the order asked for."""

    nll: npt.NDArray[np.float64]
    """(N,) the sum of -log p over a row's target tokens, in nats. A token's weight decides whether it counts, not how much."""
    num_tokens: Ints
    """(N,) target tokens of each row: those with a weight above 0."""


def head_of(model: torch.nn.Module, store: ExampleSource, *, pad_id: int, device: torch.device) -> OutputHead:
    """How to get at the model's logits, found by trying it on the two shortest rows that teach something."""
    taught = np.flatnonzero(np.asarray(store.weights) > 0)
    shortest = taught[np.argsort(store.lengths[taught], kind="stable")[:2]]
    return find_head(model, make_batch(store, shortest, pad_id=pad_id, device=device).inputs)


def nll_of(
    model: torch.nn.Module, store: ExampleSource, rows: Ints, *, head: OutputHead, pad_id: int, batching: CutConfig,
    machine: Machine,
) -> AnswerLikelihoods:  # fmt: skip
    """Run the model over rows that are taught token by token, in evaluation mode, without gradients."""
    place = {int(row): i for i, row in enumerate(rows)}
    nll, num_tokens = np.zeros(len(rows)), np.zeros(len(rows), np.int64)
    with evaluating(model):
        for group in groups_of(store, rows, batching=batching):
            batch = make_batch(
                store, group, pad_id=pad_id, pad_to_multiple_of=batching.pad_to_multiple_of, device=machine.device
            )
            tokens = batch.tokens
            assert tokens is not None, "rows without target tokens have no answer to be likely"
            kept = tokens.kept_WU
            with machine.autocast(), attention_kernel(batch.length, device=machine.device):
                losses_P = head.per_token(
                    model, batch.inputs, kept_WU=kept, targets_P=tokens.ids_WU[kept], function=negative_log_prob
                )
            places, of_row = np.array([place[int(row)] for row in group]), tokens.row_WU[kept].cpu().numpy()
            np.add.at(nll, places[of_row], losses_P.double().cpu().numpy())
            np.add.at(num_tokens, places[of_row], 1)
    return AnswerLikelihoods(nll=nll, num_tokens=num_tokens)

"""The objective of every task that is taught token by token: chats, completions, translations, tags, masked words.

B  rows   W  windows   U  places of prediction   P  places that count
"""

from __future__ import annotations

from torch import Tensor, nn

from tunewright.batching import Batch
from tunewright.losses import LossSettings
from tunewright.models.output_head import OutputHead


def weighted_token_loss(model: nn.Module, batch: Batch, loss: LossSettings, head: OutputHead) -> Tensor:
    """`sum w*l` over the answer tokens of each row, (B,). Never averaged: there is one division, in the step."""
    tokens = batch.tokens
    assert tokens is not None, "rows without target tokens can't be trained on"
    targets_P, row_P = tokens.ids_WU[tokens.kept_WU], tokens.row_WU[tokens.kept_WU]
    loss_P = head.per_token(model, batch.inputs, kept_WU=tokens.kept_WU, targets_P=targets_P, function=loss.per_row)
    weighted_P = loss_P * tokens.weights_WU[tokens.kept_WU].to(loss_P.dtype)
    return weighted_P.new_zeros(len(batch.rows)).index_add(0, row_P, weighted_P)

"""Classifiers that read one token: their last layer need not compute the others.

BERT's head, and that of its relatives, looks at the first token alone. So in the last layer only that token has to ask,
be normalised and go through the feed-forward part; the others are only asked. The logits and every gradient are the same,
because what is left out has no way into them. Keys and values aside, ten of twelve parts of a layer's products are
then done for one token a row: a seventh of the work of a model of six layers, a fourteenth with twelve.

B  rows     T  tokens     H  hidden size
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from tunewright.models.layers import base_model

FAMILIES = ("bert", "camembert", "electra", "ernie", "roberta", "xlm-roberta")
"""`model_type`s whose classifiers read the first token, and whose layers are built like BERT's. Each is in the laws."""


@contextlib.contextmanager
def first_token_only(model: nn.Module) -> Iterator[None]:
    """Inside, a classifier of these families computes only what its head reads; any other model is as it was.

    What the base model returns has one token a row then, and no hidden states of the last layer but that one's.
    """
    layer = _last_layer(model)
    if layer is None or "forward" in vars(layer):  # entered already
        yield
        return
    layer.forward = partial(_forward, layer)
    try:
        yield
    finally:
        del layer.forward


def _last_layer(model: nn.Module) -> Any:
    config: Any = getattr(model, "config", None)
    if (
        getattr(config, "model_type", None) not in FAMILIES
        or not type(model).__name__.endswith("ForSequenceClassification")
        or not type(model).__module__.startswith("transformers.")  # a wrapper's head may read anything
        or config.is_decoder
        or config._attn_implementation not in ("sdpa", "eager")
    ):
        return None
    return base_model(model).encoder.layer[-1]  # type: ignore[union-attr, index]


def _forward(layer: Any, hidden_BTH: Tensor, attention_mask: Tensor | None = None, *_: object, **__: object) -> Tensor:
    """In place of `BertLayer.forward`: the first token's state behind the layer, (B, 1, H)."""
    attention = layer.attention.self
    first_B1H = hidden_BTH[:, :1]

    def heads(tensor: Tensor) -> Tensor:
        return tensor.view(*tensor.shape[:2], -1, attention.attention_head_size).transpose(1, 2)

    context = F.scaled_dot_product_attention(
        heads(attention.query(first_B1H)),
        heads(attention.key(hidden_BTH)),
        heads(attention.value(hidden_BTH)),
        attn_mask=None if attention_mask is None else attention_mask[:, :, :1],
        dropout_p=attention.dropout.p if attention.training else 0.0,
        scale=attention.scaling,
    )
    attended_B1H = layer.attention.output(context.transpose(1, 2).flatten(2), first_B1H)
    behind_B1H: Tensor = layer.feed_forward_chunk(attended_B1H)
    return behind_B1H

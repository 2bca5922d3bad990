"""Small models of many architectures, built on the spot, in float64 and without dropout: for equalities."""

from __future__ import annotations

import torch
from transformers import (
    AutoConfig,
    AutoModelForMaskedLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

VOCABULARY = 64
SMALL = {
    "vocab_size": VOCABULARY, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 24, "max_position_embeddings": 40, "pad_token_id": 0,
}  # fmt: skip
NO_DROPOUT = {
    "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "classifier_dropout": 0.0, "attention_dropout": 0.0,
    "dropout": 0.0, "seq_classif_dropout": 0.0, "embedding_dropout": 0.0, "mlp_dropout": 0.0, "pooler_dropout": 0.0,
    "attn_pdrop": 0.0, "embd_pdrop": 0.0, "resid_pdrop": 0.0, "summary_first_dropout": 0.0, "summary_last_dropout": 0.0,
    "classifier_dropout_prob": 0.0,
}  # fmt: skip

ENCODERS = {
    "bert": {},
    "roberta": {"pad_token_id": 1, "max_position_embeddings": 44},
    "xlm-roberta": {"pad_token_id": 1, "max_position_embeddings": 44},
    "camembert": {"pad_token_id": 1, "max_position_embeddings": 44},
    "ernie": {},
    "electra": {"embedding_size": 16},
    "distilbert": {"dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 2, "sinusoidal_pos_embds": False},
    "albert": {"embedding_size": 12},
    "modernbert": {
        "cls_token_id": 2,
        "sep_token_id": 3,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "global_attn_every_n_layers": 2,
    },
    "deberta-v2": {"relative_attention": True, "position_buckets": 8, "pos_att_type": ["p2c", "c2p"]},
    "mpnet": {"pad_token_id": 1, "max_position_embeddings": 44},
}


HEADS = {
    "classes": AutoModelForSequenceClassification, "tags": AutoModelForTokenClassification, "words": AutoModelForMaskedLM,
}  # fmt: skip


def tiny_classifier(
    name: str,
    *,
    head: str = "classes",
    num_labels: int = 3,
    dropout: bool = False,
    seed: int = 0,
    problem: str | None = None,
    attention: str | None = None,
):
    """A model of the named architecture with random weights, in float64: for a class, tags of tokens, or masked words."""
    settings = {**SMALL, **ENCODERS[name], "num_labels": num_labels}
    if not dropout:
        settings |= NO_DROPOUT
    if problem:
        settings["problem_type"] = problem
    config = AutoConfig.for_model(name, **settings)
    torch.manual_seed(seed)
    # Some eager implementations take the softmax in float32 even in a float64 model; torch's own attention does not.
    attention = attention or ("eager" if name in ("deberta-v2", "mpnet") else "sdpa")
    model = HEADS[head].from_config(config, attn_implementation=attention)
    # Fresh models have tiny weights and zero biases; larger ones make differences visible.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.double()

"""Small decoders and encoder-decoders of many architectures, in float64 and without dropout, and rows to teach them."""

from __future__ import annotations

import types

import numpy as np
import torch
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
)
from transformers.masking_utils import eager_mask

from tests.laws.models import NO_DROPOUT
from tunewright.batching import Examples, Ragged

VOCABULARY = 64
SMALL = {
    "vocab_size": VOCABULARY, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2, "intermediate_size": 24, "max_position_embeddings": 256, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip

DECODERS: dict[str, dict[str, object]] = {
    "llama": {},
    "qwen2": {},
    "qwen3": {"head_dim": 8},
    "mistral": {"sliding_window": None},
    "gemma2": {
        "head_dim": 8,
        "final_logit_softcapping": 0.5,
        "attn_logit_softcapping": None,
        "query_pre_attn_scalar": 8,
    },
    "gpt2": {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 256},
    "gpt_neox": {"rotary_pct": 0.5},
    "olmo2": {},
    "phi": {"partial_rotary_factor": 0.5},
    "granite": {"logits_scaling": 3.0},
    "cohere": {"logit_scale": 0.25},
}
ENCODER_DECODERS: dict[str, dict[str, object]] = {
    "t5": {"d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0},
    "bart": {},
    "marian": {},
    "mbart": {},
    "m2m_100": {},
}
_BART_LIKE = {
    "d_model": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24, "decoder_ffn_dim": 24, "decoder_start_token_id": 2, "encoder_layerdrop": 0.0,
    "decoder_layerdrop": 0.0,
}  # fmt: skip


def tiny_generator(name: str, *, seed: int = 0) -> torch.nn.Module:
    """The named model with a language-model head and random weights, in float64."""
    torch.manual_seed(seed)
    if name in DECODERS:
        config = AutoConfig.for_model(name, **{**SMALL, **NO_DROPOUT, **DECODERS[name]})
        model = AutoModelForCausalLM.from_config(config, attn_implementation="float64" if name == "gemma2" else "sdpa")
    else:
        shape = _BART_LIKE if name != "t5" else {}
        sizes = {key: SMALL[key] for key in ("vocab_size", "pad_token_id", "bos_token_id", "eos_token_id")}
        settings = {**sizes, "max_position_embeddings": 256, **shape, **ENCODER_DECODERS[name], **NO_DROPOUT}
        config = AutoConfig.for_model(name, **settings, dropout_rate=0.0, activation_dropout=0.0)
        model = AutoModelForSeq2SeqLM.from_config(config, attn_implementation="eager" if name == "t5" else "sdpa")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
        if hasattr(model, "final_logits_bias"):
            model.final_logits_bias.normal_()
    _without_float32(model)
    return model.double()


def _float64_attention(module, query, key, value, attention_mask, *, scaling=None, dropout=0.0, **_):
    """Eager attention takes its softmax in float32 whatever the model is in; here everything stays in float64."""
    groups = query.shape[1] // key.shape[1]
    key, value = (states.repeat_interleave(groups, dim=1) for states in (key, value))
    scores = query @ key.transpose(-1, -2) * scaling
    if attention_mask is not None:
        scores = scores + attention_mask[..., : key.shape[-2]]
    weights = scores.softmax(-1)
    return (weights @ value).transpose(1, 2).contiguous(), weights


AttentionInterface.register("float64", _float64_attention)
AttentionMaskInterface.register("float64", eager_mask)


def _without_float32(model: torch.nn.Module) -> None:
    """Root-mean-square norms compute in float32 whatever the model is in; for these laws they stay in float64."""
    for module in model.modules():
        kind = type(module).__name__
        if kind.endswith("RMSNorm") or kind == "T5LayerNorm":
            plus_one = kind.startswith("Gemma")
            module.forward = types.MethodType(_rms_norm_plus_one if plus_one else _rms_norm, module)
        elif kind == "CohereLayerNorm":
            module.forward = types.MethodType(_cohere_norm, module)


def _rms(module: torch.nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    eps = next(getattr(module, name) for name in ("variance_epsilon", "eps") if hasattr(module, name))
    return hidden * torch.rsqrt(hidden.pow(2).mean(-1, keepdim=True) + eps)


def _rms_norm(module: torch.nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    return module.weight * _rms(module, hidden)


def _rms_norm_plus_one(module: torch.nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    return (1.0 + module.weight) * _rms(module, hidden)


def _cohere_norm(module: torch.nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    centred = hidden - hidden.mean(-1, keepdim=True)
    return module.weight * centred * torch.rsqrt(centred.pow(2).mean(-1, keepdim=True) + module.variance_epsilon)


def taught_rows(n: int = 8, *, family: str, seed: int = 0) -> Examples:
    """N rows with answers of different lengths and weights. Decoders: a prompt of weight 0, then the answer."""
    rng = np.random.default_rng(seed)
    inputs, targets, weights, decoder = [], [], [], []
    for _ in range(n):
        prompt, answer = (rng.integers(4, VOCABULARY, int(rng.integers(2, 14))) for _ in range(2))
        of_answer = np.where(rng.random(len(answer)) < 0.2, 0.0, rng.uniform(0.2, 3.0, len(answer)))
        of_answer[-1] = 1.0
        if family == "decoder":
            whole = np.concatenate([prompt, answer])
            inputs.append(whole)
            targets.append(np.concatenate([whole[1:], [0]]))
            weights.append(np.concatenate([np.zeros(len(prompt) - 1), of_answer, [0.0]]))
        else:
            inputs.append(prompt)
            targets.append(answer)
            weights.append(of_answer)
            decoder.append(np.concatenate([[2], answer[:-1]]))
    streams = {
        "input": Ragged.of(inputs, dtype=np.int32),
        "window": Ragged.of([np.array([len(row)]) for row in inputs], dtype=np.int32),
        "target": Ragged.of(targets, dtype=np.int32),
        "token_weight": Ragged.of(weights, dtype=np.float64),
    }
    if family != "decoder":
        streams["decoder"] = Ragged.of(decoder, dtype=np.int32)
    return Examples(
        row_ids=[f"row{i}" for i in range(n)], streams=streams, targets=None,
        weights=np.array([row.sum() for row in weights]),
    )  # fmt: skip

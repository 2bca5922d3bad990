"""A classifier of a few thousand weights for each of many architectures, built on the spot with transformers."""

from __future__ import annotations

import copy

import torch
import transformers as hf

_SIZE = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 24, "vocab_size": 50}
_ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}

CONFIGS: dict[str, hf.PretrainedConfig] = {
    "bert": hf.BertConfig(**_SIZE),
    "xlm-roberta": hf.XLMRobertaConfig(**_SIZE, **_ENDS),
    "distilbert": hf.DistilBertConfig(dim=16, n_layers=3, n_heads=2, hidden_dim=24, vocab_size=50),
    "electra": hf.ElectraConfig(**_SIZE, embedding_size=8),
    "deberta-v2": hf.DebertaV2Config(
        **_SIZE, relative_attention=True, pos_att_type=["p2c", "c2p"], norm_rel_ebd="layer_norm", position_buckets=8
    ),
    "mpnet": hf.MPNetConfig(**_SIZE),
    "modernbert": hf.ModernBertConfig(**_SIZE, **_ENDS, cls_token_id=1, sep_token_id=2, embedding_dropout=0.1),
    "gpt2": hf.GPT2Config(n_embd=16, n_layer=3, n_head=2, vocab_size=50, **_ENDS),
    "llama": hf.LlamaConfig(**_SIZE, **_ENDS, num_key_value_heads=2),
    "t5": hf.T5Config(
        d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, vocab_size=50, decoder_start_token_id=0, eos_token_id=2,
    ),
    "bart": hf.BartConfig(
        d_model=16, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=24, decoder_ffn_dim=24, vocab_size=50, **_ENDS,
    ),
}  # fmt: skip
"""By the name of the architecture."""


def tiny_classifier(name: str, *, num_labels: int = 3, seed: int = 0) -> torch.nn.Module:
    """A fresh float32 classifier in training mode; the same seed gives the same weights."""
    torch.manual_seed(seed)
    config = copy.deepcopy(CONFIGS[name])
    config.num_labels = num_labels
    model: torch.nn.Module = hf.AutoModelForSequenceClassification.from_config(config).float()
    return model.train()


def tiny_inputs(*, rows: int = 4, length: int = 7, seed: int = 0) -> dict[str, torch.Tensor]:
    """Token ids that any of the classifiers takes; each row ends with the end token, exactly once."""
    generator = torch.Generator().manual_seed(seed)
    input_ids = torch.randint(3, 50, (rows, length), generator=generator)
    input_ids[:, -1] = 2
    return {"input_ids": input_ids, "attention_mask": torch.ones_like(input_ids)}

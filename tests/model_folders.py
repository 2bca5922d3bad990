"""Tiny model folders in the hub's layout, built on the spot: random weights, real classes, real tokenizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors

WORDS = ["good", "bad", "room", "food", "the", "was", "not", "very", "i", "a", "b", "好", "坏", "店"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def write_tokenizer(folder: Path, *, template: str = "bert", pad: bool = True) -> None:
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: i for i, word in enumerate(SPECIAL + WORDS)}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if template == "bert":
        backend.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    elif template == "end":
        backend.post_processor = processors.TemplateProcessing(single="$A [SEP]", special_tokens=[("[SEP]", 3)])
    names: dict[str, Any] = {"unk_token": "[UNK]", "eos_token": "[SEP]"}
    if template == "bert":
        names |= {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    if pad:
        names["pad_token"] = "[PAD]"
    inputs = (
        ["input_ids", "token_type_ids", "attention_mask"] if template == "bert" else ["input_ids", "attention_mask"]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=32, model_input_names=inputs, **names
    ).save_pretrained(folder)


def write_model(folder: Path, family: str = "bert", *, head: list[str] | None = None) -> Path:
    """A folder as `from_pretrained` reads it; with `head`, a classifier over these labels."""
    import transformers as t

    folder.mkdir(parents=True, exist_ok=True)
    small: dict[str, Any] = {"vocab_size": 24}
    configs: dict[str, Any] = {
        "bert": lambda: t.BertConfig(
            **small, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
            max_position_embeddings=32, type_vocab_size=2,
        ),
        "gpt2": lambda: t.GPT2Config(**small, n_embd=16, n_layer=2, n_head=2, n_positions=32),
        "llama": lambda: t.LlamaConfig(
            **small, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
            intermediate_size=32, max_position_embeddings=32,
        ),
        "t5": lambda: t.T5Config(
            **small, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, pad_token_id=0, eos_token_id=3,
            decoder_start_token_id=0,
        ),
        "bart": lambda: t.BartConfig(
            **small, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=32,
            pad_token_id=0, eos_token_id=3, bos_token_id=2, decoder_start_token_id=3,
        ),
    }  # fmt: skip
    config = configs[family]()
    torch.manual_seed(0)
    if head is None:
        model = t.AutoModel.from_config(config)
    else:
        config.num_labels = len(head)
        config.id2label = dict(enumerate(head))
        config.label2id = {label: i for i, label in enumerate(head)}
        model = t.AutoModelForSequenceClassification.from_config(config)
    model.save_pretrained(folder)
    write_tokenizer(
        folder, template={"bert": "bert", "t5": "end", "bart": "end"}.get(family, "none"), pad=family != "gpt2"
    )
    return folder


FAMILIES = ("bert", "gpt2", "llama", "t5", "bart")

"""Small models that write, over the words of the flow tests' reviews: they learn two classes in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flow.conftest import FILLER, WORDS

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]
LABELS = list(WORDS)
FAMILIES = ("llama", "gpt2", "bart", "t5", "marian")
DECODERS = ("llama", "gpt2")


def write_word_model(folder: Path, family: str, *, chat_template: str | None = None, seed: int = 0) -> Path:
    """A model of 2 layers and width 32; GPT-2's tokenizer has no token to pad with, as the real one."""
    import torch
    import transformers as t

    folder.mkdir(parents=True, exist_ok=True)
    size = _write_tokenizer(folder, family, chat_template=chat_template)
    tokens: dict[str, Any] = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    seq2seq: dict[str, Any] = {
        "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
        "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "max_position_embeddings": 64, "forced_eos_token_id": None,
        "init_std": 0.08,
    }  # fmt: skip
    makers: dict[str, Any] = {
        "llama": lambda: t.LlamaForCausalLM(
            t.LlamaConfig(
                vocab_size=size, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
                num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.08, **tokens,
            )
        ),
        "gpt2": lambda: t.GPT2LMHeadModel(
            t.GPT2Config(
                vocab_size=size, n_embd=32, n_layer=2, n_head=2, n_positions=64, initializer_range=0.08,
                bos_token_id=1, eos_token_id=2,
            )
        ),
        "bart": lambda: t.BartForConditionalGeneration(
            t.BartConfig(vocab_size=size, decoder_start_token_id=2, **seq2seq, **tokens)
        ),
        "marian": lambda: t.MarianMTModel(
            t.MarianConfig(
                vocab_size=size, decoder_vocab_size=size, decoder_start_token_id=0, scale_embedding=True,
                **(seq2seq | {"init_std": 0.3}), **tokens,
            )
        ),
        "t5": lambda: t.T5ForConditionalGeneration(
            t.T5Config(
                vocab_size=size, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, pad_token_id=0, eos_token_id=2,
                decoder_start_token_id=0,
            )
        ),
    }  # fmt: skip
    torch.manual_seed(seed)
    makers[family]().save_pretrained(folder)
    return folder


def _write_tokenizer(folder: Path, family: str, *, chat_template: str | None) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    marks = ["<|user|>", "<|assistant|>", "<|system|>"]
    signs = [":", ",", "(", ")", "?", ".", "\n", "Label"]
    names = [*SPECIAL, *marks, *LABELS, *WORDS["pos"], *WORDS["neg"], *FILLER, *signs]
    vocabulary = {name: place for place, name in enumerate(dict.fromkeys(names))}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.decoder = decoders.Fuse()
    if family not in DECODERS:
        backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    named = {} if family == "gpt2" else {"pad_token": "<pad>"}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", eos_token="</s>", unk_token="<unk>", model_max_length=64,
        additional_special_tokens=marks, **named,
    )  # fmt: skip
    tokenizer.chat_template = chat_template
    tokenizer.save_pretrained(folder)
    return len(vocabulary)

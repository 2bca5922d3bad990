"""Small models that write, with random weights and tokenizers of single characters, in the layout of the hub."""

from __future__ import annotations

from pathlib import Path

ALPHABET = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;!?'-{}_<>/\n|你好世界早安晚上谢再见猫狗鱼鸟"
)
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]

TEMPLATE = """\
{%- for message in messages -%}
<|{{ message.role }}|>{{ message.content }}{{ eos_token }}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}
"""


def write_decoder(folder: Path, *, chat_template: str | None = None, seed: int = 0, tied: bool = True) -> Path:
    """A Llama of 2 layers and width 32; `tied`: what is read and what is written have one table."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokens = _write_tokenizer(folder, chat_template=chat_template)
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=tokens, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2, max_position_embeddings=128, pad_token_id=0, bos_token_id=1, eos_token_id=2,
            tie_word_embeddings=tied,
        )
    )  # fmt: skip
    model.save_pretrained(folder)
    return folder


def write_encoder_decoder(folder: Path, *, seed: int = 0) -> Path:
    """A BART of 2 layers on each side and width 32."""
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    tokens = _write_tokenizer(folder, ends=True)
    torch.manual_seed(seed)
    model = BartForConditionalGeneration(
        BartConfig(
            vocab_size=tokens, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
            decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=128, pad_token_id=0,
            bos_token_id=1, eos_token_id=2, decoder_start_token_id=2, forced_eos_token_id=None,
        )
    )  # fmt: skip
    model.save_pretrained(folder)
    return folder


def write_t5(folder: Path, *, seed: int = 0) -> Path:
    """A T5 of 2 layers on each side and width 32, which begins its answers with the padding token."""
    import torch
    from transformers import T5Config, T5ForConditionalGeneration

    tokens = _write_tokenizer(folder, ends=True)
    torch.manual_seed(seed)
    model = T5ForConditionalGeneration(
        T5Config(
            vocab_size=tokens, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, pad_token_id=0, eos_token_id=2,
            decoder_start_token_id=0,
        )
    )  # fmt: skip
    model.save_pretrained(folder)
    return folder


def _write_tokenizer(folder: Path, *, chat_template: str | None = None, ends: bool = False) -> int:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    names = [*SPECIAL, "<|user|>", "<|assistant|>", "<|system|>", *dict.fromkeys(ALPHABET)]
    vocabulary = {name: place for place, name in enumerate(names)}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    backend.decoder = decoders.Fuse()
    if ends:
        backend.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
        )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>",
        additional_special_tokens=["<|user|>", "<|assistant|>", "<|system|>"], model_max_length=128,
    )  # fmt: skip
    tokenizer.chat_template = chat_template
    tokenizer.save_pretrained(folder)
    return len(names)

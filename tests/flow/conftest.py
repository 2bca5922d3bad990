"""A tiny encoder with a real tokenizer, made on the spot: the whole way is walked without any download."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

WORDS = {
    "pos": ["good", "great", "lovely", "fine", "superb", "warm", "bright", "happy", "kind", "neat"],
    "neg": ["bad", "awful", "poor", "sad", "broken", "cold", "dull", "rude", "late", "wrong"],
}
FILLER = [
    "the", "a", "this", "that", "it", "was", "is", "very", "really", "quite", "service", "room", "food", "day",
    "place", "staff", "time", "again", "we", "they",
]  # fmt: skip


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of 2 layers and width 32, with a WordPiece vocabulary of the words above."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz0123456789", ".", ",", "!", "?"]
    pieces += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"]
    pieces += [*WORDS["pos"], *WORDS["neg"], *[word for word in FILLER if len(word) > 1]]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )  # fmt: skip
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=64, model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip
    torch.manual_seed(0)
    model = BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
            initializer_range=0.05,
        )  # fmt: skip
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def sentence(rng: random.Random, label: str) -> str:
    """A few filler words with words of the label's own among them."""
    words = rng.choices(FILLER, k=rng.randint(3, 12)) + rng.choices(WORDS[label], k=rng.randint(1, 3))
    rng.shuffle(words)
    return " ".join(words)


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """220 rows of two classes with a little dirt: duplicates, an empty text, rows without a label, a broken row."""
    rng = random.Random(7)
    path = tmp_path_factory.mktemp("data") / "reviews.csv"
    rows = [[f"{i:03}", sentence(rng, label), label] for i, label in enumerate(["pos", "neg"] * 100)]
    rows += [["900", rows[3][1], rows[3][2]], ["901", "", "pos"], ["902", sentence(rng, "pos"), ""]]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "review", "sentiment"])
        writer.writerows(rows)
        file.write("903,one cell, two, too many\r\n")
    return path


QUICK = (
    "train.epochs=8", "train.examples_per_step=8", "optimizer.learning_rate=3e-3", "evaluate.resamples=100",
    "evaluate.cross_validation.below_rows=0", "evaluate.behaviour.changed_rows=20",
    "runtime.threads=1", "runtime.matmul=highest",
)  # fmt: skip
"""Overrides that make a run take seconds, and leave nothing to be measured that would change its bits."""


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

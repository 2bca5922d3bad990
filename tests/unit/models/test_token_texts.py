"""Tokens as people read them: together the text, one by one what each adds; and which tokens of a long text are read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.model_folders import write_model
from tests.tiny_writers import write_encoder_decoder
from tunewright.models.load import resolve
from tunewright.models.token_texts import token_texts
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.models.windows import LongTexts

SHARED = Path(__file__).parents[4] / "shared" / "models"
TEXTS = ["Hello, world!\nIt's 3,000 €", "你好，世界 🎉 ok", "  two  spaces", ""]


def byte_level(folder: Path) -> Tokenizer:
    """A tokenizer whose vocabulary is bytes: each Chinese character is three tokens. No weights belong to it."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    write_model(folder, "gpt2")
    pieces = ["<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    backend = Backend(models.BPE({piece: place for place, piece in enumerate(pieces)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<end>").save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text()) | {"vocab_size": len(pieces)}
    (folder / "config.json").write_text(json.dumps(config))
    return load_tokenizer(resolve(str(folder)))


@pytest.mark.parametrize("text", TEXTS)
def test_the_texts_of_all_tokens_are_the_text(text: str, tmp_path: Path) -> None:
    tokenizer = byte_level(tmp_path / "m")
    ids = tokenizer.encode([text], max_length=512).values
    assert len(ids) == len(text.encode())
    assert "".join(token.text for token in token_texts(tokenizer, ids)) == text


@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared models beside the repository")
def test_a_character_in_pieces_stands_at_its_last_token() -> None:
    tokenizer = load_tokenizer(resolve(str(SHARED / "stories260k" / "hf")))
    ids = tokenizer.encode_prompts(["好世 a"])[0]
    assert [token.text for token in token_texts(tokenizer, ids)] == ["<s>", " ", "", "", "好", "", "", "世", " a"]


def test_special_tokens_have_their_names_and_letters_that_look_like_them_are_letters(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(resolve(str(write_encoder_decoder(tmp_path / "m"))))
    ids = tokenizer.encode_prompts(["a</s>"])[0]
    shown = [(token.text, token.is_special) for token in token_texts(tokenizer, ids)]
    assert shown == [("<s>", True), *[(letter, False) for letter in "a</s>"], ("</s>", True)]


def test_a_character_that_the_model_does_not_know_is_seen_to_be_lost(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(resolve(str(write_encoder_decoder(tmp_path / "m"))))
    ids = tokenizer.encode_prompts(["ж"])[0]
    assert [token.text for token in token_texts(tokenizer, ids)] == ["<s>", "<unk>", "</s>"]


@pytest.mark.parametrize("strategy", ["head", "head_tail", "windows"])
@pytest.mark.parametrize("pair", [None, "good room " * 9, "bad"])
@pytest.mark.parametrize("max_length", [7, 12, 200])
def test_what_is_marked_as_read_is_what_is_encoded(
    strategy: LongTexts, pair: str | None, max_length: int, tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(resolve(str(write_model(tmp_path / "m"))))
    text = "the food was not very good a room " * 3
    pairs = None if pair is None else [pair]
    encoded = tokenizer.encode([text], pairs, max_length=max_length, strategy=strategy)
    seen = tokenizer.whole(text, pair, max_length=max_length, strategy=strategy)
    assert seen.num_windows == len(encoded.window_lengths)
    assert len(seen.ids_T) == encoded.full_lengths[0]
    if strategy != "windows":
        assert np.array_equal(seen.ids_T[seen.is_read_T], encoded.values)
        assert int((~seen.is_read_T).sum()) == encoded.num_unread

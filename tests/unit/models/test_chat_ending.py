"""Where an answer of a chat ends: the template's own token, in training and in use alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_writers import TEMPLATE, write_decoder
from tunewright.models.chat import with_end_of_turn
from tunewright.models.load import resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer

OTHER_END = TEMPLATE.replace("{{ eos_token }}", "<|system|>")


def tokenizer_with(template: str | None, folder: Path) -> Tokenizer:
    return load_tokenizer(resolve(str(write_decoder(folder, chat_template=template))))


def test_the_templates_end_of_turn_is_among_the_ends_and_no_part_of_the_text(tmp_path: Path) -> None:
    tokenizer = with_end_of_turn(tokenizer_with(OTHER_END, tmp_path))
    end = tokenizer.hf.convert_tokens_to_ids("<|system|>")
    assert tokenizer.eos_ids == (tokenizer.hf.eos_token_id, end)
    assert tokenizer.decode([tokenizer.hf.convert_tokens_to_ids("a"), end]) == "a"


@pytest.mark.parametrize(
    "template",
    [
        None,
        TEMPLATE,
        TEMPLATE.replace("{{ eos_token }}", ""),
        "{{ raise_exception('a system prompt is needed') }}",
    ],
    ids=["none", "known end", "no end", "refuses"],
)
def test_any_other_tokenizer_is_as_it_was(template: str | None, tmp_path: Path) -> None:
    tokenizer = tokenizer_with(template, tmp_path)
    assert with_end_of_turn(tokenizer) is tokenizer

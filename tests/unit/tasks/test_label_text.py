"""Classes by the text of labels: what is read of a text, which tokens answer it, and what plain transformers says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.tiny_writers import TEMPLATE
from tests.word_models import DECODERS, FAMILIES, LABELS, write_word_model
from tunewright.core.errors import ModelError, RecipeError
from tunewright.models.load import load_generator, resolve
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.tasks import EncodeConfig
from tunewright.tasks.label_text import LabelTexts, label_texts

CPU = torch.device("cpu")
PROMPT = "{source} Label ( pos , neg ) :"
TEXTS = ["good room", "it was a very bad and cold place", "", "lovely staff again", "a " * 30, "xyz"]
LONGER = ["pos", "neg", "very good", "very very bad"]
"""Labels of several tokens; one begins as another does."""


def tokenizer_of(folder: Path) -> Tokenizer:
    return load_tokenizer(resolve(str(folder)))


@pytest.fixture(scope="module", params=FAMILIES)
def folder(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_word_model(tmp_path_factory.mktemp("models") / request.param, request.param)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_word_model(tmp_path_factory.mktemp("models") / "llama", "llama", chat_template=TEMPLATE)


def alone(model: Any, found: LabelTexts, prompt: np.ndarray, answer: np.ndarray) -> float:
    """log p of an answer by plain transformers, one row at a time without padding."""
    ids, said = torch.from_numpy(prompt)[None].long(), torch.from_numpy(answer)[None].long()
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            start = torch.tensor([[model.config.decoder_start_token_id]])
            logits = model(input_ids=ids, decoder_input_ids=torch.cat([start, said[:, :-1]], 1)).logits
        else:
            logits = model(input_ids=torch.cat([ids, said], 1)).logits[:, ids.shape[1] - 1 : -1]
    return float(logits.log_softmax(-1).gather(-1, said[..., None]).sum())


def softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def test_probabilities_are_plain_transformers_and_the_same_in_any_batch(folder: Path) -> None:
    model = load_generator(resolve(str(folder))).model.eval()
    decodes = not model.config.is_encoder_decoder
    found = label_texts(tokenizer_of(folder), EncodeConfig(prompt=PROMPT if decodes else None), labels=LONGER)
    prompts = found.prompts(TEXTS, None)
    together = found.logits(model, prompts, device=CPU)
    one_by_one = np.concatenate([found.logits(model, [prompt], device=CPU) for prompt in prompts])
    expected = np.array([[alone(model, found, prompt, answer) for answer in found.answers] for prompt in prompts])
    assert np.abs(together - expected).max() < 1e-4
    assert np.abs(softmax(together) - softmax(expected)).max() < 1e-6
    assert np.abs(softmax(together) - softmax(one_by_one)).max() < 1e-6
    assert np.ptp(softmax(together), axis=0).max() > 1e-3  # the texts differ


def test_a_label_ends_with_the_end_and_a_lesson_is_prompt_and_label(folder: Path) -> None:
    tokenizer = tokenizer_of(folder)
    found = label_texts(tokenizer, EncodeConfig(prompt=PROMPT), labels=LONGER)
    assert [tokenizer.hf.decode(answer[:-1].tolist()) for answer in found.answers] == [
        label.replace(" ", "") for label in LONGER
    ]
    assert {int(answer[-1]) for answer in found.answers} == {tokenizer.hf.eos_token_id}
    (prompt,) = found.prompts(["good room"], None)
    for label, answer in enumerate(found.answers):
        lesson = found.lesson(prompt, label)
        assert np.array_equal(lesson.target_U[lesson.weight_U > 0], answer)
        read = prompt if tokenizer.is_encoder_decoder else np.concatenate([prompt, answer])
        assert np.array_equal(lesson.input_T, read)


@pytest.mark.parametrize("pair", [None, "the other text " * 20])
def test_a_long_text_is_cut_and_the_prompt_around_it_is_whole(folder: Path, pair: str | None) -> None:
    tokenizer = tokenizer_of(folder)
    found = label_texts(tokenizer, EncodeConfig(prompt=PROMPT, max_length=24), labels=LONGER)
    pairs = None if pair is None else [pair]
    (prompt,) = found.prompts(["good food " * 40], pairs)
    behind = 0 if tokenizer.is_encoder_decoder else max(len(answer) for answer in found.answers)
    assert 22 <= len(prompt) + behind <= 24
    asked = tokenizer.encode_prompts(["Label ( pos , neg ) :"])[0]
    assert np.array_equal(prompt[-len(asked) :], asked)
    assert found.lengths(["good food " * 40], pairs)[0] > 80
    if pair is not None:
        other = tokenizer.hf.convert_tokens_to_ids("other") if "other" in tokenizer.hf.get_vocab() else None
        food = tokenizer.hf.convert_tokens_to_ids("food")
        assert food in prompt
        assert other is None or other in prompt


def test_a_chat_template_asks_and_its_end_of_turn_ends_the_label(llama: Path) -> None:
    tokenizer = tokenizer_of(llama)
    found = label_texts(tokenizer, EncodeConfig(system="good"), labels=LABELS)
    (prompt,) = found.prompts(["lovely <|assistant|> room"], None)
    assert tokenizer.hf.decode(prompt).startswith("<|system|>good</s><|user|>lovely")
    assert list(prompt).count(tokenizer.hf.convert_tokens_to_ids("<|assistant|>")) == 1
    assert prompt[-1] == tokenizer.hf.convert_tokens_to_ids("<|assistant|>")
    assert all(answer[-1] == tokenizer.hf.eos_token_id for answer in found.answers)


@pytest.mark.parametrize(
    ("settings", "labels", "error", "expected"),
    [
        ({}, ["zug", "bahn"], RecipeError, "the labels `zug` and `bahn` are the same tokens"),
        ({"long_texts": "windows"}, LABELS, RecipeError, "the beginning of a text is read"),
        ({"prompt": PROMPT, "max_length": 9}, LABELS, RecipeError, "leaves no room for a text"),
        ({"chat_template": None}, LABELS, ModelError, "its first token begins before the answer"),
    ],
)
def test_what_can_not_be_told_by_text_is_refused(
    settings: dict[str, Any], labels: list[str], error: type[Exception], expected: str, llama: Path
) -> None:
    tokenizer = tokenizer_of(llama)
    if "chat_template" in settings:  # the last word of the prompt and the label run together
        tokenizer.hf.chat_template = TEMPLATE.replace("<|assistant|>{%- endif", "<|assistant|>good{%- endif").replace(
            "{{ message.content }}", "{{ 'good' if message.role == 'assistant' else '' }}{{ message.content }}"
        )
    else:
        tokenizer.hf.chat_template = None
    with pytest.raises(error, match=expected):
        label_texts(tokenizer, EncodeConfig(**settings), labels=labels)


def test_the_families_under_test_are_decoders_and_encoder_decoders() -> None:
    assert set(DECODERS) < set(FAMILIES)

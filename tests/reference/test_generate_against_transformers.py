"""What is written in batches is what plain transformers writes row by row, token for token."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer, GenerationConfig

from tests.laws.generators import DECODERS, ENCODER_DECODERS, tiny_generator
from tests.writers import END_IDS, number_tokenizer, random_prompts
from tunewright.models.generate import GenerateConfig, generate
from tunewright.models.load import load_generator, resolve
from tunewright.models.tokenizer import load_tokenizer

SHARED = Path(__file__).parents[3] / "shared"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs the shared models beside the repository")
BATCHES = (1, 60, 100_000)
"""One row at a time, a few, all."""


def varied_generator(name: str):
    """A small model whose answers differ, some ending early and others late.

    Random models say one thing for ever. Here the head's logits go through a sine of many waves, so that what is said hangs on
    all that was read.
    """
    model = tiny_generator(name).eval()
    model.set_output_embeddings(Wavy(model.get_output_embeddings()))
    model.generation_config.forced_eos_token_id = None  # BART's: cut answers would end as if they were whole
    if hasattr(model, "final_logits_bias"):
        model.final_logits_bias.zero_()
    return model


class Wavy(torch.nn.Module):
    def __init__(self, head: torch.nn.Module) -> None:
        super().__init__()
        self.head = head

    def forward(self, hidden):
        logits = self.head(hidden)
        return torch.sin(20 * logits / logits.std(-1, keepdim=True)) * 9


def written_by_transformers(model, prompt, *, max_new_tokens, **settings):
    """The new tokens of one row, as plain `model.generate` has them."""
    config = GenerationConfig(
        max_new_tokens=max_new_tokens, eos_token_id=[*END_IDS], pad_token_id=0, do_sample=False,
        decoder_start_token_id=model.config.decoder_start_token_id if model.config.is_encoder_decoder else None, **settings,
    )  # fmt: skip
    ids = torch.from_numpy(prompt.astype(np.int64))[None]
    found = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=config)
    return found[0, 1 if model.config.is_encoder_decoder else len(prompt) :].tolist()


@pytest.mark.parametrize("architecture", [*DECODERS, *ENCODER_DECODERS])
def test_greedy_answers_are_the_same_in_any_batch_and_in_plain_transformers(architecture):
    model = varied_generator(architecture)
    prompts = random_prompts(24)
    expected = [written_by_transformers(model, prompt, max_new_tokens=10) for prompt in prompts]
    assert len({tuple(row) for row in expected}) > 12
    stops = ["end" if row[-1] in END_IDS else "length" for row in expected]
    assert len(set(stops)) == 2
    for batch_tokens in BATCHES:
        config = GenerateConfig(max_new_tokens=10, batch_tokens=batch_tokens)
        found = generate(model, number_tokenizer(model), prompts, config=config)
        assert [row.token_ids.tolist() for row in found] == expected
        assert [row.stop for row in found] == stops


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "t5", "marian"])
@pytest.mark.parametrize("length_penalty", [1.0, 0.2])
def test_beams_are_the_same_in_any_batch_and_in_plain_transformers(architecture, length_penalty):
    model = varied_generator(architecture)
    prompts = random_prompts(10, seed=1)
    settings = {"num_beams": 3, "length_penalty": length_penalty}
    expected = [
        written_by_transformers(model, prompt, max_new_tokens=8, early_stopping=False, **settings) for prompt in prompts
    ]
    for batch_tokens in BATCHES:
        config = GenerateConfig(max_new_tokens=8, batch_tokens=batch_tokens, **settings)
        found = generate(model, number_tokenizer(model), prompts, config=config)
        assert [row.token_ids.tolist() for row in found] == expected


@pytest.mark.parametrize("architecture", ["gpt2", "llama", "bart"])
def test_repetition_is_penalised_as_in_transformers_whatever_the_padding(architecture):
    model = varied_generator(architecture)
    prompts = random_prompts(10, seed=2)
    expected = [written_by_transformers(model, row, max_new_tokens=8, repetition_penalty=1.7) for row in prompts]
    free = [written_by_transformers(model, row, max_new_tokens=8) for row in prompts]
    assert expected != free
    for batch_tokens in BATCHES:
        config = GenerateConfig(max_new_tokens=8, repetition_penalty=1.7, batch_tokens=batch_tokens)
        found = generate(model, number_tokenizer(model), prompts, config=config)
        assert [row.token_ids.tolist() for row in found] == expected


@needs_shared
def test_stories260k_tells_its_golden_story():
    local = resolve(str(SHARED / "models" / "stories260k" / "hf"))
    model, tokenizer = load_generator(local).model, load_tokenizer(local)
    golden = (
        (SHARED / "models" / "stories260k" / "expected_greedy_200.txt").read_text(encoding="utf-8").removesuffix("\n")
    )
    (story,) = generate(model, tokenizer, tokenizer.encode_prompts([""]), config=GenerateConfig(max_new_tokens=200))
    assert story.text == golden


@needs_shared
@pytest.mark.parametrize("num_beams", [1, 4])
def test_g2p_bart_says_what_it_says_in_plain_transformers(num_beams):
    folder = SHARED / "models" / "g2p-bart" / "us"
    local = resolve(str(folder))
    model, tokenizer = load_generator(local).model, load_tokenizer(local)
    words = ["hello", "phonemes", "a", "Tunewright", "misunderstandings", "école", "x"]
    config = GenerateConfig(max_new_tokens=40, num_beams=num_beams)
    found = generate(model, tokenizer, tokenizer.encode_prompts(words), config=config)
    plain, reader = AutoModelForSeq2SeqLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    for word, row in zip(words, found, strict=True):
        theirs = plain.generate(**reader(word, return_tensors="pt"), max_new_tokens=40, num_beams=num_beams)
        assert row.token_ids.tolist() == theirs[0, 1:].tolist()


@needs_shared
def test_g2p_bart_is_as_good_as_it_is():
    lines = (SHARED / "data" / "g2p_lexicons" / "us_gold.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in random.Random(0).sample(lines, 1000)]
    local = resolve(str(SHARED / "models" / "g2p-bart" / "us"))
    model, tokenizer = load_generator(local).model, load_tokenizer(local)
    config = GenerateConfig(max_new_tokens=60)
    found = generate(model, tokenizer, tokenizer.encode_prompts([row["word"] for row in rows]), config=config)
    exact = np.mean([answer.text == row["ipa"] for answer, row in zip(found, rows, strict=True)])
    assert 0.64 < exact < 0.72  # 67.6 % of 12,000 words


@needs_shared
def test_a_decoder_writes_what_it_writes_in_plain_transformers():
    folder = SHARED / "models" / "stories260k" / "hf"
    local = resolve(str(folder))
    model, tokenizer = load_generator(local).model, load_tokenizer(local)
    starts = ["Once upon a time", "The dog", "Lily and Tom went to the park. They", "A"]
    found = generate(model, tokenizer, tokenizer.encode_prompts(starts), config=GenerateConfig(max_new_tokens=30))
    plain, reader = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    for start, row in zip(starts, found, strict=True):
        prompt = torch.tensor([tokenizer.encode_prompts([start])[0].tolist()])
        theirs = plain.generate(prompt, max_new_tokens=30, do_sample=False)[0]
        assert row.token_ids.tolist() == theirs[prompt.shape[1] :].tolist()
        assert start + row.text == reader.decode(theirs, skip_special_tokens=True)

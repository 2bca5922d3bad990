"""Drawing, stopping, room, likelihoods and streams of models that write."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers

from tests.laws.generators import tiny_generator
from tests.reference.test_generate_against_transformers import varied_generator
from tests.writers import number_tokenizer, random_prompts
from tunewright.core.errors import ModelError, RecipeError
from tunewright.models.generate import GenerateConfig, generate, stream
from tunewright.models.load import load_generator, resolve
from tunewright.models.text_stream import TextStream
from tunewright.models.tokenizer import load_tokenizer

SHARED = Path(__file__).parents[4] / "shared" / "models"
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs the shared models beside the repository")
DRAWING = GenerateConfig(max_new_tokens=6, do_sample=True, temperature=0.8, seed=5)


def ids_of(answers):
    return [answer.token_ids.tolist() for answer in answers]


@pytest.mark.parametrize("architecture", ["llama", "gpt2", "t5"])
def test_what_a_row_draws_has_nothing_to_do_with_its_batch(architecture):
    model = varied_generator(architecture)
    tokenizer, prompts = number_tokenizer(model), random_prompts(12)
    alone = [generate(model, tokenizer, [row], config=DRAWING, keys=[str(i)])[0] for i, row in enumerate(prompts)]
    torch.manual_seed(1)
    together = generate(model, tokenizer, prompts, config=DRAWING)
    order = np.random.default_rng(0).permutation(12)
    shuffled = generate(model, tokenizer, [prompts[i] for i in order], config=DRAWING, keys=[str(i) for i in order])
    assert ids_of(together) == ids_of(alone)
    assert [ids_of(together)[i] for i in order] == ids_of(shuffled)
    assert ids_of(generate(model, tokenizer, prompts, config=DRAWING.model_copy(update={"seed": 6}))) != ids_of(alone)
    assert len({tuple(row) for row in ids_of(generate(model, tokenizer, [prompts[0]] * 12, config=DRAWING))}) > 6


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.5}, {"top_k": 5}, {"top_p": 0.7}])
def test_tokens_are_drawn_as_often_as_they_are_likely(settings):
    model = varied_generator("llama")
    tokenizer, (prompt,) = number_tokenizer(model), random_prompts(1)
    num = 4000
    config = GenerateConfig(max_new_tokens=1, do_sample=True, batch_tokens=100_000, **settings)
    found = generate(model, tokenizer, [prompt] * num, config=config, with_logprob=False)
    drawn = np.bincount([row.token_ids[0] for row in found], minlength=64) / num
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([prompt.tolist()])).logits[0, -1].numpy()
    expected = np.exp(logits / settings.get("temperature", 1.0))
    order = np.argsort(-expected)
    if "top_k" in settings:
        expected[order[5:]] = 0
    if "top_p" in settings:
        share = np.cumsum(expected[order]) / expected.sum()
        expected[order[1 + int(np.searchsorted(share, 0.7)) :]] = 0
    expected /= expected.sum()
    assert (expected > 0.01).sum() >= 4
    assert np.all(np.abs(drawn - expected) <= 4.5 * np.sqrt(expected * (1 - expected) / num) + 1e-12)


def test_the_log_probability_is_the_models_own_over_all_that_was_written():
    for architecture in ("gpt2", "bart"):
        model = varied_generator(architecture)
        tokenizer, prompts = number_tokenizer(model), random_prompts(6)
        config = DRAWING.model_copy(update={"repetition_penalty": 2.0})
        for prompt, answer in zip(prompts, generate(model, tokenizer, prompts, config=config), strict=True):
            ids = torch.tensor([answer.token_ids.tolist()])
            start = torch.tensor([prompt.tolist()])
            with torch.no_grad():
                if architecture == "bart":
                    moved = torch.cat([torch.tensor([[2]]), ids[:, :-1]], dim=1)
                    logits = model(input_ids=start, decoder_input_ids=moved).logits
                else:
                    logits = model(input_ids=torch.cat([start, ids], dim=1)).logits[:, len(prompt) - 1 : -1]
            expected = logits.log_softmax(-1).gather(-1, ids[..., None]).sum()
            assert answer.logprob == pytest.approx(float(expected), rel=1e-9)


def test_a_language_that_is_forced_comes_first_and_costs_nothing():
    model = varied_generator("mbart")
    tokenizer = number_tokenizer(model, forced_bos_id=50)
    (answer,) = generate(model, tokenizer, random_prompts(1), config=GenerateConfig(max_new_tokens=1))
    assert (answer.token_ids.tolist(), answer.logprob, answer.stop) == ([50], 0.0, "length")


@pytest.mark.parametrize("num_beams", [1, 2])
@pytest.mark.parametrize("pad_id", [0, 2])
def test_an_answer_ends_where_a_stop_string_would_stand(num_beams, pad_id):
    model = varied_generator("llama")
    tokenizer, prompts = number_tokenizer(model, pad_id=pad_id), random_prompts(16)
    config = GenerateConfig(max_new_tokens=10, num_beams=num_beams)
    free = generate(model, tokenizer, prompts, config=config)
    stops = tuple(row.text.split()[2] for row in free[:5] if len(row.text.split()) > 3)
    assert stops
    stopped = generate(model, tokenizer, prompts, config=config.model_copy(update={"stop_strings": stops}))
    reasons = {row.stop for row in stopped}
    assert "stop_string" in reasons
    assert len(reasons) > 1
    for row, whole, prompt in zip(stopped, free, prompts, strict=True):
        assert not any(stop in row.text for stop in stops)
        if row.stop == "stop_string":
            assert any(stop in tokenizer.decode(row.token_ids) for stop in stops)
            assert not any(stop in tokenizer.decode(row.token_ids[:-1]) for stop in stops)
            assert tokenizer.decode(row.token_ids, after=prompt).startswith(row.text)
        if num_beams == 1:
            first = min((whole.text.find(stop) for stop in stops if stop in whole.text), default=len(whole.text))
            assert row.text == whole.text[:first]


def test_batches_stay_within_their_tokens(monkeypatch):
    model = varied_generator("llama")
    tokenizer, prompts = number_tokenizer(model), random_prompts(40, longest=20)
    shapes = []
    plain = model.generate
    monkeypatch.setattr(
        model, "generate", lambda **inputs: (shapes.append(inputs["input_ids"].shape), plain(**inputs))[1]
    )
    config = GenerateConfig(max_new_tokens=5, num_beams=2, batch_tokens=200)
    generate(model, tokenizer, prompts, config=config)
    assert sum(rows for rows, _ in shapes) == 40
    assert max(2 * rows * (width + 5) for rows, width in shapes) <= 200
    assert min(2 * (rows + 1) * (width + 5) for rows, width in shapes[:-1]) > 200  # and are full
    assert [width for _, width in shapes] == sorted((width for _, width in shapes), reverse=True)


def test_an_answer_has_the_room_its_prompt_leaves_and_one_without_room_is_refused():
    model = varied_generator("gpt2")
    model.generation_config.eos_token_id = None
    tokenizer = number_tokenizer(model)
    tokenizer = dataclasses.replace(tokenizer, targets=dataclasses.replace(tokenizer.targets, eos_ids=(63,)))
    prompts = [np.full(length, 7, np.int32) for length in (3, 250, 252, 252)]
    config = GenerateConfig(max_new_tokens=8)
    found = generate(model, tokenizer, prompts, config=config)
    alone = [generate(model, tokenizer, [prompt], config=config)[0] for prompt in prompts]
    assert [len(row.token_ids) for row in found] == [8, 6, 4, 4]
    assert ids_of(found) == ids_of(alone)
    with pytest.raises(ModelError, match=r"prompt 2 of 2 has 256 tokens and leaves the model no room"):
        generate(model, tokenizer, [prompts[0], np.full(256, 7, np.int32)], config=config)


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(ValidationError, match="choose one of them"):
        GenerateConfig(do_sample=True, num_beams=2)
    with pytest.raises(ValidationError, match="temperature"):
        GenerateConfig(do_sample=True, temperature=0.0)
    with pytest.raises(RecipeError, match="can't be shown as it goes"):
        next(stream(None, None, None, config=GenerateConfig(num_beams=2)))  # type: ignore[arg-type]


def test_every_part_of_a_model_has_its_mode_back_also_after_an_error():
    model = tiny_generator("llama").train()
    model.model.layers[0].eval()  # as where it is frozen
    modes = [module.training for module in model.modules()]
    tokenizer = number_tokenizer(model)
    generate(model, tokenizer, random_prompts(2), config=GenerateConfig(max_new_tokens=2))
    collect(stream(model, tokenizer, random_prompts(1)[0], config=GenerateConfig(max_new_tokens=2)))
    assert [module.training for module in model.modules()] == modes
    model.forward = lambda **_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        generate(model, tokenizer, random_prompts(2), config=GenerateConfig(max_new_tokens=2))
    assert [module.training for module in model.modules()] == modes
    assert generate(model, tokenizer, [], config=GenerateConfig()) == []


def collect(pieces):
    """All pieces, and what the stream returned."""
    found = []
    while True:
        try:
            found.append(next(pieces))
        except StopIteration as end:
            return found, end.value


@pytest.mark.parametrize("config", [GenerateConfig(max_new_tokens=9), DRAWING])
def test_a_stream_is_the_answer_in_pieces(config):
    model = varied_generator("llama")
    tokenizer = number_tokenizer(model)
    for prompt in random_prompts(6):
        (whole,) = generate(model, tokenizer, [prompt], config=config)
        pieces, end = collect(stream(model, tokenizer, prompt, config=config))
        assert "".join(pieces) == whole.text == end.text
        assert len(pieces) == len(whole.text.split())
        assert (end.token_ids.tolist(), end.stop) == (whole.token_ids.tolist(), whole.stop)
    stops = tuple(whole.text.split()[1:2])
    pieces, end = collect(stream(model, tokenizer, prompt, config=config.model_copy(update={"stop_strings": stops})))
    assert "".join(pieces) == end.text == whole.text[: whole.text.find(stops[0])]
    assert end.stop == "stop_string"


def test_closing_a_stream_stops_the_model_and_its_thread():
    model = varied_generator("llama")
    tokenizer = number_tokenizer(model)
    tokenizer = dataclasses.replace(tokenizer, targets=dataclasses.replace(tokenizer.targets, eos_ids=(0,)))
    before = threading.active_count()
    pieces = stream(model, tokenizer, random_prompts(1)[0], config=GenerateConfig(max_new_tokens=200))
    next(pieces)
    assert threading.active_count() == before + 1
    pieces.close()
    assert threading.active_count() == before


def test_an_error_in_the_model_comes_out_of_the_stream():
    model = varied_generator("llama")
    model.forward = lambda **_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        collect(stream(model, number_tokenizer(model), random_prompts(1)[0], config=GenerateConfig()))


def byte_tokenizer():
    """Every byte a token of its own: the hardest case for a stream of Chinese."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Backend(models.BPE({char: i for i, char in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    plain = number_tokenizer(tiny_generator("llama"))
    side = dataclasses.replace(plain.targets, backend=backend, special_ids=frozenset())
    return dataclasses.replace(plain, targets=side), backend


@pytest.mark.parametrize("text", ["好", "你好，world！👩‍👩‍👧 é", "a\n\n  b", "\ufffd好\ufffdx", ""])
def test_no_piece_is_half_a_character(text):
    tokenizer, backend = byte_tokenizer()
    ids = backend.encode(text).ids
    flow = TextStream(tokenizer, after=backend.encode("以前").ids)
    pieces = [flow.push(token) for token in ids] + [flow.finish()]
    assert "".join(pieces) == text
    if "\ufffd" not in text:
        assert all("\ufffd" not in piece for piece in pieces)
        assert sum(piece != "" for piece in pieces) == len(text)
    half = TextStream(tokenizer)
    assert half.push(backend.encode("好").ids[0]) == ""
    assert half.finish() == ""


@pytest.mark.parametrize("stop", ["\n用户", "</a", "x"])
def test_the_beginning_of_a_stop_string_is_held_back(stop):
    tokenizer, backend = byte_tokenizer()
    for text in (f"你好{stop[:-1]}。{stop}not shown", f"ab{stop[:-1]}"):
        flow = TextStream(tokenizer, stop_strings=[stop])
        shown = ""
        for token in backend.encode(text).ids:
            shown += flow.push(token)
            assert text.split(stop)[0].startswith(shown)
        assert shown + flow.finish() == text.split(stop)[0]


@needs_shared
@pytest.mark.parametrize("name", ["stories260k/hf", "g2p-bart/us"])
def test_real_models_stream_what_they_write(name):
    local = resolve(str(SHARED / name))
    model, tokenizer = load_generator(local).model, load_tokenizer(local)
    for prompt in tokenizer.encode_prompts(["Lily", "Once upon a time"]):
        (whole,) = generate(model, tokenizer, [prompt], config=GenerateConfig(max_new_tokens=40))
        pieces, end = collect(stream(model, tokenizer, prompt, config=GenerateConfig(max_new_tokens=40)))
        assert "".join(pieces) == whole.text == end.text

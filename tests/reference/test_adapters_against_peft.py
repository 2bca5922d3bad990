"""What is saved of an adapter is what peft itself reads: the same logits from peft's own loader on a fresh base model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BartForConditionalGeneration, GPT2LMHeadModel, LlamaForCausalLM

from tests.tiny_models import CONFIGS, tiny_classifier, tiny_inputs
from tunewright.adapters import AdapterSettings, Ia3Config, LoraConfig, PeftConfig
from tunewright.adapters.other import accepted_types
from tunewright.core.errors import RecipeError

KINDS: dict[str, AdapterSettings] = {
    "lora": LoraConfig(r=4),
    "lora on some modules": LoraConfig(r=4, targets=("*.query", "*.value")),
    "rslora": LoraConfig(r=4, variant="rslora"),
    "dora": LoraConfig(r=4, variant="dora"),
    "pissa": LoraConfig(r=4, variant="pissa"),
    "ia3": Ia3Config(),
    "loha": PeftConfig(type="loha", settings={"r": 4}),
    "oft": PeftConfig(type="oft", settings={"oft_block_size": 8, "r": 0}),
}


SETTINGS: dict[str, dict[str, Any]] = {
    "C3A": {"block_size": 8}, "FOURIERFT": {"n_frequency": 16}, "MISS": {"r": 4}, "OFT": {"oft_block_size": 8, "r": 0},
    "PSOFT": {"r": 4}, "ROAD": {"group_size": 8}, "SHIRA": {"r": 2}, "VBLORA": {"vector_length": 8, "num_vectors": 16},
    "WAVEFT": {"n_frequency": 16},
}  # fmt: skip
"""What layers of width 16 need."""
ALL_KINDS = KINDS | {name: PeftConfig(type=name, settings=SETTINGS.get(name, {})) for name in accepted_types()}
NEVER_MERGED = {("LILY", "encoder"), ("LILY", "decoder"), ("LILY", "encoder-decoder"), ("BEFT", "decoder")}
"""LILY can't be merged at all, BEFT only where there are biases."""
MODELS: dict[str, Callable[[], torch.nn.Module]] = {
    "encoder": lambda: tiny_classifier("bert"),
    "decoder": lambda: tiny_writer(LlamaForCausalLM, "llama"),
    "encoder-decoder": lambda: tiny_writer(BartForConditionalGeneration, "bart"),
}


def tiny_writer(model_class: Any, name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    model: torch.nn.Module = model_class(copy.deepcopy(CONFIGS[name]))
    return model


def inputs_of(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    inputs = tiny_inputs()
    if model.config.is_encoder_decoder:  # type: ignore[union-attr]
        inputs["decoder_input_ids"] = inputs["input_ids"]
    return inputs


def answers(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = model.eval()(**inputs_of(model)).logits
    return result


@pytest.mark.parametrize("architecture", MODELS)
@pytest.mark.parametrize("kind", ALL_KINDS)
def test_each_type_is_trained_saved_read_by_peft_and_merged(kind: str, architecture: str, tmp_path: Path) -> None:
    from peft import PeftModel

    config, make = ALL_KINDS[kind], MODELS[architecture]
    if kind == "lora on some modules" and architecture != "encoder":
        config = LoraConfig(r=4, targets=("*.q_proj", "*.v_proj"))
    if (kind, architecture) in NEVER_MERGED:
        with pytest.raises(RecipeError, match="could be trained, but not be merged"):
            config.attach(make(), seed=3)
        return
    model = config.attach(make(), seed=3)
    untrained = answers(model)
    optimizer = torch.optim.Adam(config.trainable(model).values(), lr=0.02)
    for _ in range(2):
        answer = model.train()(**inputs_of(model)).logits
        (answer - answer.detach().roll(1, 0)).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    attached = answers(model)
    assert (attached - untrained).abs().max() > 1e-5
    config.save(model, tmp_path, base_model="tiny")
    again = answers(PeftModel.from_pretrained(make(), tmp_path))
    torch.testing.assert_close(again, attached, rtol=1e-5, atol=1e-6)
    merged = config.merge(model)
    torch.testing.assert_close(answers(merged), attached, rtol=1e-4, atol=1e-5)
    assert [name for name, _ in merged.named_parameters()] == [name for name, _ in make().named_parameters()]


@pytest.mark.parametrize("kind", ["PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING", "ADALORA", "POLY", "XLORA", "SHADOW"])
def test_types_that_can_not_be_had_say_why(kind: str) -> None:
    with pytest.raises(RecipeError, match=rf"{kind} \w+ .*Accepted: ADAMSS, .*LOHA"):
        PeftConfig(type=kind).attach(tiny_classifier("bert"))


def test_an_adapter_that_finds_nothing_to_train_is_refused() -> None:
    with pytest.raises(RecipeError, match="finds nothing to train in GPT2LMHeadModel"):
        PeftConfig(type="osf").attach(tiny_writer(GPT2LMHeadModel, "gpt2"))


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = model.eval()(**tiny_inputs()).logits
    return result


def trained(config: AdapterSettings, *, seed: int = 3) -> torch.nn.Module:
    """Attached, and moved by a few steps."""
    model = config.attach(tiny_classifier("bert"), seed=seed)
    optimizer = torch.optim.SGD(config.trainable(model).values(), lr=0.05)
    for _ in range(3):
        model(**tiny_inputs()).logits.square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_peft_reads_what_was_saved(kind: str, tmp_path: Path) -> None:
    from peft import PeftModel

    base = tiny_classifier("bert")
    model = trained(KINDS[kind])
    KINDS[kind].save(model, tmp_path, base_model="tiny")
    again = PeftModel.from_pretrained(base, tmp_path)
    torch.testing.assert_close(logits(again), logits(model), rtol=1e-5, atol=1e-6)
    assert not torch.allclose(logits(tiny_classifier("bert")), logits(model), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_merged_equals_attached_after_training(kind: str) -> None:
    model = trained(KINDS[kind])
    attached = logits(model)
    merged = KINDS[kind].merge(model)
    torch.testing.assert_close(logits(merged), attached, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pissa"])
def test_training_moves_the_adapter_and_the_head_alone(kind: str) -> None:
    before = {name: tensor.clone() for name, tensor in tiny_classifier("bert").state_dict().items()}
    model = trained(KINDS[kind])
    after = {name.replace(".base_layer", ""): tensor for name, tensor in model.state_dict().items()}
    moved = {name for name, tensor in before.items() if not torch.equal(after[name], tensor)}
    assert moved == {"classifier.weight", "classifier.bias"}


def test_without_the_head_only_the_adapter_moves() -> None:
    config = LoraConfig(r=4, train_head=False)
    assert all("lora_" in name for name in config.trainable(config.attach(tiny_classifier("bert"))))


def test_what_is_drawn_depends_on_the_seed_alone() -> None:
    torch.rand(7)
    first, again = (copy.deepcopy(LoraConfig().attach(tiny_classifier("bert"), seed=5).state_dict()) for _ in range(2))
    other = LoraConfig().attach(tiny_classifier("bert"), seed=6).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)

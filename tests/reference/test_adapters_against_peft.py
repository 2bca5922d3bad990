"""What is saved of an adapter is what peft itself reads: the same logits from peft's own loader on a fresh base model."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from tests.tiny_models import tiny_classifier, tiny_inputs
from tunewright.adapters import AdapterSettings, Ia3Config, LoraConfig, PeftConfig

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

"""Rounded layers answer as ordinary ones with the same numbers do, take less memory, and what is learned beside them is merged."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from tests.tiny_models import tiny_classifier, tiny_inputs
from tunewright.adapters import LoraConfig
from tunewright.adapters.quantized import quantize_layers, require_package, restore_layers
from tunewright.core.errors import MissingExtraError, RecipeError

has_bitsandbytes = importlib.util.find_spec("bitsandbytes") is not None
kinds = pytest.mark.parametrize(
    "kind", ["int8", pytest.param("nf4", marks=pytest.mark.skipif(not has_bitsandbytes, reason="needs the extra quant"))]
)  # fmt: skip


class TwoLayers(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b = torch.nn.Linear(64, 48), torch.nn.Linear(48, 8, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.b(self.a(x).relu())
        return result


@kinds
def test_outputs_and_gradients_are_those_of_an_ordinary_layer_with_the_rounded_numbers(kind: str) -> None:
    model, x = TwoLayers(), torch.randn(5, 64, requires_grad=True)
    whole = model(x.detach())
    quantize_layers(model, ["a", "b"], kind)
    rounded = model(x)
    (gradient,) = torch.autograd.grad(rounded.square().sum(), x)
    restore_layers(model)
    assert {type(module) for module in (model.a, model.b)} == {torch.nn.Linear}
    again = model(x)
    torch.testing.assert_close(rounded, again, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(gradient, torch.autograd.grad(again.square().sum(), x)[0], rtol=1e-4, atol=1e-5)
    assert 1e-4 < (again - whole).abs().max() < (0.05 if kind == "int8" else 0.5)


@kinds
def test_the_weights_take_a_fourth_or_an_eighth_of_the_memory(kind: str) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(1024, 1024, bias=False))
    before = sum(tensor.nbytes for tensor in model.state_dict().values())
    quantize_layers(model, ["0"], kind)
    after = sum(tensor.nbytes for tensor in model.state_dict().values())
    assert after < before * (0.26 if kind == "int8" else 0.15)


@kinds
def test_lora_beside_rounded_layers_is_merged_without_a_second_rounding_and_read_by_peft(
    kind: str, tmp_path: Path
) -> None:
    from peft import PeftModel

    config = LoraConfig.model_validate({"r": 4, "quantize": kind})
    model = config.attach(tiny_classifier("bert"), seed=3)
    assert {name.split(".")[-2] for name in config.trainable(model) if "lora_" not in name} == {"classifier"}
    optimizer = torch.optim.Adam(config.trainable(model).values(), lr=0.02)
    for _ in range(2):
        model.train()(**tiny_inputs()).logits.square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        attached = model.eval()(**tiny_inputs()).logits
        config.save(model, tmp_path, base_model="tiny")
        base = tiny_classifier("bert")
        quantize_layers(base, sorted(config._targets(base)), kind)
        restore_layers(base)
        theirs = PeftModel.from_pretrained(base, tmp_path).eval()(**tiny_inputs()).logits
        merged = config.merge(model)(**tiny_inputs()).logits
    torch.testing.assert_close(theirs, attached, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(merged, attached, rtol=1e-4, atol=1e-5)
    assert not any(parameter.dtype != torch.float32 for parameter in model.parameters())
    assert [name for name, _ in model.named_parameters()] == [n for n, _ in tiny_classifier("bert").named_parameters()]


def test_what_can_not_be_quantised_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="goes with the variants `lora` and `rslora`, not with `dora`"):
        LoraConfig(variant="dora", quantize="int8")
    with pytest.raises(RecipeError, match="is a Conv1D, and only torch's own linear layers"):
        LoraConfig(quantize="int8").attach(tiny_classifier("gpt2"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install \"tunewright\[quant\]\""):
        require_package("nf4")
    require_package("int8")

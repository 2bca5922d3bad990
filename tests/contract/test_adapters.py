"""What every adapter must do, on every architecture. A new one in `ADAPTERS` is tested by standing there."""

from __future__ import annotations

import json

import pytest
import torch
from pydantic import TypeAdapter

from tests.tiny_models import CONFIGS, tiny_classifier, tiny_inputs
from tunewright.adapters import ADAPTERS, AdapterConfig, AdapterSettings
from tunewright.core.errors import RecipeError

every_adapter = pytest.mark.parametrize("name", ADAPTERS)
PAIRS = [(name, architecture) for name in ADAPTERS for architecture in CONFIGS]
NOT_MADE_FOR = ("peft", "gpt2")
"""peft's LOHA knows no layer that stores its matrix the other way round."""
every_pair = pytest.mark.parametrize(("name", "architecture"), [pair for pair in PAIRS if pair != NOT_MADE_FOR])


def logits(model: torch.nn.Module) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        result: torch.Tensor = model(**tiny_inputs()).logits
    return result


@every_pair
def test_attaching_changes_no_answer(name: str, architecture: str) -> None:
    model = tiny_classifier(architecture)
    before = logits(model)
    assert torch.equal(logits(ADAPTERS[name]().attach(model)), before)


@every_pair
def test_only_trainable_parameters_get_a_gradient_and_all_of_them_can_move(name: str, architecture: str) -> None:
    config = ADAPTERS[name]()
    model = config.attach(tiny_classifier(architecture))
    trainable = config.trainable(model)
    assert trainable
    assert len({id(parameter) for parameter in trainable.values()}) == len(trainable)
    model.train()
    config.set_mode(model)
    model(**tiny_inputs()).logits.square().sum().backward()
    with_gradient = {n for n, parameter in model.named_parameters() if parameter.grad is not None}
    assert with_gradient <= set(trainable)
    # Some weights take no part in this input (a table of second segments); a head and a layer always do.
    assert len(with_gradient) > 0.6 * len(trainable)


@every_pair
def test_merged_answers_as_attached_after_a_step(name: str, architecture: str) -> None:
    config = ADAPTERS[name]()
    plain = tiny_classifier(architecture)
    names = [n for n, _ in plain.named_parameters()]
    model = config.attach(plain)
    with torch.no_grad():
        for parameter in config.trainable(model).values():
            parameter.add_(0.01 * torch.randn_like(parameter))
    attached = logits(model)
    merged = config.merge(model)
    assert [n for n, _ in merged.named_parameters()] == names
    torch.testing.assert_close(logits(merged), attached, rtol=1e-5, atol=1e-6)


@every_pair
def test_names_come_in_the_models_order(name: str, architecture: str) -> None:
    config = ADAPTERS[name]()
    model = config.attach(tiny_classifier(architecture))
    order = [n for n, _ in model.named_parameters()]
    assert list(config.trainable(model)) == [n for n in order if n in config.trainable(model)]


def test_an_adapter_that_peft_does_not_make_for_a_model_is_refused_in_words() -> None:
    name, architecture = NOT_MADE_FOR
    with pytest.raises(RecipeError, match=r"can.t put this into GPT2ForSequenceClassification: .*Conv1D"):
        ADAPTERS[name]().attach(tiny_classifier(architecture))


@every_adapter
def test_a_recipe_names_it_and_every_setting_is_explained(name: str) -> None:
    recipe: TypeAdapter[AdapterSettings] = TypeAdapter(AdapterConfig)
    config = recipe.validate_python({"name": name})
    assert type(config) is ADAPTERS[name]
    assert recipe.validate_python(json.loads(config.model_dump_json())) == config
    assert not [field for field, info in ADAPTERS[name].model_fields.items() if not info.description]

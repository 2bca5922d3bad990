"""Which modules are adapted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.tiny_models import CONFIGS, tiny_classifier
from tunewright.adapters import LoraConfig, PeftConfig
from tunewright.adapters.injected import find_targets
from tunewright.core.errors import RecipeError


@pytest.mark.parametrize("architecture", CONFIGS)
def test_by_default_every_layer_has_adapted_modules_and_the_head_has_none(architecture: str) -> None:
    targets = find_targets(tiny_classifier(architecture), None)
    assert len(targets) >= 4
    assert not [name for name in targets if name.startswith(("classifier", "score", "pooler", "classification_head"))]


def test_a_glob_takes_what_it_matches() -> None:
    model = tiny_classifier("bert")
    assert len(find_targets(model, ("*.query", "*.value"))) == 2 * 3
    assert find_targets(model, ("bert.encoder.layer.2.*.dense",)) == [
        "bert.encoder.layer.2.attention.output.dense",
        "bert.encoder.layer.2.intermediate.dense",
        "bert.encoder.layer.2.output.dense",
    ]


def test_a_glob_that_matches_nothing_is_an_error_that_names_what_there_is() -> None:
    with pytest.raises(RecipeError, match=r"`\*\.q_proj` matches no linear layer of BertForSequenceClassification"):
        find_targets(tiny_classifier("bert"), ("*.query", "*.q_proj"))


def test_a_head_that_is_trained_in_full_is_no_target(tmp_path: Path) -> None:
    model = LoraConfig(targets=("*",)).attach(tiny_classifier("llama"))
    assert type(model.score) is torch.nn.Linear
    assert model.score.weight.requires_grad
    LoraConfig(targets=("*",)).save(model, tmp_path, base_model="tiny")
    assert "base_model.model.score.weight" in load_file(tmp_path / "adapter_model.safetensors")
    with pytest.raises(RecipeError, match=r"only the new head \(score\) is matched"):
        LoraConfig(targets=("score",)).attach(tiny_classifier("llama"))


def test_a_type_that_peft_lacks_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"no 'LOHAA'\. Did you mean `LOHA`"):
        PeftConfig(type="LOHAA").attach(tiny_classifier("bert"))


def test_a_setting_that_the_type_lacks_is_refused_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"LOHA has no `rank`.* Accepted: .*alpha"):
        PeftConfig(type="LOHA", settings={"rank": 4}).attach(tiny_classifier("bert"))


def test_types_that_add_to_the_input_are_refused() -> None:
    with pytest.raises(RecipeError, match="PREFIX_TUNING adds to the model's input"):
        PeftConfig(type="prefix_tuning").attach(tiny_classifier("bert"))


def test_a_rank_beyond_reason_is_an_error_and_not_a_crash() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        LoraConfig(r=0)

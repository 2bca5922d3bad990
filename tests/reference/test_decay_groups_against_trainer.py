"""The parameters that decay, against those that transformers' Trainer would let decay."""

from __future__ import annotations

import pytest
from transformers import Trainer

from tests.tiny_models import CONFIGS, tiny_classifier
from tunewright.optim import AdamWConfig, parameter_groups


@pytest.mark.parametrize("name", CONFIGS)
def test_the_same_parameters_decay_as_in_trainer(name: str) -> None:
    model = tiny_classifier(name)
    groups = parameter_groups(model, parameters=dict(model.named_parameters()), config=AdamWConfig(weight_decay=0.1))
    ours = {n for group in groups if group["weight_decay"] > 0 for n in group["param_names"]}
    theirs = set(Trainer.get_decay_parameter_names(None, model)) & {n for n, _ in model.named_parameters()}
    assert ours == theirs

"""Classifiers that read one token: computing only that one in the last layer changes no logit and no gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.laws.examples import random_examples
from tests.laws.models import ENCODERS, tiny_classifier
from tests.laws.test_step_laws import CUTS, gradient, relative
from tunewright.batching import make_batch
from tunewright.models.first_token import FAMILIES, first_token_only

TOLERANCE = 1e-12


def layers_seen(model, batch):
    """Shapes of the last layer's output, and the logits."""
    shapes = []
    layer = model.base_model.encoder.layer[-1]
    handle = layer.register_forward_hook(lambda *args: shapes.append(tuple(args[-1].shape)))
    logits = model(**batch.inputs).logits
    handle.remove()
    return shapes, logits


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_and_gradients_are_the_same(family, attention):
    model = tiny_classifier(family, attention=attention).train()
    examples = random_examples()
    batch = make_batch(examples, np.arange(8), pad_id=0)
    shapes, whole_logits = layers_seen(model, batch)
    assert shapes[0][:2] == (8, batch.length)
    _, whole = gradient(model, examples, CUTS["uneven"])
    with first_token_only(model):
        shapes, logits = layers_seen(model, batch)
        assert shapes[0][:2] == (8, 1)
        _, found = gradient(model, examples, CUTS["uneven"])
    torch.testing.assert_close(logits, whole_logits, rtol=0, atol=1e-12)
    assert relative(found, whole) <= TOLERANCE
    assert layers_seen(model, batch)[0][0][:2] == (8, batch.length)  # and afterwards all is as it was


@pytest.mark.parametrize("architecture", sorted(set(ENCODERS) - set(FAMILIES)))
def test_models_of_other_families_are_left_alone(architecture):
    model = tiny_classifier(architecture)
    batch = make_batch(random_examples(), np.arange(8), pad_id=0)
    before = model(**batch.inputs).logits
    with first_token_only(model):
        assert not any("forward" in vars(module) for module in model.modules())
        assert torch.equal(model(**batch.inputs).logits, before)


def test_control_a_head_that_reads_other_tokens_would_notice():
    """Why heads are asked by name: the mean over tokens, which is what some heads read, is another number."""
    model = tiny_classifier("bert")
    inputs = make_batch(random_examples(), np.arange(8), pad_id=0).inputs
    whole = model.bert(**inputs).last_hidden_state.mean(dim=1)
    with first_token_only(model):
        assert relative(model.bert(**inputs).last_hidden_state.mean(dim=1), whole) > 1e-2


def test_entered_twice_it_ends_with_the_outer_one():
    model = tiny_classifier("bert")
    layer = model.bert.encoder.layer[-1]
    with first_token_only(model):
        with first_token_only(model):
            pass
        assert "forward" in vars(layer)
    assert "forward" not in vars(layer)


def test_models_that_are_no_classifiers_are_left_alone():
    model = tiny_classifier("bert").bert
    with first_token_only(model):
        assert not any("forward" in vars(module) for module in model.modules())

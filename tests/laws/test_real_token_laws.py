"""Linear layers that read the real tokens alone give the losses and gradients of those that read padding, too."""

from __future__ import annotations

import contextlib

import pytest
import torch

from tests.laws.examples import random_examples
from tests.laws.models import ENCODERS, tiny_classifier
from tests.laws.test_step_laws import CUTS, TOLERANCE, gradient, relative
from tunewright.runtime import linear_on_real_tokens, real_tokens
from tunewright.train import step


@pytest.mark.parametrize("architecture", ENCODERS)
def test_without_padding_in_linear_layers_losses_and_gradients_are_the_same(architecture, monkeypatch):
    model = tiny_classifier(architecture).train()
    examples = random_examples(windows=architecture in ("bert", "modernbert"))
    for cut in CUTS.values():
        loss, found = gradient(model, examples, cut)
        with monkeypatch.context() as patch:
            patch.setattr(step, "linear_on_real_tokens", lambda _: contextlib.nullcontext())
            padded_loss, padded = gradient(model, examples, cut)
        assert relative(found, padded) <= TOLERANCE
        assert loss == pytest.approx(padded_loss, rel=1e-12)


def test_only_real_tokens_are_multiplied():
    mask = (torch.arange(100) < torch.tensor([[3], [100]])).long()
    layer = torch.nn.Linear(4, 3)
    padded = torch.randn(2, 100, 4)
    with linear_on_real_tokens(mask):
        found = layer(padded)
        assert layer(padded[:, 0]).shape == (2, 3)  # one vector a row: as ever
    expected = layer(padded)
    multiplied = (found != 0).any(-1)
    torch.testing.assert_close(found[multiplied], expected[multiplied])
    assert multiplied[mask.bool()].all()
    assert int(multiplied.sum()) == 128  # 103, and what fills up a multiple of 64


def test_where_nothing_is_padded_nothing_is_intercepted():
    assert not isinstance(linear_on_real_tokens(torch.ones(2, 5, dtype=torch.int64)), real_tokens._Mode)
    assert isinstance(linear_on_real_tokens(torch.tensor([[1, 1], [1, 0]])), real_tokens._Mode)

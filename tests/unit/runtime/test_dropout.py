"""Dropout of our own: another generator, the same distribution, and gradients of what was computed."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tunewright.runtime import cheap_dropout
from tunewright.runtime.dropout import CheapDropout

CPU = torch.device("cpu")


def drawn(shape, p, *, seed):
    """The mask and factor that the next call gets under this seed."""
    return CheapDropout(seed)._draw(shape, p)


@pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 0.9])
def test_the_wanted_share_is_dropped_and_the_mean_is_kept(p):
    n = 1_000_000
    with cheap_dropout(1, device=CPU):
        out = F.dropout(torch.ones(n), p)
    share = float((out == 0).double().mean())
    assert share == pytest.approx(p, abs=5 * np.sqrt(p * (1 - p) / n) + 1 / 65536)
    kept = out[out != 0].unique()
    assert len(kept) == 1
    dropped_in_fact = round(p * 65536) / 65536
    assert float(kept) == pytest.approx(1 / (1 - dropped_in_fact), rel=1e-6)


def test_neighbours_rows_and_seeds_are_independent():
    masks = torch.stack([drawn((200, 1000), 0.5, seed=seed)[0].double() - 0.5 for seed in range(3)])
    pairs = {
        "neighbours": (masks[:, :, 1:], masks[:, :, :-1]),
        "four further": (masks[:, :, 4:], masks[:, :, :-4]),
        "rows": (masks[:, 1:], masks[:, :-1]),
        "seeds": (masks[1:], masks[:-1]),
    }
    for name, (a, b) in pairs.items():
        assert abs(float((a * b).mean()) / 0.25) < 5 / np.sqrt(a.numel()), name


def test_draws_are_a_function_of_the_seed_and_torch_is_not_asked():
    x = torch.ones(1000)
    state = torch.get_rng_state()
    with cheap_dropout(1, device=CPU):
        first, second = F.dropout(x, 0.5), F.dropout(x, 0.5)
    with cheap_dropout(1, device=CPU):
        again = F.dropout(x, 0.5)
    with cheap_dropout(2, device=CPU):
        other = F.dropout(x, 0.5)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_the_gradient_is_that_of_the_same_mask():
    x = torch.randn(50, 40, dtype=torch.float64, requires_grad=True)
    with cheap_dropout(3, device=CPU):
        out = torch.nn.Dropout(0.3)(x)
    kept, factor = drawn(x.shape, 0.3, seed=3)
    assert torch.equal(out, x * kept * factor)
    weights = torch.randn_like(x)
    (gradient,) = torch.autograd.grad(out, x, weights)
    assert torch.equal(gradient, weights * kept * factor)


MASKS = ["none", "bool", "float"]


@pytest.mark.parametrize("asking", [6, 1])
@pytest.mark.parametrize("kind", MASKS)
def test_attention_and_its_gradients_are_those_of_the_formula(kind, asking):
    generator = torch.Generator().manual_seed(0)
    query, key, value = (
        torch.randn(2, 3, t, 4, dtype=torch.float64, generator=generator, requires_grad=True) for t in (asking, 6, 6)
    )
    real = torch.ones(2, 1, asking, 6, dtype=torch.bool)
    real[0, ..., 4:] = False
    mask = {"none": None, "bool": real, "float": torch.zeros(real.shape).double().masked_fill(~real, -1e300)}[kind]
    with cheap_dropout(3, device=CPU):
        out = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=0.4, scale=0.7)
    kept, factor = drawn((2, 3, asking, 6), 0.4, seed=3)
    scores = 0.7 * query @ key.transpose(2, 3)
    if kind != "none":
        scores = scores.masked_fill(~real, float("-inf"))
    expected = (scores.softmax(-1) * kept * factor) @ value
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-14)
    weights = torch.randn(out.shape, dtype=torch.float64, generator=generator)
    found = torch.autograd.grad(out, (query, key, value), weights)
    for mine, formula in zip(found, torch.autograd.grad(expected, (query, key, value), weights), strict=True):
        torch.testing.assert_close(mine, formula, rtol=0, atol=1e-13)


def test_without_dropout_nothing_is_touched():
    x = torch.randn(2, 3, 5, 4)
    plain = F.scaled_dot_product_attention(x, x, x)
    with cheap_dropout(1, device=CPU):
        assert F.dropout(x, 0.5, training=False) is x
        assert torch.equal(F.scaled_dot_product_attention(x, x, x), plain)
        assert float(F.dropout(x, 1.0).abs().sum()) == 0.0


def test_what_it_does_not_know_is_left_to_torch():
    x = torch.randn(2, 3, 5, 4)
    bias = torch.zeros(2, 3, 5, 5, requires_grad=True)
    with cheap_dropout(1, device=CPU):
        causal = F.scaled_dot_product_attention(x, x, x, dropout_p=1e-9, is_causal=True)
        F.scaled_dot_product_attention(x, x, x, attn_mask=bias, dropout_p=0.5).sum().backward()
    torch.testing.assert_close(causal, F.scaled_dot_product_attention(x, x, x, is_causal=True))
    assert bias.grad is not None


def test_off_the_cpu_nothing_is_replaced():
    assert isinstance(cheap_dropout(1, device=torch.device("meta")), contextlib.nullcontext)

"""Every optimiser against its rule by hand, in float64, over 20 steps with a changing learning rate and decay."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tunewright.optim import OPTIMIZERS, Group

NUM_STEPS = 20
DECAY = 0.05
State = dict[str, Tensor]
Rule = Callable[[Tensor, Tensor, State, float, float, int], Tensor]
"""weight, gradient, state, learning rate, decay, step from 1 -> the new weight."""


def by_gd(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    return x - a * (g + decay * x)


def by_momentum(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    g = g + decay * x
    state["b"] = 0.9 * state["b"] + g if t > 1 else g
    return x - a * state["b"]


def by_nesterov(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    g = g + decay * x
    state["b"] = 0.9 * state["b"] + g if t > 1 else g
    return x - a * (g + 0.9 * state["b"])


def by_adagrad(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    g = g + decay * x
    state["s"] = state.get("s", torch.zeros_like(x)) + g * g
    return x - a * g / (torch.sqrt(state["s"]) + 1e-10)


def by_rmsprop(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    g = g + decay * x
    state["s"] = 0.99 * state.get("s", torch.zeros_like(x)) + 0.01 * g * g
    return x - a * g / (torch.sqrt(state["s"]) + 1e-8)


def by_adam(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    return _adam(x, g + decay * x, state, a, t)


def by_adamw(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    return _adam(x, g, state, a, t) - a * decay * x


def _adam(x: Tensor, g: Tensor, state: State, a: float, t: int) -> Tensor:
    state["m"] = 0.9 * state.get("m", torch.zeros_like(x)) + 0.1 * g
    state["v"] = 0.999 * state.get("v", torch.zeros_like(x)) + 0.001 * g * g
    return x - a * (state["m"] / (1 - 0.9**t)) / (torch.sqrt(state["v"] / (1 - 0.999**t)) + 1e-8)


def by_adafactor(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    share = t**-0.8
    e = 2.0**-52  # the distance from 1.0 to the next float64
    size = max(1e-3, math.sqrt(float((x * x).mean()))) * min(a, 1 / math.sqrt(t))
    if x.ndim == 2:
        rows, columns = (g * g).mean(dim=1), (g * g).mean(dim=0)
        state["r"] = (1 - share) * state.get("r", torch.zeros_like(rows)) + share * rows
        state["c"] = (1 - share) * state.get("c", torch.zeros_like(columns)) + share * columns
        v = state["r"][:, None] * state["c"][None, :] / max(float(state["r"].mean()), e)
    else:
        v = state["v"] = (1 - share) * state.get("v", torch.zeros_like(x)) + share * g * g
    u = g / torch.sqrt(torch.clamp(v, min=e * e))
    u = u / max(1.0, math.sqrt(float((u * u).mean())))
    return x - a * decay * x - size * u


def by_muon(x: Tensor, g: Tensor, state: State, a: float, decay: float, t: int) -> Tensor:
    if x.ndim == 1:
        return by_adamw(x, g, state, a, decay, t)
    state["b"] = 0.95 * state.get("b", torch.zeros_like(x)) + 0.05 * g
    o = newton_schulz(0.05 * g + 0.95 * state["b"])
    return x - a * decay * x - a * 0.2 * math.sqrt(max(x.shape)) * o


def newton_schulz(b: Tensor) -> Tensor:
    """Five steps of X <- 3.4445 X - 4.775 (X X') X + 2.0315 (X X')^2 X, in bfloat16 as Muon has it."""
    x = b.to(torch.bfloat16)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(5):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=-4.775, alpha=2.0315), x, beta=3.4445)
    return (x.T if tall else x).to(b.dtype)


RULES: dict[str, Rule] = {
    "gd": by_gd,
    "sgd": by_gd,
    "momentum": by_momentum,
    "nesterov": by_nesterov,
    "adagrad": by_adagrad,
    "rmsprop": by_rmsprop,
    "adam": by_adam,
    "adamw": by_adamw,
    "adafactor": by_adafactor,
    "muon": by_muon,
}


def quadratic(weights: list[Tensor]) -> Tensor:
    """A bowl with another steepness in each direction."""
    return sum(((w * torch.arange(1, w.numel() + 1).view_as(w)) ** 2).sum() for w in weights) / 50.0  # type: ignore[return-value]


def perceptron(weights: list[Tensor]) -> Tensor:
    """A network of two layers on fixed data."""
    first, bias, second, shift = weights
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(9, first.shape[1], generator=generator, dtype=torch.float64)
    y = torch.randint(0, len(second), (9,), generator=generator)
    return nn.functional.cross_entropy(torch.tanh(x @ first.T + bias) @ second.T + shift, y)


def start() -> list[Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in ((6, 5), (6,), (3, 6), (3,))]


def learning_rate(step: int) -> float:
    return 0.02 * (1.0 - step / (2 * NUM_STEPS))


def trained_by_us(name: str, loss: Callable[[list[Tensor]], Tensor]) -> list[Tensor]:
    weights = [nn.Parameter(w) for w in start()]
    groups: list[Group] = [
        {
            "params": [w for w in weights if (w.ndim == 2) == matrices], "lr": 0.02, "weight_decay": DECAY * matrices,
            "hidden_matrices": matrices,
        }
        for matrices in (True, False)
    ]  # fmt: skip
    optimizer = OPTIMIZERS[name]().build(groups)
    for step in range(NUM_STEPS):
        loss(list(weights)).backward()  # type: ignore[no-untyped-call]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return [w.detach() for w in weights]


def trained_by_hand(rule: Rule, loss: Callable[[list[Tensor]], Tensor]) -> list[Tensor]:
    weights = start()
    states: list[State] = [{} for _ in weights]
    for step in range(NUM_STEPS):
        leaves = [w.clone().requires_grad_() for w in weights]
        gradients = torch.autograd.grad(loss(leaves), leaves)
        weights = [
            rule(w, g, state, learning_rate(step), DECAY if w.ndim == 2 else 0.0, step + 1)
            for w, g, state in zip(weights, gradients, states, strict=True)
        ]
    return weights


def largest_difference(name: str, rule: Rule, loss: Callable[[list[Tensor]], Tensor]) -> float:
    pairs = zip(trained_by_us(name, loss), trained_by_hand(rule, loss), strict=True)
    return max(float((ours - theirs).abs().max()) for ours, theirs in pairs)


@pytest.mark.parametrize("loss", [quadratic, perceptron])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twenty_steps_equal_the_rule_by_hand(name: str, loss: Callable[[list[Tensor]], Tensor]) -> None:
    assert largest_difference(name, RULES[name], loss) <= 1e-12


@pytest.mark.parametrize(("name", "wrong"), [("adamw", by_adam), ("adam", by_adamw), ("nesterov", by_momentum)])
def test_a_rule_that_is_slightly_wrong_would_be_noticed(name: str, wrong: Rule) -> None:
    assert largest_difference(name, wrong, perceptron) > 1e-6


@pytest.mark.parametrize("shape", [(8, 8), (12, 5), (5, 12)])
def test_muon_steps_are_nearly_orthogonal(shape: tuple[int, int]) -> None:
    weight = nn.Parameter(torch.zeros(shape))
    group: Group = {"params": [weight], "lr": 1.0, "weight_decay": 0.0, "hidden_matrices": True}
    optimizer = OPTIMIZERS["muon"]().build([group])
    weight.grad = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    optimizer.step()
    sizes = torch.linalg.svdvals(weight.detach() / (0.2 * math.sqrt(max(shape))))
    assert bool(((sizes > 0.5) & (sizes < 1.5)).all())

"""Logits to probabilities that mean what they say: by one temperature, by a slope and a shift per class, or by isotonic curves.

    temperature   softmax(z / T)                                   one number; answers stay as they are
    vector        softmax(a * z + b), a and b per class            Guo et al. 2017; per label: Platt 1999
    isotonic      a rising curve per class, then sum to one        Zadrozny and Elkan 2002

Fitted on validation rows. Which one is used is chosen there as well, by `choose_scaling`: the temperature, unless another
one's log-loss in cross-validation is shown to be lower. More numbers fit noise as well, and the rows that would tell are few.

    N  rows     C  classes (with sigmoids: labels)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tunewright.core.config import Config
from tunewright.evaluate.calibrate import fit_temperature
from tunewright.evaluate.predictions import log_softmax, sigmoid
from tunewright.metrics.metric import Booleans, Floats, Integers

Link = Literal["softmax", "sigmoid"]
"""softmax: one class of all; sigmoid: each label by itself."""
Gold = Integers | Booleans
"""N class indices (softmax) or N x C booleans (sigmoid)."""

FOLDS = 5
SHOWN_ERRORS = 2.0
"""Standard errors by which a scaling must be better than the temperature to take its place."""
VECTOR_ROWS = 20
"""Validation rows for each class, below which slopes and shifts are not tried."""
VECTOR_CLASSES = 200
"""More classes than this would make Newton's step slow."""
ISOTONIC_ROWS = 1000
"""Validation rows, below which curves are not tried: they were seen to fit noise."""


class TemperatureScaling(Config):
    """One number for all."""

    name: Literal["temperature"] = "temperature"
    """Which of the three."""
    temperature: float = Field(default=1.0, gt=0)
    """Logits are divided by it; above 1: the model was too sure of itself."""

    def scores(self, logits_NC: Floats, *, link: Link) -> Floats:
        """Probabilities (N, C)."""
        return _linked(logits_NC / self.temperature, link)


class VectorScaling(Config):
    """A slope and a shift for each class."""

    name: Literal["vector"] = "vector"
    """Which of the three."""
    slopes: tuple[float, ...]
    """One a class: what its logit is multiplied by."""
    shifts: tuple[float, ...]
    """One a class: what is added then."""

    def scores(self, logits_NC: Floats, *, link: Link) -> Floats:
        """Probabilities (N, C)."""
        return _linked(logits_NC * np.array(self.slopes) + np.array(self.shifts), link)


class Curve(Config):
    """A rising line through points; level beyond its ends."""

    x: tuple[float, ...]
    """Logits of the class less the best of the others (softmax), or of the label (sigmoid)."""
    y: tuple[float, ...]
    """How likely the class is there."""


class IsotonicScaling(Config):
    """A curve for each class."""

    name: Literal["isotonic"] = "isotonic"
    """Which of the three."""
    curves: tuple[Curve, ...]
    """One a class."""

    def scores(self, logits_NC: Floats, *, link: Link) -> Floats:
        """Probabilities (N, C)."""
        margins_NC = _margins(logits_NC, link)
        raw_NC = np.stack([np.interp(margins_NC[:, c], of.x, of.y) for c, of in enumerate(self.curves)], axis=1)
        return raw_NC if link == "sigmoid" else np.asarray(raw_NC / raw_NC.sum(1, keepdims=True))


Scaling = Annotated[TemperatureScaling | VectorScaling | IsotonicScaling, Field(discriminator="name")]
Fit = Callable[[Floats, Gold], TemperatureScaling | VectorScaling | IsotonicScaling]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One scaling in cross-validation over the validation rows."""

    name: str
    nll: float
    """Mean log-loss of rows that it was not fitted on, in nats."""
    gain: float
    """By how much that is less than the temperature's."""
    error: float
    """Standard error of the gain, over rows."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The scaling to use, and what spoke for it."""

    scaling: TemperatureScaling | VectorScaling | IsotonicScaling
    tried: tuple[Tried, ...]
    """Empty where there were too few rows to try anything but the temperature."""


def link_of(gold: Gold) -> Link:
    """How such gold is answered."""
    return "sigmoid" if gold.ndim == 2 else "softmax"


def choose_scaling(logits_NC: Floats, gold: Gold, *, seed: int = 17) -> Chosen:
    """The temperature, unless another scaling's cross-validated log-loss is lower by two standard errors; then the lowest.

    Rows whose gold is -1, a class that the model does not know, take no part.
    """
    known_N = np.ones(len(gold), np.bool_) if gold.ndim == 2 else gold >= 0
    logits_NC, gold = np.asarray(logits_NC, np.float64)[known_N], gold[known_N]
    rows, classes = logits_NC.shape
    fits: dict[str, Fit] = {"temperature": fit_temperature_scaling}
    if rows >= VECTOR_ROWS * classes and classes <= VECTOR_CLASSES:
        fits["vector"] = fit_vector
    if rows >= ISOTONIC_ROWS:
        fits["isotonic"] = fit_isotonic
    if len(fits) == 1:
        return Chosen(scaling=fit_temperature_scaling(logits_NC, gold), tried=())
    losses = {name: _held_out_losses(logits_NC, gold, fit, seed=seed) for name, fit in fits.items()}
    tried = []
    for name, losses_N in losses.items():
        gains_N = losses["temperature"] - losses_N
        error = float(gains_N.std(ddof=1)) / math.sqrt(rows)
        tried.append(Tried(name=name, nll=float(losses_N.mean()), gain=float(gains_N.mean()), error=error))
    better = [one for one in tried if one.gain > SHOWN_ERRORS * one.error]
    best = min(better, key=lambda one: one.nll).name if better else "temperature"
    return Chosen(scaling=fits[best](logits_NC, gold), tried=tuple(tried))


def fit_temperature_scaling(logits_NC: Floats, gold: Gold) -> TemperatureScaling:
    """See `fit_temperature`."""
    return TemperatureScaling(temperature=fit_temperature(logits_NC, gold).temperature)


def fit_vector(logits_NC: Floats, gold: Gold, *, prior_rows: float = 1.0) -> VectorScaling:
    """The slopes and shifts of least log-loss, held near the temperature's by a prior that is worth `prior_rows` rows.

    Newton's method on a convex function, with the step halved until the loss falls.
    """
    logits_NC = np.asarray(logits_NC, np.float64)
    rows, classes = logits_NC.shape
    link, hot_NC = link_of(gold), _one_hot(gold, classes)
    start = np.concatenate([np.full(classes, 1 / fit_temperature(logits_NC, gold).temperature), np.zeros(classes)])
    # Shifts are in units of logits, so that the prior is the same whatever the model's scale.
    spread = max(float(logits_NC.std()), 1e-12)
    weight = prior_rows / rows * np.concatenate([np.full(classes, spread**2), np.ones(classes)])

    def loss(at: Floats) -> float:
        scaled_NC = logits_NC * at[:classes] + at[classes:]
        return float(_losses(scaled_NC, hot_NC, link).mean() + (weight * np.square(at - start)).sum() / 2)

    at, before = start, loss(start)
    for _ in range(50):
        chance_NC = _linked(logits_NC * at[:classes] + at[classes:], link)
        excess_NC = (chance_NC - hot_NC) / rows
        slope = np.concatenate([(excess_NC * logits_NC).sum(0), excess_NC.sum(0)]) + weight * (at - start)
        step = np.linalg.solve(_curvature(logits_NC, chance_NC, link) + np.diag(weight), slope)
        size, after = 1.0, loss(at - step)
        while after > before and size > 1e-6:
            size /= 2
            after = loss(at - size * step)
        if before - after <= 1e-12 * max(1.0, abs(before)):
            break
        at, before = at - size * step, after
    return VectorScaling(slopes=tuple(at[:classes].tolist()), shifts=tuple(at[classes:].tolist()))


def fit_isotonic(logits_NC: Floats, gold: Gold) -> IsotonicScaling:
    """For each class the rising curve of least squares over its margin, never 0 or 1: one row more either way is imagined."""
    logits_NC = np.asarray(logits_NC, np.float64)
    margins_NC = _margins(logits_NC, link_of(gold))
    hot_NC = _one_hot(gold, logits_NC.shape[1])
    return IsotonicScaling(curves=tuple(_rising(margins_NC[:, c], hot_NC[:, c]) for c in range(logits_NC.shape[1])))


def _rising(x_N: Floats, y_N: Floats) -> Curve:
    """Pool adjacent violators; each pool stands at its mean x, with half a row of either outcome added to its mean."""
    order = np.argsort(x_N, kind="stable")
    x_N, y_N = x_N[order], y_N[order]
    pools: list[tuple[float, float, float]] = []  # rows, sum of y, sum of x
    for x, y in zip(x_N.tolist(), y_N.tolist(), strict=True):
        pools.append((1.0, y, x))
        while len(pools) > 1 and pools[-2][1] * pools[-1][0] >= pools[-1][1] * pools[-2][0]:
            last = pools.pop()
            pools[-1] = (pools[-1][0] + last[0], pools[-1][1] + last[1], pools[-1][2] + last[2])
    means = np.array([(x / rows, (y + 0.5) / (rows + 1)) for rows, y, x in pools])
    return Curve(x=tuple(means[:, 0].tolist()), y=tuple(np.maximum.accumulate(means[:, 1]).tolist()))


def _held_out_losses(logits_NC: Floats, gold: Gold, fit: Fit, *, seed: int) -> Floats:
    """Log-loss of each row under the scaling that was fitted on the other folds."""
    fold_N = np.random.default_rng(seed).permutation(len(gold)) % FOLDS
    losses_N = np.zeros(len(gold))
    for fold in range(FOLDS):
        here = fold_N == fold
        scores_NC = fit(logits_NC[~here], gold[~here]).scores(logits_NC[here], link=link_of(gold))
        hot_NC = _one_hot(gold[here], logits_NC.shape[1])
        truth_NC = scores_NC if gold.ndim == 1 else np.where(hot_NC > 0, scores_NC, 1 - scores_NC)
        log_NC = np.log(np.maximum(truth_NC, np.finfo(np.float64).tiny))
        losses_N[here] = -(log_NC * hot_NC).sum(1) if gold.ndim == 1 else -log_NC.sum(1)
    return losses_N


def _curvature(logits_NC: Floats, chance_NC: Floats, link: Link) -> Floats:
    """Second derivatives of the mean loss by slopes and shifts, (2 C, 2 C)."""
    both_N2C = np.concatenate([logits_NC, np.ones_like(logits_NC)], axis=1)
    weighted_NC = chance_NC if link == "softmax" else chance_NC * (1 - chance_NC)
    classes = logits_NC.shape[1]
    whole = np.zeros((2 * classes, 2 * classes))
    for a in (0, 1):
        for b in (0, 1):
            left, right = both_N2C[:, a * classes : (a + 1) * classes], both_N2C[:, b * classes : (b + 1) * classes]
            block = np.diag((weighted_NC * left * right).sum(0))
            if link == "softmax":
                block -= (chance_NC * left).T @ (chance_NC * right)
            whole[a * classes : (a + 1) * classes, b * classes : (b + 1) * classes] = block
    return whole / len(logits_NC)


def _margins(logits_NC: Floats, link: Link) -> Floats:
    """What a curve is drawn over: the log-odds of each class against all others together, or the label's logit."""
    if link == "sigmoid" or logits_NC.shape[1] < 2:
        return logits_NC
    log_NC = log_softmax(logits_NC)
    # log(1 - p) without cancellation where p is near 1.
    return log_NC - np.log(np.maximum(-np.expm1(np.minimum(log_NC, -1e-300)), 1e-300))


def _losses(scaled_NC: Floats, hot_NC: Floats, link: Link) -> Floats:
    if link == "softmax":
        return np.asarray(-(log_softmax(scaled_NC) * hot_NC).sum(1))
    return np.asarray((np.logaddexp(0.0, scaled_NC) - hot_NC * scaled_NC).sum(1))


def _linked(scaled_NC: Floats, link: Link) -> Floats:
    return np.exp(log_softmax(scaled_NC)) if link == "softmax" else sigmoid(scaled_NC)


def _one_hot(gold: Gold, classes: int) -> Floats:
    if gold.ndim == 2:
        return gold.astype(np.float64)
    hot: Floats = (gold[:, None] == np.arange(classes)).astype(np.float64)
    return hot

"""A learning curve: the error by the number of labels, the power law behind it, and what more labels would bring.

The error falls as `e(n) = rest + scale * n^-exponent`, no part negative (Hestness et al. 2017, arXiv:1712.00409; Rosenfeld et
al. 2020, arXiv:1909.12673): what can't be learned, and what is still to be learned. Where the points don't fall, or lie farther
from such a law than chance would have it, there is no forecast, but the reason.

S  sizes     R  repeats of a size, on subsets of their own     B  draws of the validation rows     E  exponents
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tunewright.metrics.metric import Floats

FEWEST_SIZES = 4
REACH = 2.0
"""A forecast goes no further than to this many times the largest size."""
LEVEL = 0.95
MOST_MISFIT = 3.0
"""Points may lie so many times farther from the law, in squares, than their noise explains."""
NOISE_SIZES = 3
"""The noise with the most labels is told from so many of the largest sizes: each alone has too few fine-tunes."""
_EXPONENTS = np.linspace(0.05, 2.0, 79)
_SEED = 17

Refusal = Literal["few_sizes", "no_fall", "misfit"]


@dataclass(frozen=True, kw_only=True)
class Law:
    """`rest + scale * n^-exponent`."""

    rest: float
    scale: float
    exponent: float

    def at(self, size: float) -> float:
        """The error with so many labels."""
        return float(self.rest + self.scale * size**-self.exponent)


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The error now less the error with more labels; the range holds what would be measured then."""

    more: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The law of the points, and what follows from it; or why nothing does."""

    law: Law | None
    gains: tuple[Gain, ...]
    """None further than `REACH`."""
    rest_range: tuple[float, float] | None
    """In which the rest of the law lies as far as the points tell: seldom narrow, since it is told from what is not there yet."""
    refusal: Refusal | None
    run_noise: float
    """Standard deviation of one fine-tune around others with the most labels."""
    fitted_from: int
    """The smallest size that the law is fitted to."""


def fit_curve(sizes: Sequence[int], errors_SR: Floats, *, drawn_BSR: Floats, more: Sequence[int]) -> Curve:
    """Fit the law to the mean error of each size, smallest size first.

    `drawn_BSR` are the same errors on validation rows drawn anew, the same rows for all sizes and repeats of a draw. At least
    two repeats are needed, or nobody could tell a bend of the curve from an accident. Where the points lie off a law, the smallest
    size is left out while enough are left: with very few labels a curve often begins flat, and falls only then.
    """
    first = 0
    while True:
        curve = _fit_all(sizes[first:], errors_SR[first:], drawn_BSR=drawn_BSR[:, first:], more=more)
        if curve.refusal != "misfit" or len(sizes) - first <= FEWEST_SIZES:
            return curve
        first += 1


def _fit_all(sizes: Sequence[int], errors_SR: Floats, *, drawn_BSR: Floats, more: Sequence[int]) -> Curve:
    repeats = errors_SR.shape[1]
    variance_S = errors_SR.var(axis=1, ddof=1)
    run_noise = float(np.sqrt(variance_S[-NOISE_SIZES:].mean()))
    # Which rows a part happens to have matters the more the fewer they are.
    noise_S = np.maximum(run_noise, np.sqrt((variance_S * sizes).mean() / np.asarray(sizes, np.float64)))
    if len(sizes) < FEWEST_SIZES:
        return Curve(
            law=None, gains=(), rest_range=None, refusal="few_sizes", run_noise=run_noise, fitted_from=sizes[0]
        )
    law = fit_law(sizes, errors_SR.mean(axis=1))
    rng = np.random.default_rng(_SEED)
    # How large the noise is was told from a few fine-tunes: Student's t has it that it may be larger.
    freedom = NOISE_SIZES * (repeats - 1)
    drawn_BS = drawn_BSR.mean(axis=2)
    drawn_BS = drawn_BS + noise_S / np.sqrt(repeats) * rng.standard_t(freedom, drawn_BS.shape)
    laws = [fit_law(sizes, drawn_S) for drawn_S in drawn_BS]
    refusal: Refusal | None = None
    if np.quantile([one.at(sizes[0]) - one.at(sizes[-1]) for one in laws], (1 - LEVEL) / 2) <= 0:
        refusal = "no_fall"
    elif _misfit(law, sizes, errors_SR.mean(axis=1), drawn_BS) > MOST_MISFIT:
        refusal = "misfit"
    # Of the fine-tune then, and of those now, which it will be compared with.
    noise_B = run_noise * np.sqrt(1 + 1 / repeats) * rng.standard_t(freedom, len(laws))
    gains = () if refusal else tuple(
        _gain(law, laws, sizes[-1], number, noise_B=noise_B)
        for number in more
        if sizes[-1] + number <= REACH * sizes[-1]
    )  # fmt: skip
    low, high = np.quantile([one.rest for one in laws], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Curve(
        law=law, gains=gains, rest_range=(float(low), float(high)), refusal=refusal, run_noise=run_noise,
        fitted_from=sizes[0],
    )  # fmt: skip


def fit_law(sizes: Sequence[int], errors_S: Floats) -> Law:
    """Least squares, each point as heavy as its size: of each exponent of a grid the best rest and scale, neither negative.

    The error of few labels is noisier, and of less interest to somebody who has many.
    """
    size_S = np.asarray(sizes, np.float64)
    weight_S = size_S / size_S.sum()
    powers_ES = size_S ** -_EXPONENTS[:, None]
    mean_power_E, mean_error = powers_ES @ weight_S, float(errors_S @ weight_S)
    centred_ES = powers_ES - mean_power_E[:, None]
    scale_E = centred_ES @ (weight_S * errors_S) / (np.square(centred_ES) @ weight_S)
    rest_E = mean_error - scale_E * mean_power_E
    # Where the best rest would be negative, the law goes through zero; where the best scale would be, it is flat.
    alone_E = powers_ES @ (weight_S * errors_S) / (np.square(powers_ES) @ weight_S)
    scale_E = np.where(rest_E < 0, np.maximum(alone_E, 0), np.maximum(scale_E, 0))
    rest_E = np.where(rest_E < 0, 0, np.where(scale_E > 0, rest_E, max(mean_error, 0.0)))
    missed_E = np.square(rest_E[:, None] + scale_E[:, None] * powers_ES - errors_S) @ weight_S
    best = int(np.argmin(missed_E))
    return Law(rest=float(rest_E[best]), scale=float(scale_E[best]), exponent=float(_EXPONENTS[best]))


def _misfit(law: Law, sizes: Sequence[int], points_S: Floats, drawn_BS: Floats) -> float:
    """Mean square distance from the law, over what noise alone would give.

    Rows are the same for all sizes: what drawing others does to all points alike bends no curve, and does not count as noise.
    """
    against_each_other_BS = drawn_BS - drawn_BS.mean(axis=1, keepdims=True)
    explained = float(against_each_other_BS.var(axis=0).mean())
    missed_S = np.array([law.at(size) for size in sizes]) - points_S
    freedom = max(1, len(sizes) - 3)  # three numbers were fitted
    return float(np.square(missed_S).sum()) / freedom / explained if explained > 0 else 0.0


def _gain(law: Law, laws: Sequence[Law], largest: int, more: int, *, noise_B: Floats) -> Gain:
    then = largest + more
    drawn_B = np.array([one.at(largest) - one.at(then) for one in laws]) + noise_B
    low, high = np.quantile(drawn_B, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    value = law.at(largest) - law.at(then)
    return Gain(more=more, value=value, low=float(min(low, value)), high=float(max(high, value)))

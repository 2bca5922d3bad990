"""Student's t for any degrees of freedom, whole or not: what is left of the normal where a variance rests on few numbers."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_LARGE = 1e7
"""From so many degrees of freedom on it is the normal distribution to seven digits."""


def two_sided(t: float, *, freedom: float) -> float:
    """The chance of a t at least this far from 0 on either side."""
    if freedom > _LARGE:
        return 2 * _NORMAL.cdf(-abs(t))
    return incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def quantile(share: float, *, freedom: float) -> float:
    """The t below which `share` of the distribution lies, 0 < share < 1."""
    if share == 0.5:
        return 0.0
    if share < 0.5:
        return -quantile(1 - share, freedom=freedom)
    tail = 2 * (1 - share)
    low, high = 0.0, math.inf
    t = _NORMAL.inv_cdf(share)
    for _ in range(200):
        excess = two_sided(t, freedom=freedom) - tail
        low, high = (t, high) if excess > 0 else (low, t)
        # Newton's step where it stays between the ends that are known.
        slope = 2 * _density(t, freedom=freedom)
        following = t + excess / slope if slope > 0 else math.inf
        if not low < following < high:
            following = (low + high) / 2 if math.isfinite(high) else 2 * t
        if abs(following - t) <= 1e-13 * t:
            break
        t = following
    return t


def _density(t: float, *, freedom: float) -> float:
    if freedom > _LARGE:
        return _NORMAL.pdf(t)
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return math.exp(scale - (freedom + 1) / 2 * math.log1p(t * t / freedom))


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b), by its continued fraction (Lentz's way of adding it up)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # on this side the fraction of the other end converges fast
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    fraction = c = 1.0
    d = 0.0
    for step in range(1000):
        m = step // 2
        if step == 0:
            term = 1.0
        elif step % 2 == 0:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / (1 + term * d or tiny)
        c = 1 + term / c or tiny
        fraction *= c * d
        if step and abs(c * d - 1) < 1e-15:
            break
    return front * (fraction - 1)

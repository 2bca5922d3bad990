"""Memory as a function of the shape of a micro-batch, from a few that were measured.

What is held while training is a fixed part (libraries, weights, gradients, the optimiser's state), a part for each padded token
(activations), and where attention keeps its scores, a part for each pair of tokens of a window:

    bytes(W, T) = fixed + a * W * T + b * W * T^2,     a, b >= 0

W  windows of a micro-batch     T  tokens of its longest, to which the others are padded
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunewright.core.errors import RecipeError
from tunewright.metrics.metric import Floats

SURE = 0.04
"""An estimate of a shape that was measured may be off by this share: allocators don't do the same twice."""
REACH = 0.25
"""Of what lies beyond the largest measured shape, this share may be wrong."""
NOISE = 0.015
"""A measured peak may be off by this share, and a line through such peaks goes astray by so much for each time that a shape is
larger than the largest measured one."""
MOST_SHAPES = 64
"""oneDNN makes its kernels anew for each shape and keeps 1,024 of them: about 16 for each, counted with encoders and decoders
(lab/LOG.md, 2026-11-28). After so many shapes a process hardly grows any more."""
_UNITS = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


@dataclass(frozen=True, kw_only=True, order=True)
class Shape:
    """Of one micro-batch; larger ones sort later."""

    tokens: int
    """W * T, padding included."""
    length: int
    """T."""

    @property
    def terms(self) -> tuple[float, float]:
        """What the two growing parts are multiplied by."""
        return float(self.tokens), float(self.tokens) * self.length


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number of bytes, and the range in which it is expected."""

    bytes: float
    low: float
    high: float

    def plus(self, other: float, *, doubt: float = 0.0) -> Estimate:
        """With so many bytes more, of which a share may be wrong."""
        return Estimate(
            bytes=self.bytes + other, low=self.low + (1 - doubt) * other, high=self.high + (1 + doubt) * other
        )


@dataclass(frozen=True, kw_only=True)
class MemoryModel:
    """Fitted to measured shapes."""

    fixed: float
    per_token: float
    per_pair: float
    largest: Shape
    """That was measured."""
    misfit: float
    """The largest share by which the fit misses a measured shape."""

    @classmethod
    def fit(cls, shapes: Sequence[Shape], measured_bytes: Sequence[float]) -> MemoryModel:
        """Least squares of relative errors, no part negative: the best of all choices of parts that are zero."""
        terms_S3 = np.array([(1.0, *shape.terms) for shape in shapes])
        bytes_S = np.asarray(measured_bytes, np.float64)
        best: tuple[float, Floats] | None = None
        for parts in itertools.product((False, True), repeat=2):
            kept = [0, *(1 + i for i, part in enumerate(parts) if part)]
            if len(kept) > len(shapes):
                continue
            found, *_ = np.linalg.lstsq(terms_S3[:, kept] / bytes_S[:, None], np.ones(len(bytes_S)), rcond=None)
            whole = np.zeros(3)
            whole[kept] = found
            error = float(np.square(terms_S3 @ whole / bytes_S - 1).sum())
            if (whole >= 0).all() and (best is None or error < best[0] - 1e-15):
                best = error, whole
        if best is None:  # memory that falls as shapes grow is noise around a fixed part
            best = 0.0, np.array([bytes_S.max(), 0.0, 0.0])
        fixed, per_token, per_pair = best[1].tolist()
        misfit = float(np.abs(terms_S3 @ best[1] / bytes_S - 1).max())
        return cls(fixed=fixed, per_token=per_token, per_pair=per_pair, largest=max(shapes), misfit=misfit)

    def at(self, shape: Shape) -> Estimate:
        """What a shape is expected to take."""
        value, known = self._value(shape), self._value(self.largest)
        astray = max(0.0, max(shape.terms) / max(self.largest.terms) - 1) * NOISE * known
        doubt = (SURE + self.misfit) * value + REACH * max(0.0, value - known) + astray
        return Estimate(bytes=value, low=max(0.0, value - doubt), high=value + doubt)

    def growing(self, shape: Shape) -> float:
        """The part that depends on the shape."""
        return self._value(shape) - self.fixed

    def _value(self, shape: Shape) -> float:
        tokens, pairs = shape.terms
        return self.fixed + self.per_token * tokens + self.per_pair * pairs


def growth_bytes(peaks: Sequence[float], *, seen: Sequence[int], num_shapes: int) -> float:
    """By how much a process is still expected to grow: libraries keep something for each shape that they meet, which takes more
    than the tensors where models are small.

    `peaks` of steps, `seen` the number of different shapes up to each, `num_shapes` those that all training will meet.
    """
    new = seen[-1] - seen[0]
    grown = max(0.0, peaks[-1] - peaks[0])
    return grown / new * max(0, min(num_shapes, MOST_SHAPES) - seen[-1]) if new else 0.0


def parse_bytes(text: str) -> int:
    """`24GB`, `24 GiB` or `24000000000` as bytes. Raises RecipeError."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([kKmMgGtT]?i?)[bB]?\s*", text)
    try:
        return int(float(found[1]) * _UNITS[found[2].lower()])  # type: ignore[index]
    except (TypeError, ValueError, KeyError):
        raise RecipeError(f"`{text}` is no amount of memory. Accepted: for example 24GB, 16GiB, 8000MB.") from None


def in_gigabytes(estimate: Estimate) -> dict[str, float]:
    """For people and JSON."""
    return {name: round(getattr(estimate, name) / 1e9, 4) for name in ("bytes", "low", "high")}

"""Memory by shape: what was planted is found, ranges hold what lies beyond, and amounts are read as people write them."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.core.errors import RecipeError
from tunewright.planning.memory import MOST_SHAPES, MemoryModel, Shape, growth_bytes, parse_bytes

SHAPES = [Shape(tokens=rows * length, length=length) for rows, length in ((4, 16), (8, 32), (8, 64), (16, 64))]
BEYOND = Shape(tokens=32 * 128, length=128)


def planted(shape: Shape, *, fixed: float, per_token: float, per_pair: float) -> float:
    return fixed + per_token * shape.tokens + per_pair * shape.tokens * shape.length


@pytest.mark.parametrize(
    "parts",
    [
        {"fixed": 1e9, "per_token": 2e5, "per_pair": 0.0},
        {"fixed": 1e9, "per_token": 2e5, "per_pair": 3e3},
        {"fixed": 1e9, "per_token": 0.0, "per_pair": 5e3},
        {"fixed": 2e9, "per_token": 0.0, "per_pair": 0.0},
    ],
)
def test_what_was_planted_is_found_and_reaches_further(parts: dict[str, float]) -> None:
    model = MemoryModel.fit(SHAPES, [planted(shape, **parts) for shape in SHAPES])
    assert (model.fixed, model.per_token, model.per_pair) == pytest.approx(tuple(parts.values()), abs=1e-3, rel=1e-6)
    assert model.at(BEYOND).bytes == pytest.approx(planted(BEYOND, **parts))


def test_the_range_holds_what_is_measured_with_noise() -> None:
    rng = np.random.default_rng(0)
    parts = {"fixed": 1e9, "per_token": 2e5, "per_pair": 1e3}
    inside = 0
    for _ in range(200):
        measured = [planted(shape, **parts) * rng.normal(1, 0.01) for shape in SHAPES]
        found = MemoryModel.fit(SHAPES, measured).at(BEYOND)
        inside += found.low <= planted(BEYOND, **parts) <= found.high
    assert inside >= 190


def test_the_range_is_wider_beyond_what_was_measured() -> None:
    model = MemoryModel.fit(SHAPES, [planted(shape, fixed=1e8, per_token=2e5, per_pair=0) for shape in SHAPES])
    near, far = model.at(SHAPES[-1]), model.at(BEYOND)
    assert (far.high - far.low) / far.bytes > 2 * (near.high - near.low) / near.bytes


def test_no_part_is_negative() -> None:
    model = MemoryModel.fit(SHAPES, [1.003e9, 1.002e9, 1.001e9, 1.000e9])
    assert min(model.fixed, model.per_token, model.per_pair) >= 0


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("24GB", 24_000_000_000),
        ("16 GiB", 16 * 2**30),
        ("8000MB", 8_000_000_000),
        ("1.5g", 1_500_000_000),
        ("512", 512),
    ],
)
def test_amounts_are_read_as_people_write_them(written: str, meant: int) -> None:
    assert parse_bytes(written) == meant


@pytest.mark.parametrize("written", ["much", "24XB", "", "1.2.3GB"])
def test_what_is_no_amount_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(RecipeError, match="24GB"):
        parse_bytes(written)


def test_growth_goes_on_with_each_new_shape_and_then_ends() -> None:
    seen = [4, 8, 11, 20]
    peaks = [1e9 + 1e7 * shapes for shapes in seen]
    assert growth_bytes(peaks, seen=seen, num_shapes=30) == pytest.approx(10 * 1e7)
    assert growth_bytes(peaks, seen=seen, num_shapes=10**6) == pytest.approx((MOST_SHAPES - 20) * 1e7)
    assert growth_bytes(peaks, seen=seen, num_shapes=20) == 0
    assert growth_bytes(peaks[::-1], seen=seen, num_shapes=100) == 0
    assert growth_bytes(peaks, seen=[7] * 4, num_shapes=100) == 0

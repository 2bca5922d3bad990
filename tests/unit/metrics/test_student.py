from __future__ import annotations

import pytest
from scipy import special, stats

from tunewright.metrics import student


@pytest.mark.parametrize("freedom", [1, 1.3, 2, 2.7, 5, 30, 1000])
def test_student_equals_scipys(freedom: float) -> None:
    for share in (0.001, 0.3, 0.9, 0.975, 0.99999):
        assert student.quantile(share, freedom=freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-9)
    for t in (-3.0, 0.0, 0.2, 2.0, 60.0):
        assert student.two_sided(t, freedom=freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), rel=1e-9)


def test_with_endless_freedom_it_is_the_normal() -> None:
    assert student.quantile(0.975, freedom=float("inf")) == pytest.approx(stats.norm.ppf(0.975), rel=1e-9)
    assert student.two_sided(1.5, freedom=1e9) == pytest.approx(2 * stats.norm.sf(1.5), rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (3, 0.5), (20, 4), (1, 1)])
def test_the_incomplete_beta_function_equals_scipys(a: float, b: float) -> None:
    for x in (0.0, 0.01, 0.3, 0.9, 0.999, 1.0):
        assert student.incomplete_beta(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-9)

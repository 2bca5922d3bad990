"""The law is found, its forecasts hold what is measured later, and a curve that does not behave is refused."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.metrics.metric import Floats
from tunewright.planning.curve import Curve, Law, fit_curve, fit_law

SIZES = (64, 128, 256, 512, 1024)
ROWS, DRAWS = 400, 200


def measured(law: Law, *, repeats: int = 2, run_noise: float = 0.005, seed: int) -> tuple[Floats, Floats]:
    """Errors (S, R) of imagined fine-tunes on the same validation rows, each of its own difficulty; and on rows drawn anew."""
    rng = np.random.default_rng(seed)
    difficulty_N = rng.random(ROWS)
    expected_SR = np.array([[law.at(size)] * repeats for size in SIZES]) + run_noise * rng.standard_normal(
        (len(SIZES), repeats)
    )
    wrong_SRN = difficulty_N < expected_SR[:, :, None]
    counts_BN = rng.multinomial(ROWS, np.full(ROWS, 1 / ROWS), size=DRAWS)
    return wrong_SRN.mean(axis=2), np.moveaxis(wrong_SRN @ counts_BN.T / ROWS, 2, 0)


def curve(law: Law, *, seed: int, more: tuple[int, ...] = (500,), run_noise: float = 0.005) -> Curve:
    errors_SR, drawn_BSR = measured(law, seed=seed, run_noise=run_noise)
    return fit_curve(SIZES, errors_SR, drawn_BSR=drawn_BSR, more=more)


@pytest.mark.parametrize(
    "law",
    [
        Law(rest=0.05, scale=3.0, exponent=0.5), Law(rest=0.0, scale=1.0, exponent=0.25), Law(rest=0.2, scale=40.0, exponent=1.0),
    ],
)  # fmt: skip
def test_a_law_without_noise_is_found(law: Law) -> None:
    found = fit_law(SIZES, np.array([law.at(size) for size in SIZES]))
    for size in (*SIZES, 2048):
        assert found.at(size) == pytest.approx(law.at(size), abs=1e-6)


def test_no_part_of_a_law_is_negative() -> None:
    for errors in ([0.5, 0.4, 0.2, 0.1, 0.0], [0.1, 0.2, 0.3, 0.4, 0.5], [0.3] * 5):
        law = fit_law(SIZES, np.array(errors))
        assert min(law.rest, law.scale, law.exponent) >= 0


def test_the_range_of_a_forecast_holds_what_is_measured_later() -> None:
    """200 curves of random laws; what a fine-tune with 500 more labels really brings, its own noise included."""
    rng = np.random.default_rng(1)
    inside, forecasts, rests = 0, 0, 0
    for seed in range(200):
        law = Law(rest=rng.uniform(0.02, 0.15), scale=rng.uniform(1.0, 4.0), exponent=rng.uniform(0.35, 0.8))
        found = curve(law, seed=seed)
        assert found.rest_range is not None
        rests += found.rest_range[0] <= law.rest <= found.rest_range[1]
        for gain in found.gains:
            later = law.at(1024) - law.at(1524) + 0.005 * rng.standard_normal()
            inside += gain.low <= later <= gain.high
            forecasts += 1
    assert forecasts > 150
    assert inside / forecasts >= 0.9
    assert rests >= 0.9 * 200


def test_a_flat_curve_and_one_that_rises_are_refused() -> None:
    flat, rising = Law(rest=0.2, scale=0.0, exponent=0.5), np.array([[0.1], [0.15], [0.2], [0.25], [0.3]])
    refused = [curve(flat, seed=seed).refusal for seed in range(40)]
    assert refused.count("no_fall") >= 36
    errors_SR = rising + np.array([0.0, 0.002])
    drawn_BSR = errors_SR + 0.01 * np.random.default_rng(0).standard_normal((DRAWS, 1, 1))
    assert fit_curve(SIZES, errors_SR, drawn_BSR=drawn_BSR, more=(500,)).refusal == "no_fall"


def test_a_bent_curve_is_refused_and_a_law_seldom_is() -> None:
    bent = np.array([[0.5], [0.49], [0.2], [0.19], [0.05]]) + np.array([0.0, 0.004])
    drawn_BSR = bent + 0.01 * np.random.default_rng(0).standard_normal((DRAWS, 1, 1))
    assert fit_curve(SIZES, bent, drawn_BSR=drawn_BSR, more=(500,)).refusal == "misfit"
    law = Law(rest=0.05, scale=2.0, exponent=0.5)
    assert sum(curve(law, seed=seed).refusal is not None for seed in range(60)) <= 6


def test_what_is_too_far_is_left_out_and_few_sizes_are_refused() -> None:
    law = Law(rest=0.05, scale=2.0, exponent=0.5)
    assert [gain.more for gain in curve(law, seed=0, more=(100, 1024, 1025)).gains] == [100, 1024]
    errors_SR, drawn_BSR = measured(law, seed=0)
    few = fit_curve(SIZES[:3], errors_SR[:3], drawn_BSR=drawn_BSR[:, :3], more=(500,))
    assert (few.refusal, few.gains) == ("few_sizes", ())


def test_a_curve_that_begins_flat_is_fitted_from_where_it_falls() -> None:
    law = Law(rest=0.02, scale=8.0, exponent=0.7)
    errors_SR, drawn_BSR = measured(law, seed=0)
    late_SR, late_BSR = errors_SR.copy(), drawn_BSR.copy()
    late_SR[0], late_BSR[:, 0] = errors_SR[1] + 0.01, drawn_BSR[:, 1] + 0.01
    found = fit_curve(SIZES, late_SR, drawn_BSR=late_BSR, more=(500,))
    assert (found.refusal, found.fitted_from) == (None, SIZES[1])
    assert fit_curve(SIZES, errors_SR, drawn_BSR=drawn_BSR, more=(500,)).fitted_from == SIZES[0]

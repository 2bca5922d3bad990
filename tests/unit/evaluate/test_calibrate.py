from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from tunewright.evaluate import automation, fit_temperature, fit_temperatures, fit_thresholds, from_logits, reliability


def labelled(rows: int, *, classes: int = 4, scale: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `scale` times the calibrated ones, and gold drawn from the calibrated ones."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(rows, classes))
    return scale * logits, (logits + rng.gumbel(size=logits.shape)).argmax(1)


def nll(logits: np.ndarray, gold: np.ndarray, temperature: float) -> float:
    return float(-log_softmax(logits / temperature, axis=1)[np.arange(len(gold)), gold].mean())


@pytest.mark.parametrize("scale", [0.05, 0.5, 1.0, 3.0, 50.0])
def test_temperature_is_where_the_nll_is_least(scale: float) -> None:
    logits, gold = labelled(500, scale=scale)
    fitted = fit_temperature(logits, gold, prior_rows=0.0)
    best = minimize_scalar(lambda t: nll(logits, gold, np.exp(t)), bounds=(-8, 8), options={"xatol": 1e-12})
    assert fitted.temperature == pytest.approx(np.exp(best.x), rel=1e-5)
    assert fitted.nll_after <= best.fun + 1e-12
    assert fitted.nll_before == pytest.approx(nll(logits, gold, 1.0), rel=1e-12)


def test_temperature_finds_the_scale_that_was_put_in() -> None:
    logits, gold = labelled(20_000, scale=3.0)
    assert fit_temperature(logits, gold).temperature == pytest.approx(3.0, rel=0.05)


@pytest.mark.parametrize("seed", range(30))
def test_nll_on_the_fitting_rows_is_never_worse_than_without(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, classes = int(rng.integers(1, 40)), int(rng.integers(1, 6))
    logits = 10 ** rng.uniform(-4, 6) * rng.normal(size=(rows, classes))
    gold = logits.argmax(1) if seed % 3 == 0 else rng.integers(0, classes, rows)
    fitted = fit_temperature(logits, gold)
    assert fitted.nll_after <= fitted.nll_before
    assert 0 < fitted.temperature < np.inf
    sets = rng.random(logits.shape) < 0.5
    assert fit_temperature(logits, sets).nll_after <= fit_temperature(logits, sets).nll_before


def test_rows_that_are_all_right_do_not_make_the_model_certain() -> None:
    logits = np.array([[4.0, 0.0]] * 50)
    assert 0.5 < fit_temperature(logits, np.zeros(50, np.int64)).temperature < 1


def test_no_rows_leave_the_logits_as_they_are() -> None:
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, np.int64)).temperature == 1.0


def test_each_label_gets_its_own_temperature() -> None:
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(20_000, 2))
    gold = logits + rng.logistic(size=logits.shape) > 0
    assert fit_temperatures(logits * [4.0, 0.5], gold) == pytest.approx([4.0, 0.5], rel=0.1)


def test_thresholds_are_never_worse_than_one_half_and_stay_there_for_rare_labels() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(400, 3))
    gold = logits + 0.5 * rng.logistic(size=logits.shape) > 1
    gold[:, 2] = np.arange(400) < 5
    scores = 1 / (1 + np.exp(-(logits - [2.0, 0.0, 0.0])))
    thresholds = fit_thresholds(scores, gold)

    def f1(column: int, threshold: float) -> float:
        said = scores[:, column] >= threshold
        return 2 * (said & gold[:, column]).sum() / (said.sum() + gold[:, column].sum())

    assert f1(0, thresholds[0]) > f1(0, 0.5) + 0.1
    assert thresholds[2] == 0.5
    for column in (0, 1):
        best = max(f1(column, t) for t in np.unique(scores[:, column]))
        assert f1(column, thresholds[column]) == pytest.approx(best, abs=1e-12)


def predictions(rows: int, *, seed: int, scale: float = 1.0):
    logits, gold = labelled(rows, seed=seed, scale=scale)
    names = list("abcd")
    return from_logits(
        [str(i) for i in range(rows)],
        kind="single_label",
        labels=names,
        gold=[names[i] for i in gold],
        logits_NC=logits,
    )


def test_reliability_bins_hold_all_rows_and_bands_hold_the_accuracy() -> None:
    bins = reliability(predictions(1000, seed=0))
    assert sum(b.n for b in bins) == 1000
    for b in bins:
        assert b.low <= b.confidence <= b.high
        assert b.band_low <= b.accuracy <= b.band_high


def test_automation_chooses_on_validation_and_checks_on_test() -> None:
    validation, test = predictions(2000, seed=1), predictions(2000, seed=2)
    results = automation(validation, test, wanted=(0.8, 0.9, 0.97))
    shares = [r.share for r in results]
    assert shares == sorted(shares, reverse=True)
    for r in results:
        confident = test.scores_NC.max(1) >= r.threshold
        right = test.gold_index_N == test.prediction_index_N
        assert r.n == confident.sum()
        assert r.precision == pytest.approx(right[confident].mean())
        assert r.low <= r.precision <= r.high
        assert abs(r.precision - r.wanted) < 0.04


def test_what_cannot_be_reached_is_said_and_not_promised() -> None:
    few = predictions(20, seed=3)
    (result,) = automation(few, few, wanted=(0.99,))
    assert (result.threshold, result.share, result.precision, result.reached) == (None, 0.0, None, "open")

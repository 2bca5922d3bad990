"""Three ways from logits to probabilities: each finds what it can, none is taken without evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from tunewright.evaluate.predictions import log_softmax
from tunewright.evaluate.scaling import (
    IsotonicScaling,
    VectorScaling,
    _rising,
    choose_scaling,
    fit_isotonic,
    fit_temperature_scaling,
    fit_vector,
)
from tunewright.metrics.metric import Floats, Integers


def honest_rows(rng: np.random.Generator, rows: int, classes: int = 4) -> tuple[Floats, Integers]:
    """Logits whose softmax is the truth."""
    logits = 2 * rng.normal(size=(rows, classes))
    return logits, (logits + rng.gumbel(size=logits.shape)).argmax(1)


def nll(scores_NC: Floats, gold_N: Integers) -> float:
    return float(-np.log(scores_NC[np.arange(len(gold_N)), gold_N]).mean())


def test_vector_finds_the_slopes_and_shifts_that_were_taken_away() -> None:
    rng = np.random.default_rng(0)
    logits, gold = honest_rows(rng, 20_000, 3)
    slopes, shifts = np.array([2.0, 0.5, 1.0]), np.array([0.5, -1.0, 0.5])
    found = fit_vector((logits - shifts) / slopes, gold)
    assert np.array(found.slopes) == pytest.approx(slopes, rel=0.06)
    assert np.array(found.shifts) - np.mean(found.shifts) == pytest.approx(shifts, abs=0.08)


def test_vector_of_single_labels_equals_platts_scaling_by_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    logits = 2 * rng.normal(size=(3000, 2))
    gold = logits * [1.5, 0.5] + [0.3, -0.7] + rng.logistic(size=logits.shape) > 0
    found = fit_vector(logits, gold, prior_rows=0.0)
    for c in range(2):
        theirs = LogisticRegression(C=1e9, tol=1e-10).fit(logits[:, [c]], gold[:, c])
        assert (found.slopes[c], found.shifts[c]) == pytest.approx((theirs.coef_[0, 0], theirs.intercept_[0]), rel=1e-4)


def test_the_curve_rises_through_the_pools_of_scikit_learns_isotonic_regression() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=400)
    y = (rng.random(400) < 1 / (1 + np.exp(-2 * x))).astype(float)
    ours = _rising(x, y)
    theirs = IsotonicRegression().fit(x, y).predict(np.sort(x))
    levels, sizes = np.unique(theirs, return_counts=True)
    # Half a row of either outcome is added to each pool, and pools of one level are one.
    smoothed = (levels * sizes + 0.5) / (sizes + 1)
    assert ours.y == pytest.approx(np.maximum.accumulate(smoothed).tolist())
    assert list(ours.x) == sorted(ours.x)


@pytest.mark.parametrize("fit", [fit_temperature_scaling, fit_vector, fit_isotonic])
def test_probabilities_are_such(fit: Callable[..., object]) -> None:
    rng = np.random.default_rng(3)
    logits, gold = honest_rows(rng, 500)
    far = np.concatenate([logits, [[1e4, -1e4, 0, 0], [-1e9, -1e9, -1e9, -1e9]]])
    scores = fit(logits, gold).scores(far, link="softmax")  # type: ignore[attr-defined]
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.sum(1) == pytest.approx(np.ones(len(far)))
    sets = logits > 0.5
    each = fit(logits, sets).scores(far, link="sigmoid")  # type: ignore[attr-defined]
    assert ((each >= 0) & (each <= 1)).all()


def chosen(distort: Callable[[Floats], Floats], *, rows: int, trials: int = 12) -> Counter[str]:
    rng = np.random.default_rng(4)
    found: Counter[str] = Counter()
    for _ in range(trials):
        logits, gold = honest_rows(rng, rows)
        found[choose_scaling(distort(logits), gold).scaling.name] += 1
    return found


def test_where_the_temperature_suffices_nothing_else_is_chosen() -> None:
    assert chosen(lambda z: z, rows=1200)["temperature"] >= 11
    assert chosen(lambda z: 4 * z, rows=1200)["temperature"] >= 11


def test_where_it_does_not_another_is_chosen_and_is_better_on_new_rows() -> None:
    def biased(z: Floats) -> Floats:
        return 2 * z + np.arange(4)

    def bent(z: Floats) -> Floats:
        return np.sign(z) * np.abs(z) ** 3

    assert chosen(biased, rows=1200)["vector"] >= 11
    assert chosen(bent, rows=2500)["isotonic"] >= 9
    rng = np.random.default_rng(5)
    for distort, kind in ((biased, VectorScaling), (bent, IsotonicScaling)):
        logits, gold = honest_rows(rng, 2500)
        scaling = choose_scaling(distort(logits), gold).scaling
        assert isinstance(scaling, kind)
        new, truth = honest_rows(rng, 5000)
        temperature = fit_temperature_scaling(distort(logits), gold)
        after, before = (nll(s.scores(distort(new), link="softmax"), truth) for s in (scaling, temperature))
        assert after < before - 0.01
        assert after < nll(np.exp(log_softmax(new)), truth) + 0.1


def test_on_few_rows_nothing_is_tried() -> None:
    logits, gold = honest_rows(np.random.default_rng(6), 70)
    found = choose_scaling(logits + np.arange(4), gold)
    assert found.tried == ()
    assert found.scaling.name == "temperature"


def test_rows_of_a_class_that_the_model_does_not_know_take_no_part() -> None:
    logits, gold = honest_rows(np.random.default_rng(7), 300)
    unknown = np.concatenate([gold, [-1, -1]])
    with_them = choose_scaling(np.concatenate([logits, logits[:2]]), unknown)
    assert with_them.scaling == choose_scaling(logits, gold).scaling

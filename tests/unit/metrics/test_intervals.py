from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tunewright.metrics import counts, intervals, probability, statistics
from tunewright.metrics.counts import COUNT_METRICS


@pytest.mark.parametrize(("right", "rows"), [(0, 1), (0, 30), (1, 30), (17, 30), (30, 30), (970, 1000)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_wilson_equals_scipy(right: int, rows: int, level: float) -> None:
    theirs = stats.binomtest(right, rows).proportion_ci(confidence_level=level, method="wilson")
    ours = intervals.wilson(right, rows, level=level)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_of_no_rows_has_a_reason() -> None:
    interval = intervals.wilson(0, 0)
    assert (interval.low, interval.high) == (None, None)
    assert interval.reason


def test_effective_wilson_of_a_proportion_is_wilson() -> None:
    plain = intervals.wilson(83, 100)
    effective = intervals.wilson_effective(0.83, variance=0.83 * 0.17 / 100, rows=100)
    assert (effective.low, effective.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


def test_all_right_is_not_certain() -> None:
    # Rounding once made 1 - 1e-16 with a variance of 1e-32, and so an interval of no width at all.
    interval = intervals.wilson_effective(1 - 1e-16, variance=1e-32, rows=100)
    assert interval.low is not None
    assert interval.low < 0.97


def test_jackknife_variance_of_a_mean_is_its_squared_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=50)
    left_out = (values.sum() - values) / 49
    variance = intervals.jackknife_variance(left_out, np.ones(50, np.int64))
    assert variance == pytest.approx(values.var(ddof=1) / 50, rel=1e-12)


@pytest.mark.parametrize("name", COUNT_METRICS)
def test_left_out_equals_leaving_each_row_out(name: str) -> None:
    rng = np.random.default_rng(1)
    gold, said = rng.integers(0, 4, 60), rng.integers(0, 4, 60)
    kinds = statistics.kinds_of_labels(gold, said, 4)
    by_kind = np.repeat(statistics.left_out(COUNT_METRICS[name], kinds), kinds.sizes_K)
    by_hand = [
        float(COUNT_METRICS[name](counts.count_labels(np.delete(gold, row), np.delete(said, row), 4)))
        for row in range(60)
    ]
    np.testing.assert_allclose(np.sort(by_kind), np.sort(by_hand), rtol=1e-12)


@pytest.mark.parametrize("name", COUNT_METRICS)
def test_statistic_of_each_row_once_is_the_metric(name: str) -> None:
    rng = np.random.default_rng(2)
    gold, said = rng.integers(0, 5, 80), rng.integers(0, 5, 80)
    kinds = statistics.kinds_of_labels(gold, said, 5)
    value = statistics.of_kinds(COUNT_METRICS[name], kinds)(kinds.sizes_K[None].astype(float))
    assert value[0] == pytest.approx(float(COUNT_METRICS[name](counts.count_labels(gold, said, 5))), abs=1e-12)


@pytest.mark.parametrize("name", statistics.OF_NUMBERS)
def test_statistic_of_drawn_rows_is_the_metric_of_those_rows(name: str) -> None:
    from tunewright.metrics import METRICS

    rng = np.random.default_rng(3)
    gold = np.round(rng.normal(size=40), 1)
    said = np.round(gold + rng.normal(size=40), 1)
    drawn = rng.integers(0, 40, 40)
    value = statistics.OF_NUMBERS[name](gold, said)(np.bincount(drawn, minlength=40)[None].astype(float))
    assert value[0] == pytest.approx(METRICS[name].functions["numbers"](gold[drawn], said[drawn]), abs=1e-10)


def test_bca_equals_scipys() -> None:
    values = np.random.default_rng(4).exponential(size=80)
    ours = intervals.bca(intervals.mean_of(values), np.ones(80, np.int64), seed=0, resamples=20_000)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", random_state=0).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.01)
    assert ours.high == pytest.approx(theirs.high, abs=0.01)


def test_same_seed_same_interval_and_another_seed_another() -> None:
    values = np.random.default_rng(5).normal(size=50)
    each = np.ones(50, np.int64)
    one, again, other = (intervals.bca(intervals.mean_of(values), each, seed=seed, resamples=200) for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_rows_that_are_all_alike_have_no_bootstrap_interval_but_a_reason() -> None:
    interval = intervals.bca(intervals.mean_of(np.ones(9)), np.ones(9, np.int64), seed=0)
    assert interval.low is None
    assert interval.reason


def test_draws_hold_bounded_numbers_at_once_and_all_rows_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "WORK", 1000)
    for sizes in (np.ones(300, np.int64), np.array([200, 99, 1])):
        chunks = list(intervals.draws(sizes, resamples=50, seed=0))
        assert all(chunk.size <= 1000 for chunk in chunks)
        drawn = np.concatenate(chunks)
        assert len(drawn) == 50
        assert (drawn.sum(1) == 300).all()


def simulated(rng: np.random.Generator, *, classes: int, skill: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Gold and calibrated scores of classes that are the rarer, the later."""
    prior = 1 / np.arange(1, classes + 1)
    prior /= prior.sum()
    gold = rng.choice(classes, size=size, p=prior)
    seen = rng.normal(size=(size, classes))
    seen[np.arange(size), gold] += skill
    weights = prior * np.exp(skill * (seen - seen.max(1, keepdims=True)))
    return gold, weights / weights.sum(1, keepdims=True)


@pytest.mark.parametrize(("classes", "skill"), [(2, 3.5), (4, 2.5), (10, 2.5)])
def test_f1_intervals_cover(classes: int, skill: float) -> None:
    rng = np.random.default_rng(classes)
    gold, scores = simulated(rng, classes=classes, skill=skill, size=50_000)
    said = scores.argmax(1)
    truth = float(counts.macro_f1(counts.count_labels(gold, said, classes)))
    hits = []
    for _ in range(300):
        rows = rng.integers(0, len(gold), 200)
        counted = counts.count_labels(gold[rows], said[rows], classes)
        kinds = statistics.kinds_of_labels(gold[rows], said[rows], classes)
        variance = intervals.jackknife_variance(statistics.left_out(counts.macro_f1, kinds), kinds.sizes_K)
        interval = intervals.wilson_effective(float(counts.macro_f1(counted)), variance=variance, rows=200)
        hits.append(interval.low <= truth <= interval.high)
    # 300 trials of a true 95 % fall below 91 % less than once in 300; half as wide an interval covers some 70 %.
    assert np.mean(hits) >= 0.91


@pytest.mark.parametrize("sharpened", [1.0, 1.6])
def test_calibration_error_intervals_cover(sharpened: float) -> None:
    rng = np.random.default_rng(9)
    gold, scores = simulated(rng, classes=4, skill=1.5, size=50_000)
    scores = scores**sharpened / (scores**sharpened).sum(1, keepdims=True)
    confidence, right = probability.top_label(gold, scores)
    truth = probability.ece_of(probability.bin_confidence(confidence, right))
    hits, plain, debiased = [], [], []
    for trial in range(150):
        rows = rng.integers(0, len(gold), 200)
        bins = probability.bin_confidence(confidence[rows], right[rows])
        interval = intervals.ece_interval(bins, seed=trial, resamples=500)
        hits.append(interval.low - 1e-12 <= truth <= interval.high)
        plain.append(probability.ece_of(bins) - truth)
        debiased.append(probability.ece_debiased_of(bins) - truth)
    assert np.mean(hits) >= 0.90
    assert abs(np.mean(debiased)) < abs(np.mean(plain))


def test_student_log_of_a_mean_of_positive_numbers_is_students_interval_on_the_logarithm() -> None:
    values = np.random.default_rng(0).gamma(4, size=30)
    left_out = (values.sum() - values) / 29
    interval = intervals.student_log(values.mean(), left_out, lowest=0.0)
    error = values.std(ddof=1) / np.sqrt(30) / values.mean()
    half = stats.t.ppf(0.975, 29) * error
    assert interval.low == pytest.approx(values.mean() * np.exp(-half), rel=0.01)
    assert interval.high == pytest.approx(values.mean() * np.exp(half), rel=0.01)
    shifted = intervals.student_log(1 + values.mean(), 1 + left_out, lowest=1.0)
    assert (shifted.low, shifted.high) == pytest.approx((1 + interval.low, 1 + interval.high))


def test_student_log_has_a_reason_where_nothing_can_be_told() -> None:
    for left_out in (np.array([2.0]), np.array([0.0, 1.0, 1.0]), np.full(5, 2.0)):
        interval = intervals.student_log(float(left_out.mean()), left_out, lowest=0.0)
        assert (interval.low, interval.high) == (None, None)
        assert interval.reason

"""Seeds and rows kept apart: the parts are those of the textbook, intervals hold, and equals are seldom called different."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from tunewright.evaluate import Predictions, from_answers, from_logits, metrics_for, value_of
from tunewright.evaluate.row_values import row_values
from tunewright.evaluate.seeds import compare_recipes, half_width, layout, p_value_of, score_seeds
from tunewright.metrics.metric import Booleans, Floats

NORMAL = NormalDist()


def right_rows(rng: np.random.Generator, rows: Floats, *, seeds: int, share: float, by_seed: float) -> Booleans:
    """S x N: rows are hard or easy for all seeds alike, seeds are better or worse on all rows alike, the rest is chance."""
    border = NORMAL.inv_cdf(share) + by_seed * rng.normal(size=(seeds, 1))
    return np.asarray(0.84 * rows[None] + 0.54 * rng.normal(size=(seeds, len(rows))) < border)


def runs_of(right_SN: Booleans) -> list[Predictions]:
    ids = [str(i) for i in range(right_SN.shape[1])]
    return [
        from_answers(
            ids, kind="single_label", labels=["a", "b"], gold=["a"] * len(ids),
            answers=np.where(right_N, "a", "b").tolist(),
        )
        for right_N in right_SN
    ]  # fmt: skip


def test_the_layout_finds_the_variances_that_made_the_table() -> None:
    rng = np.random.default_rng(0)
    found = [
        layout(1.5 * rng.normal(size=(6, 1)) + 2.0 * rng.normal(size=(1, 50)) + rng.normal(size=(6, 50)))
        for _ in range(400)
    ]
    assert np.mean([(of.of_seeds - of.of_rest) / 50 for of in found]) == pytest.approx(1.5**2, rel=0.1)
    assert np.mean([(of.of_rows - of.of_rest) / 6 for of in found]) == pytest.approx(2.0**2, rel=0.1)
    assert np.mean([of.of_rest for of in found]) == pytest.approx(1.0, rel=0.05)


def test_the_layout_equals_its_mean_squares_by_hand() -> None:
    of = layout(np.array([[1.0, 2.0, 4.0], [2.0, 2.0, 6.0]]))
    # Means of seeds 7/3 and 10/3, of rows 3/2, 2, 5; the mean is 17/6.
    assert of.of_seeds == pytest.approx(3 * ((7 / 3 - 17 / 6) ** 2 + (10 / 3 - 17 / 6) ** 2))
    assert of.of_rows == pytest.approx(2 * ((1.5 - 17 / 6) ** 2 + (2 - 17 / 6) ** 2 + (5 - 17 / 6) ** 2) / 2)
    assert of.of_rest == pytest.approx(2 * (0.0**2 + 0.5**2 + 0.5**2) / 2)


@pytest.mark.parametrize("by_seed", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("seeds", [3, 5])
def test_the_interval_holds_a_new_run_on_new_rows(seeds: int, by_seed: float) -> None:
    rng = np.random.default_rng(seeds)
    truth = NORMAL.cdf(NORMAL.inv_cdf(0.85) / np.sqrt(1 + by_seed**2))
    held = 0
    for _ in range(250):
        runs = runs_of(right_rows(rng, rng.normal(size=200), seeds=seeds, share=0.85, by_seed=by_seed))
        score = score_seeds(runs, "accuracy")
        assert score.low is not None
        assert score.high is not None
        held += score.low <= truth <= score.high
    # 95 % of 250 are 237; below 220 is less than one case in ten thousand. The rows alone hold 190 where seeds matter.
    assert held >= 220


def test_rows_alone_would_not_hold_it() -> None:
    rng = np.random.default_rng(5)
    truth = NORMAL.cdf(NORMAL.inv_cdf(0.85) / np.sqrt(1 + 0.3**2))
    held = 0
    for _ in range(250):
        of = layout(right_rows(rng, rng.normal(size=400), seeds=3, share=0.85, by_seed=0.3).astype(np.float64))
        half = half_width([of.parts[1]], level=0.95)
        held += of.mean - half <= truth <= of.mean + half
    assert held < 200


def test_equal_recipes_are_seldom_called_different_and_better_ones_are_found() -> None:
    rng = np.random.default_rng(2)
    alarms = found = 0
    for _ in range(150):
        rows = rng.normal(size=300)
        a, b = (runs_of(right_rows(rng, rows, seeds=3, share=0.85, by_seed=0.1)) for _ in range(2))
        better = runs_of(right_rows(rng, rows, seeds=3, share=0.95, by_seed=0.1))
        null = compare_recipes(a, b, metric="accuracy", seed=0)
        assert null.method == "t_over_seeds_and_rows"
        alarms += null.p_value is not None and null.p_value < 0.05
        found += compare_recipes(a, better, metric="accuracy", seed=0).verdict == "b_better"
    assert alarms <= 17  # 5 % of 150 are 7.5; more than 17 is one case in a thousand
    assert found >= 120


def test_the_p_value_is_where_the_interval_meets_zero() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=200)
    a, b = (runs_of(right_rows(rng, rows, seeds=4, share=share, by_seed=0.1)) for share in (0.8, 0.9))
    found = compare_recipes(a, b, metric="accuracy", seed=0)
    assert found.p_value is not None
    at = compare_recipes(a, b, metric="accuracy", seed=0, level=1 - found.p_value)
    assert at.high == pytest.approx(0, abs=1e-6)
    assert p_value_of(0.0, []) == 1.0


def test_two_seeds_give_no_interval_and_one_pair_is_compared() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=100)
    a = runs_of(right_rows(rng, rows, seeds=2, share=0.8, by_seed=0.1))
    b = runs_of(right_rows(rng, rows, seeds=1, share=0.9, by_seed=0.1))
    score = score_seeds(a, "accuracy")
    assert (score.low, score.high) == (None, None)
    assert score.seed_deviation is not None
    assert score.reason is not None
    assert "third" in score.reason
    found = compare_recipes(a, b, metric="accuracy", seed=0)
    assert found.method == "mcnemar_mid_p"
    assert found.reason is not None
    assert "these two models" in found.reason


def test_a_system_without_a_seed_adds_no_variance_of_seeds() -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=300)
    a = runs_of(right_rows(rng, rows, seeds=4, share=0.8, by_seed=0.3))
    b = runs_of(right_rows(rng, rows, seeds=1, share=0.8, by_seed=0.0))
    of_models = compare_recipes(a, b, metric="accuracy", seed=0, system_b="words")
    without = compare_recipes(a, b, metric="accuracy", seed=0, system_b="words", seedless=["words"])
    assert of_models.difference == without.difference
    assert of_models.high is not None
    assert without.high is not None
    assert of_models.high > without.high + 0.02


def rows_of_kind(kind: str, rows: int = 150, *, seed: int = 0) -> Predictions:
    rng = np.random.default_rng(seed)
    labels = ["a", "b", "c"]
    logits = 2 * rng.normal(size=(rows, 1 if kind == "regression" else 3))
    seen = logits + rng.normal(size=logits.shape)
    gold = {
        "single_label": lambda: [labels[i] for i in seen.argmax(1)],
        "multi_label": lambda: [[labels[i] for i in np.flatnonzero(row > 0)] for row in seen],
        "regression": lambda: seen[:, 0].tolist(),
    }[kind]()
    ids = [str(i) for i in range(rows)]
    return from_logits(ids, kind=kind, labels=labels, gold=gold, logits_NC=logits)


@pytest.mark.parametrize(
    ("kind", "metric"), [(k, m) for k in ("single_label", "multi_label", "regression") for m in metrics_for(k)]
)
def test_the_mean_of_the_rows_is_the_metric_and_their_variance_its_variance(kind: str, metric: str) -> None:
    rows = rows_of_kind(kind)
    values_N = row_values(rows, metric)
    if values_N is None:
        assert metric in ("ece", "ece_debiased", "spearman")
        return
    value = value_of(rows, metric)
    assert value is not None
    assert values_N.mean() == pytest.approx(value, abs=3 / len(rows))
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(300):
        table = rows.table.take(rng.integers(0, len(rows), len(rows)))
        drawn.append(value_of(replace(rows, table=table), metric))
    assert values_N.std() / np.sqrt(len(rows)) == pytest.approx(float(np.std(drawn)), rel=0.25)

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from scipy import stats

from tunewright.core.errors import DataError
from tunewright.evaluate import Predictions, compare, from_answers, from_logits, holm, metrics_for, score
from tunewright.evaluate.paired import mcnemar_mid_p, mean_test, paired_share_interval

LABELS = ["a", "b", "c"]


def pair(kind: str, rows: int = 120, *, noise: float = 2.0, seed: int = 0) -> tuple[Predictions, Predictions]:
    """Two systems on the same rows; the second one sees the same thing through noise."""
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=(rows, 1 if kind == "regression" else 3))
    if kind == "single_label":
        gold = [LABELS[i] for i in (logits + rng.gumbel(size=logits.shape)).argmax(1)]
    elif kind == "multi_label":
        gold = [[LABELS[i] for i in np.flatnonzero(row)] for row in logits + rng.logistic(size=logits.shape) > 0]
    else:
        gold = (logits[:, 0] + rng.normal(size=rows)).tolist()
    ids = [str(i) for i in range(rows)]
    one, other = (
        from_logits(ids, kind=kind, labels=LABELS, gold=gold, logits_NC=z)
        for z in (logits, logits + noise * 2 * rng.normal(size=logits.shape))
    )
    return one, other


@pytest.mark.parametrize("only_a", [0, 1, 4, 11, 40])
@pytest.mark.parametrize("only_b", [1, 5, 11])
def test_mcnemar_mid_p_equals_its_definition(only_a: int, only_b: int) -> None:
    total = only_a + only_b
    chances = stats.binom.pmf(np.arange(total + 1), total, 0.5)
    at_most = [chances[k] for k in range(total + 1) if abs(k - total / 2) > abs(only_a - total / 2) + 1e-9]
    as_far = [chances[k] for k in range(total + 1) if abs(abs(k - total / 2) - abs(only_a - total / 2)) < 1e-9]
    assert mcnemar_mid_p(only_a, only_b) == pytest.approx(min(1.0, sum(at_most) + sum(as_far) / 2), abs=1e-12)


def test_no_row_that_only_one_has_right_is_no_evidence() -> None:
    assert mcnemar_mid_p(0, 0) == 1.0


def test_mcnemar_mid_p_of_large_counts_is_near_the_normal_one() -> None:
    z = (50_400 - 49_600) / np.sqrt(100_000)
    assert mcnemar_mid_p(50_400, 49_600) == pytest.approx(2 * stats.norm.sf(z), rel=0.01)
    assert 0 <= mcnemar_mid_p(80_000, 10) < 1e-300


def test_share_interval_equals_bonett_and_prices_formula() -> None:
    interval = paired_share_interval(9, 3, 50, level=0.95)
    p, q = 10 / 52, 4 / 52
    half = stats.norm.ppf(0.975) * np.sqrt((p + q - (p - q) ** 2) / 52)
    assert (interval.low, interval.high) == pytest.approx((p - q - half, p - q + half), abs=1e-12)


def test_sign_flipping_equals_scipys_permutation_test() -> None:
    differences = np.random.default_rng(1).normal(0.25, 1, 60)
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(0)
    ).pvalue
    ours = mean_test(differences, seed=0, level=0.95, resamples=20_000).p_value
    assert ours == pytest.approx(theirs, abs=0.012)


@pytest.mark.parametrize(
    ("kind", "metric"), [(k, m) for k in ("single_label", "multi_label", "regression") for m in metrics_for(k)]
)
def test_a_clearly_better_system_is_found_from_both_sides(kind: str, metric: str) -> None:
    better, worse = pair(kind)
    resamples = 199 if "ece" in metric else 999
    one = compare(better, worse, metric=metric, seed=0, resamples=resamples)
    other = compare(worse, better, metric=metric, seed=0, resamples=resamples)
    if "ece" not in metric:  # noise need not make it worse calibrated
        assert (one.verdict, other.verdict) == ("a_better", "b_better")
        assert one.low is not None
        assert one.low <= one.difference <= one.high
        assert not one.low <= 0 <= one.high
    assert one.difference == pytest.approx(-other.difference, abs=1e-12)
    json.dumps(asdict(one), allow_nan=False)


@pytest.mark.parametrize(
    ("kind", "metric"), [(k, m) for k in ("single_label", "multi_label", "regression") for m in metrics_for(k)]
)
def test_a_system_against_itself_shows_no_difference(kind: str, metric: str) -> None:
    one, _ = pair(kind, 40)
    comparison = compare(one, one, metric=metric, seed=0, resamples=199)
    assert comparison.verdict == "no_difference_shown"
    assert comparison.p_value == 1.0
    assert comparison.n_changed == 0


def test_count_test_agrees_with_swapping_row_by_row() -> None:
    from tunewright.evaluate import value_of

    a, b = pair("single_label", 60, noise=0.6, seed=4)
    ours = compare(a, b, metric="macro_f1", seed=0, resamples=20_000).p_value
    rng = np.random.default_rng(0)
    said = [np.array(rows.table.column("prediction").to_pylist()) for rows in (a, b)]
    gold = a.table.column("gold").to_pylist()
    observed = abs(value_of(a, "macro_f1") - value_of(b, "macro_f1"))
    hits = 0
    for _ in range(1500):
        swap = rng.random(60) < 0.5
        values = [
            value_of(
                from_answers(a.row_ids, kind="single_label", labels=LABELS, gold=gold, answers=answers.tolist()),
                "macro_f1",
            )
            for answers in (np.where(swap, said[1], said[0]), np.where(swap, said[0], said[1]))
        ]
        hits += abs(values[0] - values[1]) >= observed - 1e-12
    assert ours == pytest.approx((hits + 1) / 1501, abs=0.045)


def test_rows_are_matched_by_id_and_labels_by_name() -> None:
    a, b = pair("single_label")
    turned = b.table.take(np.arange(len(b))[::-1].copy())
    scores = b.scores_NC[::-1][:, [2, 0, 1]]
    shuffled = from_logits(
        turned.column("row_id").to_pylist(), kind="single_label", labels=["c", "a", "b"],
        gold=turned.column("gold").to_pylist(), logits_NC=np.log(scores),
    )  # fmt: skip
    for metric in ("accuracy", "macro_f1", "brier", "auroc"):
        one, other = (compare(a, x, metric=metric, seed=0, resamples=500) for x in (b, shuffled))
        assert one.difference == pytest.approx(other.difference, abs=1e-12)
        assert one.n_changed == other.n_changed


def test_other_rows_or_other_gold_are_refused() -> None:
    a, b = pair("single_label")
    with pytest.raises(DataError, match="different rows"):
        compare(a, Predictions(table=b.table.slice(1), kind=b.kind, labels=b.labels), metric="accuracy", seed=0)
    other = from_answers(
        b.row_ids, kind="single_label", labels=LABELS, gold=["a"] * len(b), answers=b.table.column("prediction")
    )
    with pytest.raises(DataError, match="gold differs"):
        compare(a, other, metric="accuracy", seed=0)


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    a, b = pair("single_label", 50)
    base = compare(a, b, metric="accuracy", seed=0)
    from dataclasses import replace

    given = [replace(base, p_value=p) for p in (0.04, 0.001, None, 0.03)]
    adjusted = holm(given)
    assert [c.p_adjusted for c in adjusted] == [pytest.approx(0.06), pytest.approx(0.003), None, pytest.approx(0.06)]
    assert adjusted[0].verdict == "no_difference_shown"
    assert adjusted[1].verdict == "a_better"


def test_equal_systems_seldom_show_a_difference() -> None:
    rng = np.random.default_rng(11)
    alarms = 0
    for trial in range(300):
        gold = rng.integers(0, 3, 80)
        said = [np.where(rng.random(80) < 0.75, gold, rng.integers(0, 3, 80)) for _ in range(4)]
        rows = [
            from_answers(
                [str(i) for i in range(80)], kind="single_label", labels=LABELS,
                gold=[LABELS[i] for i in gold], answers=[LABELS[i] for i in answers],
            )
            for answers in said
        ]  # fmt: skip
        metric = ("accuracy", "macro_f1")[trial % 2]
        family = holm([compare(rows[0], x, metric=metric, seed=trial, resamples=399) for x in rows[1:]])
        alarms += any(c.verdict != "no_difference_shown" for c in family)
    # 5 % of 300 is 15; more than 27 happens less than once in 500. Without Holm some 12 % are seen.
    assert alarms <= 27


def test_rows_without_a_number_are_left_out_on_both_sides() -> None:
    a, b = pair("regression", 60)
    answers = b.table.column("prediction").to_pylist()
    gold = b.table.column("gold").to_pylist()
    answers[3] = None
    some = from_answers(b.row_ids, kind="regression", labels=[], gold=gold, answers=answers)
    comparison = compare(a, some, metric="mae", seed=0, resamples=199)
    assert comparison.n == 59
    kept = [abs(g - x) for g, x in zip(gold, answers, strict=True) if x is not None]
    (mae,) = (s for s in score(some, split="test", system="current", seed=0, resamples=50) if s.metric == "mae")
    assert (mae.n, mae.value) == (59, pytest.approx(np.mean(kept)))

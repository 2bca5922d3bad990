"""Coverage by simulation: the sets hold the right answer as often as they say, whatever the model is worth."""

from __future__ import annotations

import numpy as np
import pytest

from tunewright.evaluate import Predictions, fit_temperature, from_answers, from_logits
from tunewright.evaluate.conformal import Conformal, check_conformal, fit_conformal, possible

LABELS = ["a", "b", "c", "d"]


def draw(rng: np.random.Generator, kind: str, rows: int, *, worth: float, heat: float = 1.0) -> Predictions:
    """Rows whose model sees the truth as well as it is worth, and says so with too much heat."""
    ids = [str(i) for i in range(rows)]
    truth = worth * 2 * rng.normal(size=(rows, 1 if kind == "regression" else 4))
    if kind == "single_label":
        gold: list[object] = [LABELS[i] for i in (truth + rng.gumbel(size=truth.shape)).argmax(1)]
    elif kind == "multi_label":
        gold = [[LABELS[i] for i in np.flatnonzero(row > 0)] for row in truth + rng.logistic(size=truth.shape)]
    else:
        gold = (truth[:, 0] + rng.standard_t(3, size=rows)).tolist()
    return from_logits(ids, kind=kind, labels=LABELS, gold=gold, logits_NC=heat * truth)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["single_label", "multi_label", "regression"])
@pytest.mark.parametrize(("worth", "heat"), [(1.0, 1.0), (1.0, 4.0), (0.1, 1.0)])
@pytest.mark.parametrize("rows", [12, 99])
def test_coverage_is_what_was_asked_for(kind: str, worth: float, heat: float, rows: int) -> None:
    rng = np.random.default_rng(11)
    held = []
    for _ in range(200):
        conformal = fit_conformal(draw(rng, kind, rows, worth=worth, heat=heat), coverage=0.9)
        assert conformal is not None
        check = check_conformal(draw(rng, kind, 200, worth=worth, heat=heat), conformal)
        held.append(check.held or 0.0)
    # 90 / 100 is expected of 99 rows and 12 / 13 of 12; the likeliest label is added, so somewhat more is right.
    assert np.mean(held) >= 0.9 - 4 * np.std(held) / np.sqrt(len(held))
    if kind != "multi_label":
        assert np.mean(held) <= (0.935 if rows == 99 else 0.95)


def test_without_the_one_row_more_it_would_hold_too_seldom() -> None:
    rng = np.random.default_rng(12)
    held = []
    for _ in range(400):
        validation, test = (draw(rng, "regression", rows, worth=1.0) for rows in (19, 200))
        errors = np.sort(np.abs(validation.gold_value_N - validation.prediction_value_N))
        naive = Conformal(coverage=0.9, rows=19, half_width=float(errors[17 - 1]))  # .9 of 19 is 17
        held.append(check_conformal(test, naive).held)
    assert np.mean(held) < 0.88  # 17 / 20 is expected


def test_a_temperature_from_the_same_rows_costs_no_coverage() -> None:
    rng = np.random.default_rng(13)
    held = []
    for _ in range(150):
        validation, test = (draw(rng, "single_label", rows, worth=1.0, heat=3.0) for rows in (99, 200))
        temperature = fit_temperature(validation.logits_NC, validation.gold_index_N).temperature

        def cooled(rows: Predictions, temperature: float = temperature) -> Predictions:
            gold = rows.table.column("gold")
            return from_logits(
                rows.row_ids, kind="single_label", labels=LABELS, gold=gold, logits_NC=rows.logits_NC,
                temperature=temperature,
            )  # fmt: skip

        conformal = fit_conformal(cooled(validation), coverage=0.9)
        assert conformal is not None
        held.append(check_conformal(cooled(test), conformal).held)
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)


def test_sets_are_small_where_the_model_is_good_and_large_where_it_is_not() -> None:
    rng = np.random.default_rng(14)
    sizes = []
    for worth in (2.0, 1.0, 0.1):
        conformal = fit_conformal(draw(rng, "single_label", 500, worth=worth), coverage=0.9)
        assert conformal is not None
        sizes.append(check_conformal(draw(rng, "single_label", 500, worth=worth), conformal).mean_size)
    assert sizes == sorted(sizes)
    assert sizes[0] < 1.5
    assert sizes[2] > 3


def test_too_few_rows_leave_nothing_out() -> None:
    rng = np.random.default_rng(15)
    few = fit_conformal(draw(rng, "single_label", 8, worth=1.0), coverage=0.9)
    assert few is not None
    assert few.threshold == 0.0
    numbers = fit_conformal(draw(rng, "regression", 8, worth=1.0), coverage=0.9)
    assert numbers is not None
    assert numbers.half_width is None
    assert check_conformal(draw(rng, "regression", 50, worth=1.0), numbers).held == 1.0


def test_the_likeliest_label_is_always_possible() -> None:
    sets = possible(np.array([[0.4, 0.35, 0.25], [0.9, 0.05, 0.05]]), Conformal(coverage=0.9, rows=100, threshold=0.5))
    assert sets.tolist() == [[True, False, False], [True, False, False]]


def test_a_class_that_the_model_does_not_know_is_never_held() -> None:
    rng = np.random.default_rng(16)
    conformal = fit_conformal(draw(rng, "single_label", 99, worth=1.0), coverage=0.9)
    assert conformal is not None
    test = from_logits(
        ["x"], kind="single_label", labels=LABELS, gold=["unheard-of"], logits_NC=np.array([[1.0, 0, 0, 0]])
    )
    assert check_conformal(test, conformal).held == 0.0


def test_the_class_that_is_held_least_often_is_named() -> None:
    rng = np.random.default_rng(17)
    rows = draw(rng, "single_label", 2000, worth=1.0)
    conformal = fit_conformal(rows, coverage=0.9)
    assert conformal is not None
    gold = np.array(rows.table.column("gold").to_pylist())
    logits = rows.logits_NC - 3 * (np.array(LABELS) == "c")
    check = check_conformal(
        from_logits(rows.row_ids, kind="single_label", labels=LABELS, gold=gold.tolist(), logits_NC=logits), conformal
    )
    assert check.worst_label == "c"
    assert check.worst_held is not None
    assert check.worst_held < 0.75


def test_answers_without_scores_have_no_sets() -> None:
    answers = from_answers(["x"], kind="single_label", labels=["a", "b"], gold=["a"], answers=["b"])
    assert fit_conformal(answers, coverage=0.9) is None

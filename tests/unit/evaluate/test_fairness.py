from __future__ import annotations

import numpy as np
import pytest

from tunewright.core.errors import DataError
from tunewright.evaluate import FairnessConfig, Gap, Predictions, from_answers, from_logits, group_gaps
from tunewright.metrics import fairness
from tunewright.metrics.multiple import holm

QUICK = FairnessConfig(resamples=999)


def planted(
    *, sizes: dict[str, int], selected: dict[str, float], seed: int = 0, right: float = 0.9
) -> tuple[Predictions, list[str | None]]:
    """Two classes; each group has its own share of rows that should be `yes`, all answered right equally often."""
    rng = np.random.default_rng(seed)
    group = [name for name, size in sizes.items() for _ in range(size)]
    gold = np.array([rng.random() < selected[name] for name in group])
    said = np.where(rng.random(len(group)) < right, gold, ~gold)
    logits = np.stack([np.zeros(len(group)), np.where(said, 2.2, -2.2)], 1)
    return predictions_of(gold, logits), list(group)


def predictions_of(gold: np.ndarray, logits: np.ndarray) -> Predictions:
    return from_logits(
        [str(i) for i in range(len(gold))], kind="single_label", labels=["no", "yes"],
        gold=["yes" if g else "no" for g in gold], logits_NC=logits,
    )  # fmt: skip


def gaps_of(predictions: Predictions, groups: list[str | None], config: FairnessConfig = QUICK) -> dict[str, Gap]:
    (column,) = group_gaps(predictions, {"sex": groups}, config=config)
    return {gap.measure: gap for gap in column.gaps}


def test_a_planted_gap_is_found_where_it_is_and_nowhere_else() -> None:
    found = gaps_of(*planted(sizes={"f": 800, "m": 700}, selected={"f": 0.3, "m": 0.5}))
    assert found["demographic_parity"].verdict == "gap"
    assert found["demographic_parity"].low > 0.08
    # Not calibration: with unequal shares and equal error rates one probability can't be right for both groups.
    equal = ("accuracy", "equal_opportunity", "equalized_odds")
    assert {found[measure].verdict for measure in equal} == {"no_gap_shown"}


def test_a_group_that_is_too_small_is_refused_with_its_size_and_changes_no_gap() -> None:
    predictions, groups = planted(sizes={"f": 300, "m": 300, "x": 19}, selected={"f": 0.3, "m": 0.5, "x": 1.0})
    found = gaps_of(predictions, groups)["demographic_parity"]
    assert [(r.group, r.n, r.lacking) for r in found.refused] == [("x", 19, "rows")]
    assert [f.group for f in found.figures["selection_rate"]] == ["f", "m"]
    large = gaps_of(predictions, groups, QUICK.model_copy(update={"min_group_rows": 19}))["demographic_parity"]
    assert large.value > found.value
    assert not large.refused


def test_a_rate_that_rests_on_too_few_rows_is_refused_though_the_group_is_large() -> None:
    predictions, groups = planted(sizes={"f": 400, "m": 400, "x": 60}, selected={"f": 0.5, "m": 0.5, "x": 0.1})
    found = gaps_of(predictions, groups)
    assert not found["demographic_parity"].refused
    (refused,) = found["equal_opportunity"].refused
    assert (refused.group, refused.lacking) == ("x", "rows_with_label")
    assert refused.n < 20


def test_one_group_is_no_comparison_and_is_said_to_be_none() -> None:
    found = gaps_of(*planted(sizes={"f": 100, "m": 5}, selected={"f": 0.5, "m": 0.5}))
    assert {gap.reason for gap in found.values()} == {"few_groups"}
    assert {gap.value for gap in found.values()} == {None}


def test_without_answers_or_probabilities_what_needs_them_is_not_measured() -> None:
    rng = np.random.default_rng(1)
    said = ["yes" if x else "no" for x in rng.random(200) < 0.5]
    ids, groups = [str(i) for i in range(200)], ["f", "m"] * 100
    bare = from_answers(ids, kind="single_label", labels=["no", "yes"], gold=None, answers=said)
    found = gaps_of(bare, groups)
    assert found["demographic_parity"].value is not None
    assert {m for m, gap in found.items() if gap.reason == "no_gold"} == found.keys() - {"demographic_parity"}
    answered = from_answers(ids, kind="single_label", labels=["no", "yes"], gold=said, answers=said)
    assert gaps_of(answered, groups)["calibration"].reason == "no_scores"


def test_rows_without_a_group_are_counted_and_left_out() -> None:
    predictions, groups = planted(sizes={"f": 100, "m": 100}, selected={"f": 0.3, "m": 0.5})
    groups[0] = groups[150] = None
    (column,) = group_gaps(predictions, {"sex": groups}, config=QUICK)
    assert column.without_group == 2
    assert column.gaps[0].n == 198


def test_a_column_of_ids_and_an_unknown_label_are_errors_that_help() -> None:
    predictions, groups = planted(sizes={"f": 4000}, selected={"f": 0.5})
    with pytest.raises(DataError, match="bands"):
        gaps_of(predictions, [str(i // 30) for i in range(4000)])
    with pytest.raises(DataError, match="is `yes` meant"):
        gaps_of(predictions, groups, QUICK.model_copy(update={"positive": "yess"}))
    with pytest.raises(DataError, match="empty on every row"):
        gaps_of(predictions, [None] * 4000)


def test_positive_turns_equal_opportunity_to_the_other_label() -> None:
    predictions, groups = planted(sizes={"f": 300, "m": 300}, selected={"f": 0.4, "m": 0.5})
    other = gaps_of(predictions, groups, QUICK.model_copy(update={"positive": "no"}))["equal_opportunity"]
    assert other.label == "no"
    assert other.value != gaps_of(predictions, groups)["equal_opportunity"].value


def test_calibration_within_groups_sees_scores_that_are_too_high_for_one_group() -> None:
    rng = np.random.default_rng(3)
    logit = rng.normal(0, 1.5, 3000)
    group = np.where(rng.random(3000) < 0.5, "f", "m")
    gold = rng.random(3000) < 1 / (1 + np.exp(-(logit - np.where(group == "m", 0.6, 0.0))))
    found = gaps_of(predictions_of(gold, np.stack([np.zeros(3000), logit], 1)), group.tolist())["calibration"]
    by_group = {f.group: f for f in found.figures["calibration"]}
    assert found.verdict == "gap"
    assert by_group["f"].low < 0 < by_group["f"].high
    assert by_group["m"].low > 0.03
    errors = {f.group: f.value for f in found.figures["calibration_error"]}
    assert errors["m"] > 0.05 > errors["f"]


def test_numbers_have_gaps_of_mean_errors_in_their_own_unit() -> None:
    rng = np.random.default_rng(4)
    gold, group = rng.normal(50, 10, 600), np.array(["f", "m"] * 300)
    said = gold + rng.normal(0, 3, 600) + np.where(group == "m", 2.0, 0.0)
    predictions = from_logits(
        [str(i) for i in range(600)], kind="regression", labels=(), gold=gold.tolist(), logits_NC=said[:, None]
    )
    found = gaps_of(predictions, group.tolist())
    assert found["mean_error"].verdict == "gap"
    assert found["mean_error"].low < 2 < found["mean_error"].high


def test_of_many_null_gaps_holm_lets_few_through() -> None:
    alarms = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        gold, logits = rng.random(300) < 0.5, rng.normal(0, 2, (300, 2))
        columns = {name: [f"g{g}" for g in rng.integers(0, 3, 300)] for name in ("a", "b")}
        found = group_gaps(predictions_of(gold, logits), columns, config=QUICK)
        alarms += any(gap.verdict == "gap" for column in found for gap in column.gaps)
    assert alarms <= 8  # 5 % of 60 is 3; 9 or more happen once in 400 such runs
    assert holm([0.01, None, 0.04, 0.03]) == [pytest.approx(0.03), None, pytest.approx(0.06), pytest.approx(0.06)]


def test_interval_of_two_groups_is_newcombes() -> None:
    # Newcombe 1998, table II, method 10: 56/70 - 48/80 has the interval .0524 to .3339
    table = fairness.Rates(hits_G=np.array([56.0, 48.0]), rows_G=np.array([70.0, 80.0]))
    interval = fairness.largest_difference(table.values_G, fairness.rate_intervals(table, level=0.95))
    assert (interval.low, interval.high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


@pytest.mark.parametrize("groups", [2, 3, 7])
def test_test_of_means_is_welchs_as_scipy_has_it(groups: int) -> None:
    from scipy.stats import f_oneway

    rng = np.random.default_rng(groups)
    samples = [rng.normal(0.1 * g, 1 + g, 20 + 15 * g) for g in range(groups)]
    group = np.repeat(np.arange(groups), [len(sample) for sample in samples])
    ours = fairness.means_test(fairness.means(np.concatenate(samples), group, groups))
    assert ours == pytest.approx(f_oneway(*samples, equal_var=False).pvalue, rel=1e-10)


def test_rows_that_are_all_alike_are_no_gap_and_two_constants_are_one() -> None:
    group = np.repeat([0, 1], 30)
    assert fairness.means_test(fairness.means(np.full(60, 0.3), group, 2)) == pytest.approx(1.0)
    assert fairness.means_test(fairness.means(group * 1.0, group, 2)) < 1e-12
    assert fairness.means_test(fairness.means(np.ones(30), np.zeros(30, np.int64), 1)) is None


def test_with_many_labels_a_gap_can_still_be_shown() -> None:
    rng = np.random.default_rng(0)
    labels = [f"c{i}" for i in range(60)]
    group = np.repeat(["f", "m"], 3000)
    said = np.where((group == "m") & (rng.random(6000) < 0.3), 0, rng.integers(0, 60, 6000))
    predictions = from_answers(
        [str(i) for i in range(6000)], kind="single_label", labels=labels, gold=None, answers=[labels[i] for i in said]
    )
    (column,) = group_gaps(predictions, {"sex": group.tolist()}, config=QUICK)
    assert next(gap for gap in column.gaps if gap.label == "c0").verdict == "gap"


def test_test_of_two_shares_is_close_to_fishers() -> None:
    from scipy.stats import fisher_exact

    table = fairness.Rates(hits_G=np.array([30.0, 45.0]), rows_G=np.array([100.0, 100.0]))
    ours = fairness.rates_test([table], seed=0, resamples=100_000)
    assert ours == pytest.approx(fisher_exact([[30, 45], [70, 55]])[1], abs=0.004)


def test_test_of_means_keeps_its_size_where_a_small_group_scatters_more() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], [30, 300])
    drawn = (rng.normal(0, np.where(group == 0, 3.0, 1.0)) for _ in range(2000))
    p_values = [fairness.means_test(fairness.means(values, group, 2)) for values in drawn]
    assert 0.035 < np.mean(np.array(p_values) <= 0.05) < 0.065  # with one variance for both groups it is .36

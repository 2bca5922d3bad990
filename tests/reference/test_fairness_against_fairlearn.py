"""Gaps between groups equal fairlearn's to 1e-12: the named measures, and every group's own value."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest

fl = pytest.importorskip("fairlearn.metrics", reason="fairlearn comes with the `test` extra")
sk = pytest.importorskip("sklearn.metrics")

from tunewright.evaluate import FairnessConfig, Gap, from_logits, group_gaps  # noqa: E402
from tunewright.metrics import fairness  # noqa: E402

SAME = {"rel": 1e-12, "abs": 1e-12}
CASES = [(2, 400, 0.5), (3, 900, 0.3), (7, 5000, 0.1), (2, 60, 0.9), (25, 20_000, 0.5)]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def drawn(groups: int, rows: int, share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """gold_N, said_N (0 or 1) and group_N with groups of very different sizes, each with all four kinds of rows."""
    rng = np.random.default_rng(groups * rows)
    group = np.concatenate([np.repeat(np.arange(groups), 4), rng.choice(groups, rows, p=_sizes(groups))])
    gold = np.concatenate([np.tile([0, 0, 1, 1], groups), rng.random(rows) < share]).astype(np.int64)
    said = np.concatenate([np.tile([0, 1, 0, 1], groups), rng.random(rows) < 0.3 + 0.4 * gold[4 * groups :]])
    return gold, said.astype(np.int64), group.astype(np.int64)


def _sizes(groups: int) -> np.ndarray:
    sizes = 1.0 / np.arange(1, groups + 1)
    return sizes / sizes.sum()


@pytest.mark.parametrize(("groups", "rows", "share"), CASES)
def test_each_groups_rates_are_fairlearns(groups: int, rows: int, share: float) -> None:
    gold, said, group = drawn(groups, rows, share)
    frame = fl.MetricFrame(
        metrics={name: getattr(fl, name) for name in ("selection_rate", "true_positive_rate", "false_positive_rate")},
        y_true=gold, y_pred=said, sensitive_features=group,
    )  # fmt: skip
    ours = {
        "selection_rate": fairness.selection_rates(said > 0, group, groups),
        "true_positive_rate": fairness.true_positive_rates(gold > 0, said > 0, group, groups),
        "false_positive_rate": fairness.false_positive_rates(gold > 0, said > 0, group, groups),
    }
    for name, table in ours.items():
        assert table.values_G == pytest.approx(frame.by_group[name].to_numpy(np.float64), **SAME)
        assert fairness.difference(table.values_G) == pytest.approx(frame.difference()[name], **SAME)
        assert fairness.ratio(table.values_G) == pytest.approx(frame.ratio()[name], **SAME)


ORACLES: dict[str, tuple[Callable[..., float], Callable[..., float]]] = {
    "demographic_parity": (fl.demographic_parity_difference, fl.demographic_parity_ratio),
    "equal_opportunity": (fl.equal_opportunity_difference, fl.equal_opportunity_ratio),
    "equalized_odds": (fl.equalized_odds_difference, fl.equalized_odds_ratio),
    "accuracy": (
        fl.make_derived_metric(metric=sk.accuracy_score, transform="difference"),
        fl.make_derived_metric(metric=sk.accuracy_score, transform="ratio"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("measure", ORACLES)
@pytest.mark.parametrize(("groups", "rows", "share"), CASES)
def test_gap_of_a_file_of_predictions_is_fairlearns(measure: str, groups: int, rows: int, share: float) -> None:
    gold, said, group = drawn(groups, rows, share)
    difference, ratio = ORACLES[measure]
    ours = _gaps(gold, said, group, classes=2)[measure, None if measure == "accuracy" else "c1"]
    assert ours.value == pytest.approx(difference(gold, said, sensitive_features=group), **SAME)
    assert ours.ratio == pytest.approx(ratio(gold, said, sensitive_features=group), **SAME)


@pytest.mark.parametrize("measure", ["demographic_parity", "equal_opportunity", "equalized_odds"])
def test_each_of_several_classes_is_fairlearns_against_the_rest(measure: str) -> None:
    rng = np.random.default_rng(5)
    group = rng.integers(0, 3, 3000)
    gold = rng.integers(0, 4, 3000)
    said = np.where(rng.random(3000) < 0.6 + 0.1 * group, gold, rng.integers(0, 4, 3000))
    found = _gaps(gold, said, group, classes=4)
    for place in range(4):
        oracle = ORACLES[measure][0](gold == place, said == place, sensitive_features=group)
        assert found[measure, f"c{place}"].value == pytest.approx(oracle, **SAME)


def test_calibration_and_errors_of_numbers_are_what_fairlearns_frame_makes_of_them() -> None:
    rng = np.random.default_rng(8)
    group, gold = rng.integers(0, 4, 2000), rng.integers(0, 2, 2000)
    logits = np.stack([np.zeros(2000), rng.normal(2 * gold - 1, 1.5)], 1)
    score = 1 / (1 + np.exp(-logits[:, 1]))
    frame = fl.MetricFrame(
        metrics=lambda true, said: said.mean() - true.mean(), y_true=gold, y_pred=score, sensitive_features=group
    )
    ours = _gaps(gold, None, group, classes=2, logits=logits)["calibration", "c1"]
    assert ours.value == pytest.approx(frame.difference(), **SAME)

    values, answers = rng.normal(size=2000), rng.normal(size=(2000, 1))
    predictions = from_logits(
        [str(i) for i in range(2000)], kind="regression", labels=(), gold=values.tolist(), logits_NC=answers
    )
    (column,) = group_gaps(predictions, {"group": [str(g) for g in group]}, config=FairnessConfig())
    oracles = {
        "mean_prediction": fl.mean_prediction, "mean_absolute_error": sk.mean_absolute_error,
        "mean_error": lambda true, said: (said - true).mean(),
    }  # fmt: skip
    for gap in column.gaps:
        frame = fl.MetricFrame(
            metrics=oracles[gap.measure], y_true=values, y_pred=answers[:, 0], sensitive_features=group
        )
        assert gap.value == pytest.approx(frame.difference(), **SAME)
        assert [f.value for f in gap.figures[gap.measure]] == pytest.approx(frame.by_group.to_list(), **SAME)


def _gaps(
    gold: np.ndarray, said: np.ndarray | None, group: np.ndarray, *, classes: int, logits: np.ndarray | None = None
) -> dict[tuple[str, str | None], Gap]:
    labels = [f"c{i}" for i in range(classes)]
    logits = np.eye(classes)[said] if logits is None else logits
    predictions = from_logits(
        [str(i) for i in range(len(gold))], kind="single_label", labels=labels, gold=[f"c{i}" for i in gold],
        logits_NC=logits,
    )  # fmt: skip
    config = FairnessConfig(min_group_rows=2, resamples=999)
    (column,) = group_gaps(predictions, {"group": [f"{g:02}" for g in group]}, config=config)
    return {(gap.measure, gap.label): gap for gap in column.gaps}

"""Our metrics equal scikit-learn's and scipy's to 1e-12, in the degenerate cases, too."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from tunewright.metrics import METRICS, confusion_matrix, count_labels, counts, probability, ranking

SAME = {"rel": 1e-12, "abs": 1e-12}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def label_cases() -> list[pytest.param]:
    rng = np.random.default_rng(0)
    skewed = rng.choice(6, size=400, p=[0.6, 0.2, 0.1, 0.06, 0.03, 0.01])
    return [
        pytest.param(rng.integers(0, 2, 200), rng.integers(0, 2, 200), id="binary"),
        pytest.param(rng.integers(0, 77, 5000), rng.integers(0, 77, 5000), id="77 classes"),
        pytest.param(skewed, np.where(rng.random(400) < 0.7, skewed, rng.integers(0, 6, 400)), id="skewed"),
        pytest.param(np.array([0, 0, 2, 2, 3]), np.array([0, 2, 2, 3, 3]), id="a class absent from both"),
        pytest.param(np.array([0, 0, 2, 2]), np.array([0, 1, 2, 2]), id="a class absent from gold"),
        pytest.param(np.array([0, 1, 2, 1]), np.array([0, 2, 2, 2]), id="a class absent from predictions"),
        pytest.param(np.array([0, 1, 2, 1]), np.array([1, 1, 1, 1]), id="one answer for all"),
        pytest.param(np.array([0, 1, 2]), np.array([1, 2, 0]), id="all wrong"),
        pytest.param(np.array([1, 1, 1]), np.array([1, 1, 1]), id="one class, all right"),
    ]


ORACLES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "macro_f1": lambda gold, said: sk.f1_score(gold, said, average="macro"),
    "micro_f1": lambda gold, said: sk.f1_score(gold, said, average="micro"),
    "weighted_f1": lambda gold, said: sk.f1_score(gold, said, average="weighted"),
    "mcc": sk.matthews_corrcoef,
}


@pytest.mark.parametrize("name", ORACLES)
@pytest.mark.parametrize(("gold", "said"), label_cases())
def test_label_metric_equals_scikit_learn(name: str, gold: np.ndarray, said: np.ndarray) -> None:
    ours = METRICS[name].functions["labels"](gold, said)
    if name == "mcc" and len(set(gold.tolist())) == 1:
        assert ours is None  # scikit-learn says 0, which would read as "no better than chance"
    else:
        assert ours == pytest.approx(ORACLES[name](gold, said), **SAME)


@pytest.mark.parametrize(("gold", "said"), label_cases())
def test_per_class_figures_and_confusion_equal_scikit_learn(gold: np.ndarray, said: np.ndarray) -> None:
    classes = np.arange(max(gold.max(), said.max()) + 1)
    precision, recall, f1, _ = sk.precision_recall_fscore_support(gold, said, labels=classes, zero_division=np.nan)
    counted = count_labels(gold, said, len(classes))
    for ours, theirs in ((counts.precision, precision), (counts.recall, recall), (counts.f1, f1)):
        np.testing.assert_allclose(ours(counted), theirs, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(
        confusion_matrix(gold, said, len(classes)), sk.confusion_matrix(gold, said, labels=classes)
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


@pytest.mark.parametrize("digits", [None, 1], ids=["distinct scores", "many ties"])
@pytest.mark.parametrize("classes", [2, 5])
def test_auroc_equals_scikit_learn(digits: int | None, classes: int) -> None:
    rng = np.random.default_rng(classes)
    gold = rng.integers(0, classes, 500)
    scores = softmax(rng.normal(size=(500, classes)) + np.eye(classes)[gold])
    if digits is not None:
        scores = np.round(scores, digits)
        scores[:, -1] = 1 - scores[:, :-1].sum(1)
    ours = METRICS["auroc"].functions["label_scores"](gold, scores)
    theirs = [sk.roc_auc_score(gold == c, scores[:, c]) for c in range(classes)]
    assert ours == pytest.approx(np.mean(theirs), **SAME)
    if digits is None and classes > 2:
        assert ours == pytest.approx(sk.roc_auc_score(gold, scores, multi_class="ovr"), **SAME)


def test_auroc_leaves_out_classes_without_two_sides_and_says_how_many() -> None:
    gold, scores = np.array([0, 1, 0, 1]), softmax(np.random.default_rng(0).normal(size=(4, 3)))
    ranked = ranking.auroc_macro(ranking.one_hot(gold, 3), scores)
    assert ranked.classes == 2
    assert ranked.value == pytest.approx(np.mean([sk.roc_auc_score(gold == c, scores[:, c]) for c in (0, 1)]), **SAME)
    assert METRICS["auroc"].functions["label_scores"](np.zeros(4, int), scores) is None


def test_auroc_variance_equals_delongs_own_formula() -> None:
    rng = np.random.default_rng(3)
    positives, negatives = np.round(rng.normal(1, 1, 40), 1), np.round(rng.normal(0, 1, 70), 1)
    wins = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    by_definition = wins.mean(1).var(ddof=1) / 40 + wins.mean(0).var(ddof=1) / 70
    ranked = ranking.auroc_one(np.arange(110) < 40, np.concatenate([positives, negatives]))
    assert ranked.value == pytest.approx(wins.mean(), **SAME)
    assert ranked.variance == pytest.approx(by_definition, **SAME)


@pytest.mark.parametrize("classes", [2, 7])
def test_brier_and_nll_equal_scikit_learn(classes: int) -> None:
    rng = np.random.default_rng(1)
    gold, scores = rng.integers(0, classes, 300), softmax(3 * rng.normal(size=(300, classes)))
    scores[0] = np.eye(classes)[(gold[0] + 1) % classes]  # a score of 0 for what is right
    labels = list(range(classes))
    assert probability.nll(gold, scores) == pytest.approx(sk.log_loss(gold, scores, labels=labels), **SAME)
    ours = probability.brier(gold, scores)
    assert ours == pytest.approx(np.square(scores - np.eye(classes)[gold]).sum(1).mean(), **SAME)
    if classes == 2:
        assert ours / 2 == pytest.approx(sk.brier_score_loss(gold, scores[:, 1]), **SAME)


def test_calibration_error_equals_its_definition() -> None:
    rng = np.random.default_rng(2)
    gold, scores = rng.integers(0, 3, 1000), softmax(2 * rng.normal(size=(1000, 3)))
    confidence, right = scores.max(1), scores.argmax(1) == gold
    total = 0.0
    for low in range(15):
        inside = (confidence >= low / 15) & (confidence < (low + 1) / 15 if low < 14 else confidence <= 1)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert probability.ece(gold, scores) == pytest.approx(total, **SAME)


def set_cases() -> list[pytest.param]:
    rng = np.random.default_rng(5)
    gold, said = rng.random((300, 6)) < 0.3, rng.random((300, 6)) < 0.3
    absent = gold.copy()
    absent[:, 2] = False
    unsaid = said.copy()
    unsaid[:, 2] = False
    return [
        pytest.param(gold, said, id="plain"),
        pytest.param(absent, said, id="a label absent from gold"),
        pytest.param(gold, unsaid, id="a label never said"),
        pytest.param(absent, unsaid, id="a label in neither"),
    ]


@pytest.mark.parametrize(("gold", "said"), set_cases())
def test_set_metrics_equal_scikit_learn(gold: np.ndarray, said: np.ndarray) -> None:
    functions = {name: METRICS[name].functions.get("sets") for name in METRICS}
    assert functions["accuracy"](gold, said) == pytest.approx(sk.accuracy_score(gold, said), **SAME)
    assert functions["hamming_loss"](gold, said) == pytest.approx(sk.hamming_loss(gold, said), **SAME)
    for average in ("micro", "macro", "weighted"):
        # nan: a label in neither gold nor predictions is left out of the mean, as scikit-learn does for single labels.
        theirs = sk.f1_score(gold, said, average=average, zero_division=np.nan)
        assert functions[f"{average}_f1"](gold, said) == pytest.approx(theirs, **SAME)


def test_set_scores_equal_scikit_learn() -> None:
    rng = np.random.default_rng(6)
    gold, scores = rng.random((300, 5)) < 0.3, np.round(rng.random((300, 5)), 2)
    auroc = METRICS["auroc"].functions["set_scores"](gold, scores)
    assert auroc == pytest.approx(sk.roc_auc_score(gold, scores, average="macro"), **SAME)
    each = [sk.log_loss(gold[:, c], scores[:, c], labels=[False, True]) for c in range(5)]
    assert METRICS["nll"].functions["set_scores"](gold, scores) == pytest.approx(np.sum(each), **SAME)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
def test_number_metrics_equal_scikit_learn_and_scipy(scale: float) -> None:
    rng = np.random.default_rng(7)
    gold = np.round(rng.normal(size=200), 1)
    said = np.round(gold + rng.normal(size=200), 1)
    ours = {
        name: METRICS[name].functions["numbers"](scale * gold, scale * said) for name in ("mae", "pearson", "spearman")
    }
    assert ours["mae"] == pytest.approx(sk.mean_absolute_error(scale * gold, scale * said), **SAME)
    assert ours["pearson"] == pytest.approx(stats.pearsonr(gold, said).statistic, **SAME)
    assert ours["spearman"] == pytest.approx(stats.spearmanr(gold, said).statistic, **SAME)
    if scale == 1.0:
        assert METRICS["rmse"].functions["numbers"](gold, said) == pytest.approx(
            sk.root_mean_squared_error(gold, said), **SAME
        )
        assert METRICS["r2"].functions["numbers"](gold, said) == pytest.approx(sk.r2_score(gold, said), **SAME)


def test_constant_numbers_have_no_correlation() -> None:
    constant, moving = np.full(5, 0.1), np.arange(5.0)
    for name in ("pearson", "spearman"):
        assert METRICS[name].functions["numbers"](moving, constant) is None
        assert METRICS[name].functions["numbers"](constant, moving) is None
    assert METRICS["r2"].functions["numbers"](constant, moving) is None

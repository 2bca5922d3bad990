"""Confident learning agrees with cleanlab 2.9 on real and on made-up probabilities, and with people about real errors.

Agreement is up to rounding: both scale the joint's counts to whole rows, and where remainders tie a row may be counted
for another pair of classes. So cells of the joint may differ by one, and the suspected rows by as many as cells do.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint
from cleanlab.filter import find_label_issues
from cleanlab.multilabel_classification.filter import find_label_issues as find_sets
from cleanlab.rank import get_label_quality_scores

from tunewright.data.audit.label_errors import (
    Pruning,
    confident_joint,
    confident_learning,
    confident_learning_sets,
    label_quality,
)

SHARED = Path(__file__).parents[3] / "shared" / "data" / "label_errors_cleanlab"
THEIRS: dict[Pruning, str] = {"noise_rate": "prune_by_noise_rate", "class": "prune_by_class", "both": "both"}
needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="needs the shared data sets beside the repository")


def given_and_probabilities(name: str) -> tuple[Any, Any]:
    probabilities_NC = np.load(SHARED / f"{name}_test_pyx.npy").astype(np.float64)
    given_N = np.load(SHARED / f"{name}_test_labels.npy").astype(np.int64)
    return given_N, probabilities_NC / probabilities_NC.sum(axis=1, keepdims=True)


def made_up(seed: int, *, classes: int, rows: int = 900) -> tuple[Any, Any]:
    """Labels of which a fifth is wrong, and the probabilities of a model that is right more often than they are."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(classes, 5.0))
    true_N = rng.choice(classes, rows, p=shares)
    logits_NC = rng.normal(size=(rows, classes)) + 3 * np.eye(classes)[true_N]
    given_N = np.where(rng.random(rows) < 0.2, rng.integers(0, classes, rows), true_N)
    given_N[:classes] = np.arange(classes)
    powers_NC = np.exp(logits_NC)
    return given_N, powers_NC / powers_NC.sum(axis=1, keepdims=True)


@needs_shared
@pytest.mark.parametrize("pruning", THEIRS)
@pytest.mark.parametrize(("name", "allowed"), [("imdb", 0), ("news20", 6)])
def test_real_probabilities_give_the_rows_of_cleanlab(name: str, allowed: int, pruning: Pruning) -> None:
    given_N, probabilities_NC = given_and_probabilities(name)
    ours_N = confident_learning(probabilities_NC, given_N, pruning=pruning).suspected_N
    theirs_N = find_label_issues(given_N, probabilities_NC, filter_by=THEIRS[pruning], n_jobs=1)
    assert ours_N.sum() > 40
    assert int((ours_N ^ theirs_N).sum()) <= allowed


@pytest.mark.parametrize("seed", range(20))
def test_made_up_probabilities_give_the_rows_of_cleanlab_up_to_rounding(seed: int) -> None:
    given_N, probabilities_NC = made_up(seed, classes=2 + seed % 7)
    off_CC = np.abs(compute_confident_joint(given_N, probabilities_NC) - confident_joint(probabilities_NC, given_N))
    assert off_CC.max() <= 1
    ours_N = confident_learning(probabilities_NC, given_N).suspected_N
    theirs_N = find_label_issues(given_N, probabilities_NC, n_jobs=1)
    assert ours_N.sum() > 50
    assert int((ours_N ^ theirs_N).sum()) <= off_CC.sum()


@pytest.mark.parametrize("ranking", ["self_confidence", "normalized_margin"])
def test_ranking_equals_cleanlab(ranking: Any) -> None:
    given_N, probabilities_NC = made_up(3, classes=5)
    theirs_N = get_label_quality_scores(given_N, probabilities_NC, method=ranking)
    np.testing.assert_allclose(label_quality(probabilities_NC, given_N, ranking=ranking), theirs_N, atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_sets_of_labels_give_the_rows_of_cleanlab_up_to_rounding(seed: int) -> None:
    rng = np.random.default_rng(seed)
    true_NC = rng.random((600, 4)) < 0.4
    chance_NC = 1 / (1 + np.exp(-(4 * true_NC - 2 + rng.normal(size=true_NC.shape))))
    given_NC = true_NC ^ (rng.random(true_NC.shape) < 0.08)
    ours_N = confident_learning_sets(chance_NC, given_NC).suspected_N
    labels = [np.flatnonzero(row).tolist() for row in given_NC]
    theirs_N = find_sets(labels, chance_NC, n_jobs=1)
    assert ours_N.sum() > 50
    assert int((ours_N ^ theirs_N).sum()) <= 2 * given_NC.shape[1]


@needs_shared
def test_people_find_the_surest_suspects_of_imdb_wrong_more_often_than_the_rest() -> None:
    """Five people read each row; a label is wrong here when fewer than three of them agree with it."""
    given_N, probabilities_NC = given_and_probabilities("imdb")
    names = json.loads((SHARED / "imdb_index_to_filename.json").read_text(encoding="utf-8"))
    row_of = {f"test/{name.removesuffix('.txt')}": row for row, name in enumerate(names)}
    with (SHARED / "mturk_imdb.jsonl").open(encoding="utf-8") as lines:
        votes = {row_of[vote["id"]]: vote["mturk"]["given"] for vote in map(json.loads, lines)}
    ranked = [row for row in confident_learning(probabilities_NC, given_N).ranked.tolist() if row in votes]
    wrong = [votes[row] < 3 for row in ranked]
    assert len(ranked) >= 1300
    assert np.mean(wrong[:100]) >= 0.74
    assert np.mean(wrong[:400]) >= 0.65
    # The order means something: of the least sure suspects fewer are wrong.
    assert np.mean(wrong[-400:]) < np.mean(wrong[:400]) - 0.1

"""H-score and LogME against the papers' formulas, computed in other ways: dual forms, plain sums, the published iteration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import minimize
from sklearn.covariance import ledoit_wolf

from tunewright.planning.transferability import h_score, log_me

Floats = npt.NDArray[np.float64]
ALLOWED = 1e-8


def sample(
    *, rows: int, size: int, classes: int, signal: float = 1.0, rank: int | None = None, seed: int = 0
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Features whose directions differ in scale, with class means `signal` apart, off centre."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(rows) % classes)
    means = signal * rng.normal(size=(classes, size))
    features = rng.normal(size=(rows, rank or size)) @ rng.normal(size=(rank or size, size)) / np.sqrt(size)
    return (features * np.logspace(0, -2, size) + means[labels] + 3.0), labels


CASES = [
    {"rows": 200, "size": 12, "classes": 3},
    {"rows": 60, "size": 100, "classes": 2, "signal": 0.2},
    {"rows": 150, "size": 40, "classes": 77, "seed": 3},
    {"rows": 90, "size": 30, "classes": 5, "rank": 4, "signal": 0.0, "seed": 4},
    {"rows": 400, "size": 3, "classes": 2, "signal": 0.01, "seed": 5},
]


def ledoit_wolf_by_rows(centred: Floats) -> float:
    """Ledoit and Wolf (2004), section 3.3: m, d^2, b^2 as sums over rows of outer products."""
    rows, size = centred.shape
    covariance = sum(np.outer(row, row) for row in centred) / rows
    m = np.trace(covariance) / size
    d2 = np.linalg.norm(covariance - m * np.eye(size), "fro") ** 2 / size
    b2 = sum(np.linalg.norm(np.outer(row, row) - covariance, "fro") ** 2 / size for row in centred) / rows**2
    return float(min(b2, d2) / d2)


def h_score_in_its_dual_form(features: Floats, labels: npt.NDArray[np.int64]) -> float:
    """Ibrahim et al. 2021, "Efficient computation": the inverse of an N by N matrix stands in for that of H by H."""
    rows, size = features.shape
    centred = features - features.mean(axis=0)
    alpha = ledoit_wolf_by_rows(centred)
    sigma = np.square(centred).sum() / rows / size
    classes, counts = np.unique(labels, return_counts=True)
    roots = np.stack([np.sqrt(n) * centred[labels == c].mean(axis=0) for c, n in zip(classes, counts, strict=True)])
    gram = centred @ roots.T
    inverse = np.linalg.inv(rows * alpha * sigma * np.eye(rows) + (1 - alpha) * centred @ centred.T)
    inner = np.square(roots).sum() - (1 - alpha) * np.trace(gram.T @ inverse @ gram)
    return float((1 - alpha) / (rows * alpha * sigma) * inner)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_h_score_equals_its_dual_form(case: dict[str, int]) -> None:
    features, labels = sample(**case)
    assert h_score(features, labels) == pytest.approx(h_score_in_its_dual_form(features, labels), rel=ALLOWED)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_shrinkage_is_that_of_scikit_learn(case: dict[str, int]) -> None:
    features, labels = sample(**case)
    shrunk, alpha = ledoit_wolf(features)
    means = np.stack([features[labels == label].mean(axis=0) for label in labels])
    between = np.cov(means, rowvar=False, bias=True)
    assert h_score(features, labels) == pytest.approx(
        (1 - alpha) * np.trace(np.linalg.inv(shrunk) @ between), rel=ALLOWED
    )


def test_without_shrinkage_it_would_be_another_number() -> None:
    """The control: the plain H-score of 60 rows in 100 dimensions calls any features perfect."""
    features, labels = np.random.default_rng(0).normal(size=(60, 100)), np.arange(60) % 2
    centred = features - features.mean(axis=0)
    means = np.stack([centred[labels == label].mean(axis=0) for label in labels])
    plain = np.trace(np.linalg.pinv(centred.T @ centred) @ (means.T @ means))
    assert plain == pytest.approx(1.0)
    assert h_score(features, labels) < 0.5


def test_h_score_is_bounded_and_knows_nothing_from_noise() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(3000) % 4
    assert 0 <= h_score(rng.normal(size=(3000, 20)), labels) < 0.1
    assert 2.9 < h_score(np.eye(4)[labels] + 1e-3 * rng.normal(size=(3000, 4)), labels) <= 3
    assert h_score(np.ones((10, 3)), np.arange(10) % 2) == 0
    assert h_score(rng.normal(size=(10, 3)), np.zeros(10, np.int64)) == 0


def evidence(features: Floats, target: Floats, log_alpha: float, log_beta: float) -> float:
    """The density itself, with its N by N covariance."""
    rows = len(target)
    covariance = np.eye(rows) * np.exp(-log_beta) + features @ features.T * np.exp(-log_alpha)
    _, log_determinant = np.linalg.slogdet(covariance)
    return float(
        -(rows * np.log(2 * np.pi) + log_determinant + target @ np.linalg.solve(covariance, target)) / 2 / rows
    )


def log_me_by_descent(features: Floats, target: Floats) -> float:
    """The density climbed by Nelder and Mead over both precisions, from two places."""
    starts = [(-2.0, 1.0), (4.0, 1.0)]
    found = [
        minimize(
            lambda x: -evidence(features, target, *x), start, method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-12, "maxiter": 600},
        )
        for start in starts
    ]  # fmt: skip
    return float(-min(result.fun for result in found))


def log_me_as_published(
    features: Floats, target: Floats, *, iterations: int = 200_000, alpha: float = 1.0, beta: float = 1.0
) -> float:
    """You et al. 2021, algorithm 1, with matrices as they stand there, until nothing moves any more."""
    rows, size = features.shape
    eigenvalues, vectors = np.linalg.eigh(features.T @ features)
    eigenvalues = np.maximum(eigenvalues, 0.0)
    projected = vectors.T @ (features.T @ target)
    for _ in range(iterations):
        gamma = (beta * eigenvalues / (alpha + beta * eigenvalues)).sum()
        m = vectors @ (beta * projected / (alpha + beta * eigenvalues))
        residual = np.square(features @ m - target).sum()
        ratio = alpha / beta
        alpha, beta = gamma / (m @ m), (rows - gamma) / residual
        if abs(alpha / beta - ratio) <= 1e-12 * ratio:
            break
    m = vectors @ (beta * projected / (alpha + beta * eigenvalues))
    residual = np.square(features @ m - target).sum()
    log_evidence = (
        size / 2 * np.log(alpha) + rows / 2 * np.log(beta) - beta / 2 * residual - alpha / 2 * m @ m
        - rows / 2 * np.log(2 * np.pi) - np.log(alpha + beta * eigenvalues).sum() / 2
    )  # fmt: skip
    return float(log_evidence / rows)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_log_me_equals_the_published_iteration_at_its_end(case: dict[str, int]) -> None:
    features, labels = sample(**case)
    targets = np.eye(case["classes"])[labels]
    # Where the iteration has several ends, the largest evidence is the one that is meant.
    starts = (1.0, 1e-4, 1e4)
    theirs = np.mean(
        [max(log_me_as_published(features, target, alpha=alpha) for alpha in starts) for target in targets.T[:6]]
    )
    assert log_me(features, targets[:, :6]) == pytest.approx(theirs, abs=ALLOWED)


@pytest.mark.parametrize("case", [CASES[1], CASES[3]], ids=str)
def test_log_me_is_the_largest_density(case: dict[str, int]) -> None:
    features, labels = sample(**case)
    target = (labels == 0).astype(np.float64)
    assert log_me(features, target) == pytest.approx(log_me_by_descent(features, target), abs=ALLOWED)


def test_log_me_prefers_features_that_tell_and_takes_numbers() -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(size=(300, 10))
    numbers = features @ rng.normal(size=10) + 0.1 * rng.normal(size=300)
    assert log_me(features, numbers) > log_me(rng.normal(size=(300, 10)), numbers) + 1
    assert np.isfinite(log_me(np.zeros((20, 3)), np.arange(20) % 2))


def test_targets_that_the_features_give_exactly_have_no_largest_evidence_and_a_finite_answer() -> None:
    labels = np.arange(60) % 3
    exact, noisy = np.eye(3)[labels], np.eye(3)[labels] + 0.1 * np.random.default_rng(0).normal(size=(60, 3))
    assert np.isfinite(log_me(exact, np.eye(3)[labels]))
    assert log_me(exact, np.eye(3)[labels]) > log_me(noisy, np.eye(3)[labels])


def test_log_me_does_not_depend_on_the_scale_of_the_features() -> None:
    features, labels = sample(**CASES[0])
    assert log_me(1e4 * features, labels == 1) == pytest.approx(log_me(features, labels == 1), abs=1e-10)


def test_an_iteration_stopped_early_is_another_number() -> None:
    """The control: the published code stops at a change of a thousandth; that is not within what is allowed here."""
    features, labels = sample(**CASES[1])
    target = (labels == 0).astype(np.float64)
    assert abs(log_me_as_published(features, target, iterations=2) - log_me(features, target)) > 1e-4

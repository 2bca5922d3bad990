"""Whether intervals over seeds and rows hold, and how often equal recipes are called different: promises 28 and 29.

    python bench/seeds.py [--trials 400]

Seeds are better or worse on all rows alike (in probits), rows are hard or easy for all seeds alike, the rest is chance. A run with
a new seed on new rows is what the interval has to hold on average.
"""

from __future__ import annotations

import argparse
import itertools
from statistics import NormalDist

import numpy as np

from tunewright.evaluate import from_answers
from tunewright.evaluate.seeds import compare_recipes, score_seeds

NORMAL = NormalDist()


def main() -> None:
    """Print the coverage by seeds, rows, accuracy and spread between seeds; then false alarms and power."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trials", type=int, default=400)
    trials = arguments.parse_args().trials
    rng = np.random.default_rng(17)
    covered = []
    for seeds, rows, share, spread in itertools.product((3, 5, 10), (100, 400), (0.7, 0.9, 0.97), (0.0, 0.1, 0.2)):
        truth = NORMAL.cdf(NORMAL.inv_cdf(share) / np.sqrt(1 + spread**2))
        scores = (
            score_seeds(runs(rng, rng.normal(size=rows), seeds, share, spread), "accuracy") for _ in range(trials)
        )
        held = sum((s.low or 0.0) <= truth <= (s.high or 1.0) for s in scores) / trials
        covered.append(held)
        print(f"{seeds:3} seeds {rows:5} rows  accuracy {share:.2f}  spread {spread:.1f}: {held:.3f}", flush=True)
    print(f"coverage of 95 % intervals: mean {np.mean(covered):.3f}, lowest {min(covered):.3f}, {len(covered)} cells")
    for (a, b), rows, spread in itertools.product(((3, 3), (3, 1), (2, 2), (5, 5)), (100, 400), (0.0, 0.1)):
        alarms = found = 0
        for _ in range(trials):
            hard = rng.normal(size=rows)
            one, equal = runs(rng, hard, a, 0.8, spread), runs(rng, hard, b, 0.8, spread)
            better = runs(rng, hard, b, 0.88, spread)
            alarms += (compare_recipes(one, equal, metric="accuracy", seed=0).p_value or 0.0) < 0.05
            found += compare_recipes(one, better, metric="accuracy", seed=0).verdict == "b_better"
        print(
            f"{a} against {b} seeds {rows:5} rows  spread {spread:.1f}: "
            f"false alarms {alarms / trials:.3f}, 8 points found {found / trials:.2f}",
            flush=True,
        )


def runs(rng: np.random.Generator, hard: np.ndarray, seeds: int, share: float, spread: float):
    """Predictions of several seeds of one recipe."""
    border = NORMAL.inv_cdf(share) + spread * rng.normal(size=(seeds, 1))
    right = 0.84 * hard[None] + 0.54 * rng.normal(size=(seeds, len(hard))) < border
    ids = [str(i) for i in range(len(hard))]
    return [
        from_answers(ids, kind="single_label", labels=["a", "b"], gold=["a"] * len(ids), answers=said.tolist())
        for said in np.where(right, "a", "b")
    ]


if __name__ == "__main__":
    main()

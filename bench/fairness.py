"""How often the intervals of gaps between groups hold the true gap, and how often equal groups raise an alarm.

    python bench/fairness.py [--samples 400] [--seed 1]

Each cell is a number of groups, their sizes and how unlike they are. 95 % is wanted of the intervals; with more than two
groups they are made to hold together and may hold more often. Of families of tests on equal groups at most 5 % may have
an alarm after Holm.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

import numpy as np

from tunewright.evaluate import FairnessConfig, from_logits, group_gaps
from tunewright.metrics import fairness

CELLS = [(2, (50, 50)), (2, (400, 60)), (2, (1000, 1000)), (3, (100, 100, 100)), (6, (300, 200, 150, 100, 60, 30))]
SHARES = [0.02, 0.1, 0.5, 0.95]
APART = [0.0, 0.05, 0.2]


def rate_cells(samples: int, seed: int) -> Iterator[dict[str, object]]:
    """Coverage of the gap between shares."""
    rng = np.random.default_rng(seed)
    for groups, sizes in CELLS:
        for share in SHARES:
            for apart in APART:
                true_G = np.clip(share + apart * np.linspace(-0.5, 0.5, groups), 0.01, 0.99)
                true = true_G.max() - true_G.min()
                level = fairness.pairs_level(groups, level=0.95)
                held = 0
                for _ in range(samples):
                    table = fairness.Rates(
                        hits_G=rng.binomial(sizes, true_G).astype(float), rows_G=np.array(sizes, float)
                    )
                    interval = fairness.largest_difference(table.values_G, fairness.rate_intervals(table, level=level))
                    held += interval.low <= true + 1e-12 and true <= interval.high + 1e-12
                yield {
                    "of": "shares",
                    "groups": groups,
                    "share": share,
                    "gap": round(float(true), 3),
                    "held": held / samples,
                }


def calibration_cells(samples: int, seed: int) -> Iterator[dict[str, object]]:
    """Coverage of the gap between mean probability and outcome: confident systems, where few rows are wrong, included."""
    rng = np.random.default_rng(seed)
    for groups, sizes in CELLS:
        group_N = np.repeat(np.arange(groups), sizes)
        for sharpness in (1.0, 3.0, 6.0):
            for shift in (0.0, 1.0):
                shift_G = shift * np.linspace(-0.5, 0.5, groups)
                true = _true_calibration_gap(shift_G, sharpness)
                level = fairness.pairs_level(groups, level=0.95)
                held = 0
                for _ in range(samples):
                    score_N, gold_N = _drawn(rng, group_N, shift_G, sharpness)
                    table = fairness.means(score_N - gold_N, group_N, groups, least_variance_N=score_N * (1 - score_N))
                    interval = fairness.largest_difference(table.values_G, fairness.mean_intervals(table, level=level))
                    held += interval.low <= true + 1e-9 and true <= interval.high + 1e-9
                yield {
                    "of": "calibration",
                    "groups": groups,
                    "sharpness": sharpness,
                    "gap": round(true, 3),
                    "held": held / samples,
                }


def null_families(samples: int, seed: int) -> float:
    """Share of families (accuracy, parity, opportunity, odds, calibration of one column) with an alarm on equal groups."""
    rng = np.random.default_rng(seed)
    config = FairnessConfig(resamples=999)
    alarms = 0
    for _ in range(samples):
        rows = int(rng.choice([100, 300, 1000]))
        logit_N = rng.normal(0, 2, rows)
        gold_N = rng.random(rows) < 1 / (1 + np.exp(-logit_N))
        predictions = from_logits(
            [str(i) for i in range(rows)], kind="single_label", labels=["no", "yes"],
            gold=["yes" if g else "no" for g in gold_N], logits_NC=np.stack([np.zeros(rows), logit_N], 1),
        )  # fmt: skip
        groups = rng.integers(0, int(rng.choice([2, 3, 5])), rows)
        (column,) = group_gaps(predictions, {"group": [str(g) for g in groups]}, config=config)
        alarms += any(gap.verdict == "gap" for gap in column.gaps)
    return alarms / samples


def _drawn(
    rng: np.random.Generator, group_N: np.ndarray, shift_G: np.ndarray, sharpness: float
) -> tuple[np.ndarray, np.ndarray]:
    logit_N = rng.normal(0, 1, len(group_N)) * sharpness
    gold_N = rng.random(len(group_N)) < 1 / (1 + np.exp(-(logit_N - shift_G[group_N])))
    return 1 / (1 + np.exp(-logit_N)), gold_N.astype(float)


def _true_calibration_gap(shift_G: np.ndarray, sharpness: float) -> float:
    logit = np.random.default_rng(0).normal(0, 1, 1_000_000) * sharpness
    score = 1 / (1 + np.exp(-logit))
    apart = [float((score - 1 / (1 + np.exp(-(logit - shift)))).mean()) for shift in shift_G]
    return max(apart) - min(apart)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cells = [*rate_cells(options.samples, options.seed), *calibration_cells(options.samples, options.seed)]
    for cell in cells:
        print(json.dumps(cell))
    for of in ("shares", "calibration"):
        for many in (False, True):
            held = [float(c["held"]) for c in cells if c["of"] == of and (int(c["groups"]) > 2) == many]
            groups = "three to six groups" if many else "two groups"
            print(f"{of}, {groups}: mean {np.mean(held):.3f}, lowest {min(held):.3f} of {len(held)} cells")
    print(
        f"equal groups with an alarm: {null_families(options.samples, options.seed):.3f} of {options.samples} families"
    )


if __name__ == "__main__":
    main()

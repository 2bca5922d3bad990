"""How often systems that are equally good are called different, and how often a real difference is seen: promise 29.

    python bench/null_comparisons.py [--comparisons 10000] [--seconds 170]

A family is one model against four others, all equally good, on the same rows, as a report has it; a false alarm is a
family with even one verdict after Holm, so the share of families should be 5 % at most. For the last
column one of the four gets 1.75 times the noise, and it is counted how often that is found.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np

from tunewright.evaluate import compare, from_logits, holm

CELLS = [(metric, rows) for metric in ("accuracy", "macro_f1", "brier", "auroc") for rows in (100, 400)]
CLASSES = 4
OTHERS = 4
LABELS = [f"{c}" for c in range(CLASSES)]


def main() -> None:
    """Print one line for each metric and number of rows."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--comparisons", type=int, default=10_000)
    arguments.add_argument("--seconds", type=float, default=170, help="stop here, with what was done so far")
    chosen = arguments.parse_args()
    until = time.monotonic() + chosen.seconds
    families = chosen.comparisons // (OTHERS * len(CELLS))
    rng = np.random.default_rng(17)
    alarms: Counter[tuple[str, int]] = Counter()
    single: Counter[tuple[str, int]] = Counter()
    found: Counter[tuple[str, int]] = Counter()
    done = 0
    while done < families and time.monotonic() < until:
        for metric, rows in CELLS:
            null = family(rng, metric=metric, rows=rows, planted=0.0, seed=done)
            alarms[metric, rows] += any(c.verdict != "no_difference_shown" for c in null)
            single[metric, rows] += sum(c.p_value < 0.05 for c in null)
            if done % 4 == 0:
                found[metric, rows] += (
                    family(rng, metric=metric, rows=rows, planted=0.25, seed=done)[0].verdict == "a_better"
                )
        done += 1
    print(f"{done * OTHERS * len(CELLS)} comparisons of equals in {done * len(CELLS)} families of {OTHERS}")
    print(f"{'metric':12}{'rows':>6}{'false alarms after Holm':>26}{'p < .05, each alone':>22}{'planted found':>16}")
    for metric, rows in CELLS:
        share, alone = alarms[metric, rows] / done, single[metric, rows] / (done * OTHERS)
        power = found[metric, rows] / ((done + 3) // 4)
        print(f"{metric:12}{rows:>6}{share:>26.3f}{alone:>22.3f}{power:>16.2f}")
    whole, each = sum(alarms.values()) / (done * len(CELLS)), sum(single.values()) / (done * OTHERS * len(CELLS))
    print(f"all: {whole:.4f} of families, {each:.4f} of single tests")


def family(rng: np.random.Generator, *, metric: str, rows: int, planted: float, seed: int):
    """One model against the others after Holm. All see the same evidence through noise of their own of equal size;
    the first of the others sees through `planted` times more.
    """
    gold = rng.integers(0, CLASSES, rows)
    shared = 2.0 * np.eye(CLASSES)[gold] + rng.normal(size=(rows, CLASSES))
    noise = [1.0, 1.0 + planted * 3] + [1.0] * (OTHERS - 1)
    systems = [
        from_logits(
            [str(i) for i in range(rows)],
            kind="single_label",
            labels=LABELS,
            gold=[LABELS[c] for c in gold],
            logits_NC=shared + size * rng.normal(size=shared.shape),
        )
        for size in noise
    ]
    return holm([compare(systems[0], other, metric=metric, seed=seed, resamples=999) for other in systems[1:]])


if __name__ == "__main__":
    main()

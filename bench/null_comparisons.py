"""How often systems that are equally good are called different, and how often a real difference is seen: promise 29.

    python bench/null_comparisons.py [--only labels|texts] [--comparisons 10000] [--seconds 170]

A family is one model against four others, all equally good, on the same rows, as a report has it; a false alarm is a
family with even one verdict after Holm, so the share of families should be 5 % at most. For the last
column one of the four gets 1.75 times the noise, and it is counted how often that is found.

`--only texts`: 2,000 made-up texts are answered ten times over by one process, and five systems are equally good because
each gets one of a row's answers by lot. For the last column one of the others answers by a worse process.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from dataclasses import replace

import numpy as np

from tunewright.evaluate import Comparison, compare, from_logits, from_spans, from_texts, holm
from tunewright.evaluate.compare import compared, statistics_test
from tunewright.evaluate.paired import Test
from tunewright.evaluate.sums import Statistics, statistics_of

CELLS = [(metric, rows) for metric in ("accuracy", "macro_f1", "brier", "auroc") for rows in (100, 400)]
TEXT_CELLS = [
    (metric, rows) for metric in ("exact_match", "token_f1", "bleu", "chrf", "span_f1") for rows in (100, 400)
]
CLASSES = 4
OTHERS = 4
LABELS = [f"{c}" for c in range(CLASSES)]


def main() -> None:
    """Print one line for each metric and number of rows."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", choices=("labels", "texts"), default="labels")
    arguments.add_argument("--comparisons", type=int, default=10_000)
    arguments.add_argument("--seconds", type=float, default=170, help="stop here, with what was done so far")
    chosen = arguments.parse_args()
    cells, family = (CELLS, family_of_labels) if chosen.only == "labels" else (TEXT_CELLS, Texts().family)
    until = time.monotonic() + chosen.seconds
    families = chosen.comparisons // (OTHERS * len(cells))
    rng = np.random.default_rng(17)
    alarms: Counter[tuple[str, int]] = Counter()
    single: Counter[tuple[str, int]] = Counter()
    found: Counter[tuple[str, int]] = Counter()
    done = 0
    while done < families and time.monotonic() < until:
        for metric, rows in cells:
            null = family(rng, metric=metric, rows=rows, planted=0.0, seed=done)
            alarms[metric, rows] += any(c.verdict != "no_difference_shown" for c in null)
            single[metric, rows] += sum(c.p_value < 0.05 for c in null)
            if done % 4 == 0:
                found[metric, rows] += (
                    family(rng, metric=metric, rows=rows, planted=0.25, seed=done)[0].verdict == "a_better"
                )
        done += 1
    print(f"{done * OTHERS * len(cells)} comparisons of equals in {done * len(cells)} families of {OTHERS}")
    print(f"{'metric':12}{'rows':>6}{'false alarms after Holm':>26}{'p < .05, each alone':>22}{'planted found':>16}")
    for metric, rows in cells:
        share, alone = alarms[metric, rows] / done, single[metric, rows] / (done * OTHERS)
        power = found[metric, rows] / ((done + 3) // 4)
        print(f"{metric:12}{rows:>6}{share:>26.3f}{alone:>22.3f}{power:>16.2f}")
    whole, each = sum(alarms.values()) / (done * len(cells)), sum(single.values()) / (done * OTHERS * len(cells))
    print(f"all: {whole:.4f} of families, {each:.4f} of single tests")


def family_of_labels(rng: np.random.Generator, *, metric: str, rows: int, planted: float, seed: int):
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


class Texts:
    """Answers to the same texts, and their statistics, taken once: a family is a choice of rows and of answers."""

    def __init__(self, *, rows: int = 2000, answers: int = 10) -> None:
        rng = np.random.default_rng(5)
        references = [rng.choice(500, rng.geometric(0.1) + 2) for _ in range(rows)]
        spans = [[(2 * i, 2 * i + 1, f"{rng.integers(3)}") for i in range(rng.poisson(1.5))] for _ in range(rows)]
        difficulty = rng.beta(4, 2, rows)
        self.of: dict[str, list[Statistics]] = {metric: [] for metric, _ in TEXT_CELLS}
        for share in [1.0] * answers + [0.88]:  # the last is the worse process
            said = [
                np.where(rng.random(len(words)) < right * share, words, rng.choice(500, len(words)))[
                    rng.random(len(words)) < 0.95
                ]
                for words, right in zip(references, difficulty, strict=True)
            ]
            found = [
                [span for span in row if rng.random() < right * share]
                for row, right in zip(spans, difficulty, strict=True)
            ]
            ids = [str(i) for i in range(rows)]
            texts = from_texts(
                ids, references=[[joined(row)] for row in references], answers=list(map(joined, said)), sources=None
            )
            tagged = from_spans(ids, labels=list("012"), gold=spans, answers=found, texts=["x" * 99] * rows)
            for metric in self.of:
                self.of[metric].append(statistics_of(tagged if metric.startswith("span") else texts, metric))

    def family(self, rng: np.random.Generator, *, metric: str, rows: int, planted: float, seed: int):
        """One system against the others after Holm; with `planted`, the first of the others is the worse process."""
        statistics = self.of[metric]
        every_ANK = np.stack([of.rows_NK for of in statistics])
        chosen_N = rng.integers(0, every_ANK.shape[1], rows)
        by_lot_NA = rng.permuted(np.tile(np.arange(len(statistics) - 1), (rows, 1)), axis=1)
        systems = [
            replace(statistics[0], rows_NK=every_ANK[by_lot_NA[:, place], chosen_N]) for place in range(OTHERS + 1)
        ]
        if planted:
            systems[1] = replace(statistics[0], rows_NK=every_ANK[-1, chosen_N])
        tests = [statistics_test(systems[0], other, seed=seed, level=0.95, resamples=999) for other in systems[1:]]
        return holm(
            [comparison(systems[0], b, test, metric=metric) for b, test in zip(systems[1:], tests, strict=True)]
        )


def comparison(a: Statistics, b: Statistics, test: Test, *, metric: str) -> Comparison:
    return compared(
        test, metric=metric, systems=("a", "b"), difference=a.value - b.value, level=0.95, n=len(a.rows_NK), n_changed=0,
        reason="",
    )  # fmt: skip


def joined(words: np.ndarray) -> str:
    return " ".join(map(str, words))


if __name__ == "__main__":
    main()

"""How often the intervals hold the true value, by simulation: promise 28.

    python bench/coverage.py [--only all|decisions|calibration|texts] [--trials 300] [--seconds 170]

Proportions: Wilson's coverage is summed exactly over all outcomes, no simulation. All else: a population of 200,000
rows is drawn, its own value is the truth, and `score` is asked for intervals on samples of n rows from it. Populations
differ in number of classes (the later, the rarer), in skill, and in how overconfident their scores are. A share of
0.95 measured by 300 trials has a standard error of 0.013, so single cells scatter by 0.025; the means do not.

`--only texts`: the same for answers that are texts and spans. A population is 4,000 made-up answers, the statistics of
which are taken once (a minute or two); what is sampled is rows of those.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tunewright.evaluate import Predictions, Score, from_answers, from_logits, from_spans, from_texts, score, value_of
from tunewright.evaluate.figure import How
from tunewright.evaluate.score_sums import figure_of
from tunewright.evaluate.sums import names_for, statistics_of
from tunewright.metrics import TEXT_METRICS, Interval, ece_interval, wilson
from tunewright.metrics.probability import bin_confidence, top_label

SIZES = (200, 500, 1000)
POPULATIONS = ((2, 1.5, 1.0), (2, 3.5, 1.3), (4, 2.5, 1.0), (4, 2.5, 2.0), (10, 2.5, 1.3), (30, 4.0, 1.3))
"""Classes, skill, overconfidence: what the calibrated logits are multiplied by."""
DECISIONS = ("accuracy", "macro_f1", "weighted_f1", "balanced_accuracy", "mcc")
CALIBRATION = ("ece_debiased",)
INTERVALS = (*DECISIONS, "auroc", "brier", "nll", *CALIBRATION)
TEXTS = (
    "exact_match", "token_f1", "rougeL", "bleu", "chrf", "ter", "length_ratio", "perplexity", "span_f1", "span_precision",
    "span_macro_f1",
)  # fmt: skip
SKILLS = ((0.3,), (1.0,), (5.0,))
"""How good the answers of a population are: BLEU of about 25, 40 and 70."""
TEXT_SIZES = (100, 200, 500, 1000)
POPULATION = 4_000
"""Rows of a population of texts."""
TRUTH = {"ece_debiased": "ece"}
"""In 200,000 rows the plug-in calibration error has no bias to speak of."""


def main() -> None:
    """Print both tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--trials", type=int, default=300)
    arguments.add_argument("--seconds", type=float, default=170, help="stop here, with the trials done so far")
    arguments.add_argument("--only", choices=("all", "decisions", "calibration", "texts"), default="all")
    chosen = arguments.parse_args()
    if chosen.only == "texts":
        return of_texts(trials=chosen.trials, seconds=chosen.seconds)
    proportions()
    simulated(trials=chosen.trials, until=time.monotonic() + chosen.seconds, only=chosen.only)


def proportions() -> None:
    """Exact coverage of Wilson's interval over a grid of n and p."""
    shares = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
    cells = {(n, p): exact_coverage(n, p) for n in (50, 100, 200, 400, 1000) for p in shares}
    worst = min(cells, key=lambda cell: cells[cell])
    mean = np.mean(list(cells.values()))
    print(f"Wilson, exact, {len(cells)} cells of n x p: mean {mean:.4f}, least {cells[worst]:.4f} at n, p = {worst}")


def exact_coverage(n: int, p: float) -> float:
    """Chance that the interval of k of n holds p, k being binomial."""
    covered = 0.0
    for k in range(n + 1):
        interval = wilson(k, n)
        if interval.low <= p <= interval.high:
            log_chance = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            covered += math.exp(log_chance + k * math.log(p) + (n - k) * math.log(1 - p))
    return covered


def simulated(*, trials: int, until: float, only: str) -> None:
    """Coverage of every other interval, over populations and sample sizes; all cells advance together."""
    rng = np.random.default_rng(17)
    populations = [population(rng, classes=c, skill=s, sharpness=o) for c, s, o in POPULATIONS]
    wholes = [predictions(gold, logits) for gold, logits in populations]
    metrics = {"all": INTERVALS, "decisions": DECISIONS, "calibration": CALIBRATION}[only]
    truths = [{name: value_of(whole, TRUTH.get(name, name)) for name in metrics} for whole in wholes]
    hits: dict[tuple[str, int, int], list[bool]] = defaultdict(list)
    done = 0
    while done < trials and time.monotonic() < until:
        for place, (gold, logits) in enumerate(populations):
            for n in SIZES:
                rows = rng.integers(0, len(gold), n)
                for metric, ends in measured(gold[rows], logits[rows], seed=done, only=only).items():
                    truth = truths[place][metric]
                    hits[metric, place, n].append(
                        ends.low is not None and ends.low - 1e-12 <= truth <= ends.high + 1e-12
                    )
        done += 1
    print(f"{done} trials in each cell")
    table(hits, metrics, sizes=SIZES, populations=POPULATIONS, titles="classes, skill, overconfidence")


def table(
    hits: dict[tuple[str, int, int], list[bool]], metrics: Sequence[str], *, sizes: Sequence[int],
    populations: Sequence[tuple[float, ...]], titles: str,
) -> None:  # fmt: skip
    """Print a line a metric: coverage over all cells, the least of one, and by size."""
    print(f"{'metric':18}{'mean':>7}{'least':>7}   {''.join(f'{n:>7}' for n in sizes)}   least at ({titles}, n)")
    for metric in metrics:
        cells = {(place, n): float(np.mean(hits[metric, place, n])) for place in range(len(populations)) for n in sizes}
        worst = min(cells, key=lambda cell: cells[cell])
        by_size = "".join(f"{np.mean([v for (_, m), v in cells.items() if m == n]):7.3f}" for n in sizes)
        mean, where = np.mean(list(cells.values())), (*populations[worst[0]], worst[1])
        print(f"{metric:18}{mean:7.3f}{cells[worst]:7.3f}   {by_size}   {where}")


def of_texts(*, trials: int, seconds: float) -> None:
    """Coverage for metrics of texts and spans, over populations of good and bad answers and sample sizes."""
    rng = np.random.default_rng(17)
    wholes = [(made_up_texts(rng, skill=skill), made_up_spans(rng, skill=skill)) for (skill,) in SKILLS]
    found = [
        {name: statistics_of(of, name) for of in both for name in TEXTS if name in names_for(of.kind)}
        for both in wholes
    ]
    how = How(seed=0, resamples=400, level=0.95, metrics=None, texts=TEXT_METRICS)
    hits: dict[tuple[str, int, int], list[bool]] = defaultdict(list)
    done, until = 0, time.monotonic() + seconds
    while done < trials and time.monotonic() < until:
        for place, statistics in enumerate(found):
            for n in TEXT_SIZES:
                rows = rng.integers(0, POPULATION, n)
                for name, of in statistics.items():
                    ends = figure_of(name, of.rows_NK[rows], of, how).interval
                    hits[name, place, n].append(ends.low is not None and ends.low <= of.value <= ends.high)
        done += 1
    print(f"{done} trials in each cell")
    table(hits, TEXTS, sizes=TEXT_SIZES, populations=SKILLS, titles="skill")


def made_up_texts(rng: np.random.Generator, *, skill: float) -> Predictions:
    """Rows of 3 to about 60 words, commoner words more often; answers lack and change words, some rows far more."""
    chance = 1 / np.arange(1, 2001)
    lengths = rng.geometric(1 / 12, POPULATION) + 2
    references, answers = [], []
    for length, right in zip(lengths, rng.beta(2 * skill, 2, POPULATION), strict=True):
        words, others = rng.choice(2000, (2, length), p=chance / chance.sum())
        said = np.where(rng.random(length) < right, words, others)[rng.random(length) < 0.9 + 0.1 * right]
        references.append([" ".join(map(str, words))])
        answers.append(" ".join(map(str, words if rng.random() < 0.15 else said)))
    nll = lengths * rng.gamma(2, 1 / skill, POPULATION)
    return from_texts(
        [str(i) for i in range(POPULATION)], references=references, answers=answers, sources=None,
        nll=nll, num_tokens=lengths,
    )  # fmt: skip


def made_up_spans(rng: np.random.Generator, *, skill: float) -> Predictions:
    """Rows with none to about six spans of four labels; some rows are harder than others."""
    gold, answers = [], []
    for count, right in zip(rng.poisson(1.5, POPULATION), rng.beta(2 * skill, 1, POPULATION), strict=True):
        spans = [(2 * i, 2 * i + 1, f"{rng.choice(4, p=(0.5, 0.3, 0.15, 0.05))}") for i in range(count)]
        gold.append(spans)
        answers.append([
            (start, end, label) if rng.random() < right else (start, end + 1, label)
            for start, end, label in spans if rng.random() < (1 + right) / 2
        ])  # fmt: skip
    return from_spans(
        [str(i) for i in range(POPULATION)],
        labels=list("0123"),
        gold=gold,
        answers=answers,
        texts=["x" * 99] * POPULATION,
    )


def measured(gold: np.ndarray, logits: np.ndarray, *, seed: int, only: str) -> dict[str, Score | Interval]:
    """The intervals of one sample; the decisions or the calibration error alone cost a tenth of all."""
    rows = predictions(gold, logits)
    if only == "calibration":
        return {"ece_debiased": ece_interval(bin_confidence(*top_label(gold, rows.scores_NC)), seed=seed)}
    if only == "decisions":
        answers, truth = rows.table.column("prediction"), rows.table.column("gold")
        rows = from_answers(rows.row_ids, kind="single_label", labels=rows.labels, gold=truth, answers=answers)
    scores = score(rows, split="test", system="s", seed=seed, resamples=300)
    return {s.metric: s for s in scores if s.slice is None and s.metric in INTERVALS}


def population(
    rng: np.random.Generator, *, classes: int, skill: float, sharpness: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gold classes and logits of 200,000 rows; with sharpness 1 the softmax is the true chance of each class."""
    prior = 1 / np.arange(1, classes + 1) ** 0.7
    prior /= prior.sum()
    gold = rng.choice(classes, size=200_000, p=prior)
    seen = rng.normal(size=(len(gold), classes))
    seen[np.arange(len(gold)), gold] += skill
    return gold, sharpness * (skill * seen + np.log(prior))


def predictions(gold: np.ndarray, logits: np.ndarray):
    """The rows as a file of predictions would have them."""
    labels = [f"{c:02d}" for c in range(logits.shape[1])]
    names = np.array(labels, object)
    return from_logits(
        [str(i) for i in range(len(gold))],
        kind="single_label",
        labels=labels,
        gold=names[gold].tolist(),
        logits_NC=logits,
    )


if __name__ == "__main__":
    main()

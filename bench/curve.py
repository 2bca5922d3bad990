"""Do the ranges of learning curves hold? Curves of word counting on public sets, forecast at half of the labels and measured.

    python bench/curve.py --shared ../shared --results lab/results/curve.jsonl [--seeds 4] [--only sst2,cr]

A cell is a set, a number of labels n and a seed. The curve is fitted to n/16, n/8, n/4, n/2 and n labels (two nested draws of each,
as `tunewright curve` does) on 400 validation rows, and forecasts the gain with n more. Then a third draw of 2n labels, n of them
the rows of one of the first two, is trained and answers the same 400 rows. The
range should hold what is measured on the 400 in 95 of 100 cells. Word counting stands in for fine-tuning, which would take hours:
the curve's arithmetic is the same, its noise between runs is smaller. Cells that stand in the results are not done again.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tunewright.planning.curve import fit_curve
from tunewright.probes import fit_tfidf

SETS = {
    "sst2": "train.jsonl", "cr": "all.jsonl", "banking77": "train.jsonl", "tweeteval_emotion": "train.jsonl",
    "sst5": "train.jsonl", "chnsenticorp": "train.jsonl", "thucnews_titles": "train.jsonl",
}  # fmt: skip
LARGEST = (400, 800, 1600)
VALIDATION, DRAWS, REPEATS = 400, 200, 2


def main() -> None:
    warnings.filterwarnings("ignore", category=UserWarning)  # scikit-learn, of many classes
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--only", default=",".join(SETS))
    chosen = parser.parse_args()
    done = read_results(chosen.results)
    chosen.results.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(chosen.seeds):
        for name in chosen.only.split(","):
            for largest in LARGEST:
                cell = {"set": name, "labels": largest, "seed": seed}
                if any(cell.items() <= one.items() for one in done):
                    continue
                found = measured(chosen.shared / "data" / name / SETS[name], largest=largest, seed=seed)
                if found is not None:
                    with chosen.results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(cell | found) + "\n")
    show(read_results(chosen.results))


def read_results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def trained(path: Path, *, largest: int, seed: int) -> tuple[list[int], Any, Any] | None:
    """Sizes; which validation rows each model gets wrong, (S, R, N); and one of twice the labels, (N,). None with too few rows."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rng = np.random.default_rng([seed, largest])
    order = rng.permutation(len(rows))
    validation, pool = order[:VALIDATION], order[VALIDATION:]
    if len(pool) < 2 * largest:
        return None
    texts, names = [row["text"] for row in rows], sorted({row["label"] for row in rows})
    targets = np.array([names.index(row["label"]) for row in rows])

    def wrong(train: Any) -> Any:
        labels = [str(name) for name in names]
        probe = fit_tfidf([texts[i] for i in train], targets[train], kind="single_label", labels=labels)
        logits = probe.logits([texts[i] for i in validation])
        return np.asarray(logits).argmax(axis=1) != targets[validation]

    sizes = [largest // 2**power for power in (4, 3, 2, 1, 0)]
    draws = [rng.permutation(pool)[: 2 * largest] for _ in range(REPEATS)]
    return sizes, np.array([[wrong(draw[:size]) for draw in draws] for size in sizes]), wrong(draws[0])


def measured(path: Path, *, largest: int, seed: int) -> dict[str, Any] | None:
    """The forecast, and what came of it. None where there are too few rows for twice the labels."""
    found = trained(path, largest=largest, seed=seed)
    return None if found is None else judged(*found)


def judged(sizes: list[int], wrong_SRN: Any, then_N: Any) -> dict[str, Any]:
    """The forecast from the curve beside what twice the labels gave."""
    counts_BN = np.random.default_rng(0).multinomial(VALIDATION, np.full(VALIDATION, 1 / VALIDATION), size=DRAWS)
    drawn_BSR = np.moveaxis(wrong_SRN @ counts_BN.T / VALIDATION, 2, 0)
    curve = fit_curve(sizes, wrong_SRN.mean(axis=2), drawn_BSR=drawn_BSR, more=sizes[-1:])
    now, then = float(wrong_SRN[-1].mean()), float(then_N.mean())
    gain = curve.gains[0] if curve.gains else None
    return {
        "refusal": curve.refusal, "fitted_from": curve.fitted_from, "now": now, "then": then, "measured": now - then,
        "gain": gain and gain.value, "low": gain and gain.low, "high": gain and gain.high,
    }  # fmt: skip


def show(results: list[dict[str, Any]]) -> None:
    told = [one for one in results if one["refusal"] is None]
    inside = [one["low"] <= one["measured"] <= one["high"] for one in told]
    misses = [one["gain"] - one["measured"] for one in told]
    refused = [one for one in results if one["refusal"]]
    reasons = {
        reason: sum(one["refusal"] == reason for one in refused) for reason in {one["refusal"] for one in refused}
    }
    print(f"{len(results)} curves of {len({one['set'] for one in results})} sets; refused: {reasons or 'none'}")
    print(f"the range holds the gain in {sum(inside)} of {len(told)} ({np.mean(inside):.1%})")
    print(
        f"points: gain forecast less measured, mean {100 * np.mean(misses):+.1f}, root mean square "
        f"{100 * np.sqrt(np.mean(np.square(misses))):.1f}"
    )  # fmt: skip
    print(f"width of the range, median {100 * np.median([one['high'] - one['low'] for one in told]):.1f} points")
    for name in sorted({one["set"] for one in told}):
        own = [one["low"] <= one["measured"] <= one["high"] for one in told if one["set"] == name]
        print(f"  {name:<20} {sum(own)} of {len(own)}")


if __name__ == "__main__":
    main()

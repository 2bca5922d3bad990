"""Does it pay to label the rows that `tunewright label` picks? Accuracy after so many labels, against rows drawn at random.

    python bench/label_next.py --shared ../shared --results lab/results/label_next.jsonl [--seeds 12] [--only sst2,cr]

A cell is a set and a seed. A model of 100 random labels picks 100 more, twice in a row: as `tunewright label` does (`picked`),
by doubt alone (`doubt`), and at random. Every twentieth row of the pool stands in it five times, each time with another word
behind it, as where a template comes again. All three are tested on the same 1,000 rows. Word counting stands in for
fine-tuning. The mean difference to random rows is printed with its interval over seeds. Cells that stand in the results are
not done again.
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from tunewright.evaluate.predictions import log_softmax
from tunewright.planning.next_rows import doubt_of, pick_rows
from tunewright.probes import fit_tfidf
from tunewright.probes.nearest import text_vectors

SETS = {
    "sst2": "train.jsonl", "cr": "all.jsonl", "banking77": "train.jsonl", "tweeteval_emotion": "train.jsonl",
    "chnsenticorp": "train.jsonl", "thucnews_titles": "train.jsonl",
}  # fmt: skip
WAYS = ("picked", "doubt", "random")
FIRST, BATCH, ROUNDS, POOL, TEST = 100, 100, 2, 1500, 1000
REPEATED, TIMES = 20, 5


def main() -> None:
    warnings.filterwarnings("ignore", category=UserWarning)  # scikit-learn, of few labels
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--only", default=",".join(SETS))
    chosen = parser.parse_args()
    chosen.results.parent.mkdir(parents=True, exist_ok=True)
    for seed in range(chosen.seeds):
        for name in chosen.only.split(","):
            cell = {"set": name, "seed": seed}
            if any(cell.items() <= one.items() for one in read_results(chosen.results)):
                continue
            done = cell | measured(chosen.shared / "data" / name / SETS[name], seed=seed)
            with chosen.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done) + "\n")
    show(read_results(chosen.results))


def read_results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def measured(path: Path, *, seed: int) -> dict[str, float]:
    """Test accuracy after both rounds, by each way."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(rows))
    names = sorted({row["label"] for row in rows})
    test, pool = order[:TEST], order[TEST : TEST + POOL]
    texts = [rows[i]["text"] for i in pool]
    targets = [names.index(rows[i]["label"]) for i in pool]
    for place in range(0, len(pool), REPEATED):
        texts += [f"{texts[place]} {time}" for time in range(1, TIMES)]
        targets += [targets[place]] * (TIMES - 1)
    target_N, vectors = np.array(targets), text_vectors(texts)
    gold = np.array([names.index(rows[i]["label"]) for i in test])

    def fitted(labelled: list[int]) -> Any:
        known = [texts[i] for i in labelled]
        return fit_tfidf(known, target_N[labelled], kind="single_label", labels=[str(name) for name in names])

    first = rng.permutation(len(texts))[:FIRST].tolist()
    found = {}
    for way in WAYS:
        labelled = list(first)
        for _ in range(ROUNDS):
            left = np.setdiff1d(np.arange(len(texts)), labelled)
            if way == "random":
                chosen = rng.permutation(left)[:BATCH]
            else:
                scores = np.exp(log_softmax(fitted(labelled).logits([texts[i] for i in left])))
                doubt = doubt_of(scores, kind="single_label")
                picks = pick_rows(doubt, vectors[left], number=BATCH) if way == "picked" else []
                places = [pick.place for pick in picks] if picks else np.argsort(-doubt, kind="stable")[:BATCH]
                chosen = left[places]
            labelled += chosen.tolist()
        answers = np.asarray(fitted(labelled).logits([rows[i]["text"] for i in test])).argmax(axis=1)
        found[way] = float((answers == gold).mean())
    return found


def show(results: list[dict[str, Any]]) -> None:
    print(f"{'set':<20} {'random':>7}  picked - random (95 %)     doubt alone - random (95 %)   seeds")
    for name in (*dict.fromkeys(one["set"] for one in results), "all"):
        own = [one for one in results if name in (one["set"], "all")]
        shown = [interval([100 * (one[way] - one["random"]) for one in own]) for way in ("picked", "doubt")]
        print(
            f"{name:<20} {100 * np.mean([one['random'] for one in own]):7.1f}  {shown[0]:<26} {shown[1]:<28} {len(own)}"
        )


def interval(values: list[float]) -> str:
    """Mean and percentile bootstrap over cells."""
    drawn = np.random.default_rng(0).choice(values, (4000, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{np.mean(values):+.1f} ({low:+.1f} to {high:+.1f})"


if __name__ == "__main__":
    main()

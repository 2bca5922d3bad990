"""The score of fine-tuning beside transformers' Trainer at the best of six learning rates, on public sets.

    python bench/against_trainer.py run  --results lab/results/against_trainer.jsonl [--sets sst2,cr]
    python bench/against_trainer.py show --results lab/results/against_trainer.jsonl

Ours is `tunewright run` with nothing set but the seed: it chooses rate and epochs itself. Trainer gets the same rows (train,
validation and test as our run has them, after its gate), the same number of epochs at most, 32 rows a step, its own defaults
otherwise (linear schedule, AdamW), rows grouped by length, evaluation after each epoch and the best epoch kept. Its rate is the
best of six by validation accuracy with the first seed; that rate is then run with the other seeds. So the peer is stronger
than its own examples, which keep one rate and the last epoch.

Every cell (set, system, rate, seed) is a process of its own and one line of the results file; a cell that is there already is
not run again. `show` prints accuracy and macro-F1 per seed, the paired difference (mean over seeds) with the 95 % interval of
a bootstrap over test rows and seeds, the word-counting baseline beside it, and McNemar's test against that.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SETS = ("cr", "tweeteval_emotion", "sst2", "banking77")
RATES = (2e-5, 5e-5, 1e-4, 2e-4, 4e-4, 8e-4)
SEEDS = (1, 2, 3)
ROWS_PER_STEP = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["run", "show", "cell"])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("../shared/models/minilm-l6"))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "against_trainer")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.verb == "cell":
        run_cell(json.loads(chosen.cell), chosen)
    elif chosen.verb == "run":
        for name in chosen.sets.split(","):
            run_set(name, chosen)
    else:
        show(chosen)


# ------------------------------------------------------------------------------------------------------- the cells


def run_set(name: str, chosen: argparse.Namespace) -> None:
    """Ours first, because its run folders hold the rows that Trainer gets; then six rates, then the other seeds."""
    for seed in SEEDS:
        do({"set": name, "system": "ours", "rate": None, "seed": seed}, chosen)
    for rate in RATES:
        do({"set": name, "system": "trainer", "rate": rate, "seed": SEEDS[0]}, chosen)
    best = best_rate(read_results(chosen.results), name)
    for seed in SEEDS[1:]:
        do({"set": name, "system": "trainer", "rate": best, "seed": seed}, chosen)


def do(cell: dict[str, Any], chosen: argparse.Namespace) -> None:
    if any(all(done[key] == value for key, value in cell.items()) for done in read_results(chosen.results)):
        return
    command = [sys.executable, __file__, "cell", *sys.argv[2:], "--cell", json.dumps(cell)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(chosen.threads), "HF_HUB_OFFLINE": "1"}
    began = time.monotonic()
    subprocess.run(command, check=True, env=environment)
    print(f"{cell}: {time.monotonic() - began:.0f} s", flush=True)


def run_cell(cell: dict[str, Any], chosen: argparse.Namespace) -> None:
    done = run_ours(cell, chosen) if cell["system"] == "ours" else run_trainer(cell, chosen)
    chosen.results.parent.mkdir(parents=True, exist_ok=True)
    with chosen.results.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**cell, **done, "date": time.strftime("%Y-%m-%d"), **machine()}) + "\n")


def machine() -> dict[str, str]:
    """Processor and versions: on another machine scores may differ in their last digits."""
    from tunewright.runtime import describe_environment

    about = describe_environment()
    versions = ", ".join(f"{name} {about['versions'][name]}" for name in ("python", "torch", "transformers"))
    return {"processor": about["processor"], "versions": versions}


def run_folder(name: str, seed: int, chosen: argparse.Namespace) -> Path:
    return chosen.work / f"{name}-seed-{seed}"


def run_ours(cell: dict[str, Any], chosen: argparse.Namespace) -> dict[str, Any]:
    import tunewright as tw
    from tunewright.evaluate import read_predictions

    source = chosen.data / cell["set"]
    began = time.monotonic()
    run = tw.run(
        source, model=str(chosen.model), output=run_folder(cell["set"], cell["seed"], chosen),
        overrides=[
            f"train.seed={cell['seed']}", "evaluate.cross_validation.below_rows=0",
            f"runtime.threads={chosen.threads}", *only_columns(cell["set"]),
        ],
    )  # fmt: skip
    best = run.evidence["trained"]
    systems = {name: read_predictions(run.folder.predictions(name, "test")) for name in ("model", "tfidf", "frozen")}
    right = {name: right_answers(p.gold_index_N, p.prediction_index_N) for name, p in systems.items()}
    model = systems["model"]
    return {
        "test": figures(model.gold_index_N, model.prediction_index_N), "right": right["model"],
        "tfidf": figures(systems["tfidf"].gold_index_N, systems["tfidf"].prediction_index_N),
        "tfidf_right": right["tfidf"],
        "frozen": figures(systems["frozen"].gold_index_N, systems["frozen"].prediction_index_N),
        "epochs": best["epochs"], "best_epoch": best["best_epoch"], "recommended": run.evidence["recommended"],
        "seconds": time.monotonic() - began,
    }  # fmt: skip


def only_columns(name: str) -> list[str]:
    """`cr` has a column `fold` of ten folds, which is no split and no text."""
    return ["data.columns.split=none", "data.columns.group=none"] if name == "cr" else []


def run_trainer(cell: dict[str, Any], chosen: argparse.Namespace) -> dict[str, Any]:
    import pyarrow.parquet as pq
    import torch
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        Trainer,
        TrainingArguments,
    )

    from tunewright.core.folder import RunFolder
    from tunewright.recipe import load_recipe

    torch.set_num_threads(chosen.threads)
    torch.set_float32_matmul_precision("medium")
    folder = RunFolder(run_folder(cell["set"], SEEDS[0], chosen))
    if not folder.rows.exists():  # results of another machine are gone on with here: the same recipe has the same rows
        run_ours({**cell, "seed": SEEDS[0]}, chosen)
    recipe = load_recipe(folder.recipe)
    rows = pq.read_table(folder.rows).to_pylist()
    labels = sorted({row["label"] for row in rows if row["split"]})
    tokenizer = AutoTokenizer.from_pretrained(chosen.model)
    model = AutoModelForSequenceClassification.from_pretrained(
        chosen.model, num_labels=len(labels), dtype=torch.float32
    )

    def encoded(split: str) -> list[dict[str, Any]]:
        kept = [row for row in rows if row["split"] == split]
        ids = tokenizer([row["text"] for row in kept], truncation=True, max_length=recipe.encode.max_length)
        return [
            {"input_ids": i, "label": labels.index(row["label"])} for i, row in zip(ids["input_ids"], kept, strict=True)
        ]

    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        settings = TrainingArguments(
            output_dir=work, num_train_epochs=recipe.train.epochs, per_device_train_batch_size=ROWS_PER_STEP,
            per_device_eval_batch_size=64, learning_rate=cell["rate"], seed=cell["seed"], use_cpu=True,
            train_sampling_strategy="group_by_length", eval_strategy="epoch", save_strategy="epoch",
            load_best_model_at_end=True, metric_for_best_model="accuracy", save_total_limit=1, save_only_model=True,
            report_to=[], disable_tqdm=True, logging_strategy="epoch", dataloader_num_workers=0,
        )  # fmt: skip
        trainer = Trainer(
            model=model, args=settings, train_dataset=encoded("train"), eval_dataset=encoded("validation"),
            data_collator=DataCollatorWithPadding(tokenizer), processing_class=tokenizer,
            compute_metrics=lambda p: {"accuracy": float((p.predictions.argmax(1) == p.label_ids).mean())},
        )  # fmt: skip
        trainer.train()
        validation = trainer.evaluate()["eval_accuracy"]
        answered = trainer.predict(encoded("test"))
    gold, said = answered.label_ids, answered.predictions.argmax(1)
    return {
        "test": figures(gold, said), "right": right_answers(gold, said), "validation": validation,
        "seconds": time.monotonic() - began,
    }  # fmt: skip


def figures(gold_N: np.ndarray, said_N: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import f1_score

    accuracy = float((gold_N == said_N).mean())
    return {"accuracy": accuracy, "macro_f1": float(f1_score(gold_N, said_N, average="macro"))}


def right_answers(gold_N: np.ndarray, said_N: np.ndarray) -> str:
    return "".join("01"[int(right)] for right in gold_N == said_N)


# ---------------------------------------------------------------------------------------------------- the summary


def read_results(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def best_rate(results: list[dict[str, Any]], name: str) -> float:
    tried = [r for r in results if (r["set"], r["system"], r["seed"]) == (name, "trainer", SEEDS[0])]
    return float(max(tried, key=lambda r: r["validation"])["rate"])


def show(chosen: argparse.Namespace) -> None:
    results = read_results(chosen.results)
    print("Trainer with the first seed, by rate: validation accuracy, test accuracy")
    for name in dict.fromkeys(r["set"] for r in results):
        tried = [r for r in results if (r["set"], r["system"], r["seed"]) == (name, "trainer", SEEDS[0])]
        cells = "  ".join(f"{r['rate']:g}: {r['validation']:.3f} {r['test']['accuracy']:.3f}" for r in tried)
        print(f"  {name:18} {cells}")
    print("\naccuracy / macro-F1 in percent, mean of the seeds (each); word counting; frozen features")
    for name in dict.fromkeys(r["set"] for r in results):
        ours = [r for r in results if (r["set"], r["system"]) == (name, "ours")]
        tried = [r for r in results if (r["set"], r["system"]) == (name, "trainer")]
        if not ours or len(tried) < len(RATES):
            continue
        rate = best_rate(results, name)
        peers = [r for r in tried if r["rate"] == rate]
        print(f"\n{name} ({len(ours[0]['right'])} test rows)")
        print(f"  ours                 {described(ours)}   best epochs {[round(r['best_epoch'], 1) for r in ours]}")
        print(f"  Trainer at {rate:<9g} {described(peers)}")
        for system in ("tfidf", "frozen"):
            print(f"  {system:20} {100 * ours[0][system]['accuracy']:.1f} / {100 * ours[0][system]['macro_f1']:.1f}")
        seeds = sorted({r["seed"] for r in ours} & {r["seed"] for r in peers})
        a, b = (np.stack([hits(r) for s in seeds for r in of if r["seed"] == s]) for of in (ours, peers))
        print(f"  ours - Trainer       {difference(a, b)}")
        words = np.stack([np.array([c == "1" for c in ours[0]["tfidf_right"]])] * len(ours))
        print(f"  ours - word counting {difference(np.stack([hits(r) for r in ours]), words)}")


def hits(result: dict[str, Any]) -> np.ndarray:
    """(N,) whether each test row was right, in the order of the gold answers of our run."""
    return np.array([c == "1" for c in result["right"]])


def described(results: list[dict[str, Any]]) -> str:
    accuracy = [100 * r["test"]["accuracy"] for r in results]
    f1 = [100 * r["test"]["macro_f1"] for r in results]
    each = " ".join(f"{a:.1f}" for a in accuracy)
    return f"{np.mean(accuracy):.1f} / {np.mean(f1):.1f}   ({each})"


def difference(a_SN: np.ndarray, b_SN: np.ndarray) -> str:
    """Mean difference in accuracy, with a bootstrap over rows and seeds together (both vary from run to run)."""
    rng = np.random.default_rng(17)
    seeds, rows = a_SN.shape
    each_SN = a_SN.astype(float) - b_SN.astype(float)
    draws = [
        each_SN[rng.integers(seeds, size=seeds)][:, rng.integers(rows, size=rows)].mean() for _ in range(4000)
    ]  # fmt: skip
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{100 * each_SN.mean():+.2f} ({100 * low:+.2f} to {100 * high:+.2f}) points of accuracy"


if __name__ == "__main__":
    main()

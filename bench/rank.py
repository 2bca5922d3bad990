"""Can the order of models from frozen features be trusted? Five tasks, six models, real fine-tunes as the truth.

    python bench/rank.py truth --results lab/results/rank.jsonl [--train 1000] [--epochs 4] [--tasks sst2,cr]
    python bench/rank.py show  --results lab/results/rank.jsonl

The models are made from MiniLM-L6: cut after 3, 2 and 1 of its 6 layers; and of the first, with the upper two layers and
with all three drawn anew, and with all three disturbed by noise of half their own size. So some are far apart and some
close together. `truth` fine-tunes each on the same rows of each task, as `tunewright run` would, and scores the test rows;
a cell (task, model, seed) that stands in the results is not run again. `show` ranks the same models on the same
training rows with `tunewright models rank`, and prints for each estimator Kendall's tau with the truth over the models of a
task, tau among pairs whose true gap exceeds its 95 % interval, and the regret: how much worse the model ranked first is
than the best one, beside that of taking the largest model and of taking one at random. Intervals: bootstrap over tasks.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

TASKS = ("sst2", "sst5", "cr", "banking77", "tweeteval_emotion")
MODELS: dict[str, dict[str, Any]] = {
    "layers-3": {"layers": 3},
    "layers-2": {"layers": 2},
    "layers-1": {"layers": 1},
    "upper-2-new": {"layers": 3, "new": 2},
    "all-3-new": {"layers": 3, "new": 3},
    "noise": {"layers": 3, "noise": 0.5},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["truth", "show"])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("../shared/models/minilm-l6"))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "bench_rank")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--train", type=int, default=1000, help="training rows of a task")
    parser.add_argument("--test", type=int, default=1000, help="test rows of a task")
    parser.add_argument("--epochs", type=float, help="of each fine-tune; left out: as `run` decides")
    parser.add_argument("--rate", type=float, help="learning rate of each fine-tune; left out: as `run` decides")
    parser.add_argument("--seeds", type=int, default=1)
    chosen = parser.parse_args()
    models = {name: make_model(chosen.model, chosen.work / "models" / name, **how) for name, how in MODELS.items()}
    if chosen.verb == "show":
        show(chosen, models)
        return
    for seed in range(1, chosen.seeds + 1):
        for task in chosen.tasks.split(","):
            for name in MODELS:
                cell = {
                    "task": task, "model": name, "seed": seed, "train": chosen.train, "test": chosen.test,
                    "epochs": chosen.epochs, "rate": chosen.rate,
                }  # fmt: skip
                if not any(cell.items() <= done.items() for done in read_results(chosen.results)):
                    done = cell | fine_tuned(models[name], task_file(task, chosen), seed=seed, chosen=chosen)
                    print({key: done[key] for key in ("task", "model", "seed", "accuracy", "seconds")}, flush=True)
                    chosen.results.parent.mkdir(parents=True, exist_ok=True)
                    with chosen.results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(done) + "\n")


def read_results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def make_model(source: Path, target: Path, *, layers: int = 6, new: int = 0, noise: float = 0.0) -> Path:
    """A variant of a BERT: fewer layers, the upper ones drawn anew as BERT draws them, the others disturbed."""
    import torch
    from safetensors.torch import load_file, save_file

    if (target / "model.safetensors").exists():
        return target
    target.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(0)
    kept: dict[str, torch.Tensor] = {}
    for name, stored in load_file(source / "model.safetensors").items():
        tensor, parts = stored.float(), name.split(".")
        layer = int(parts[parts.index("layer") + 1]) if "layer" in parts else -1
        if layer >= layers:
            continue
        if layer >= layers - new:
            drawn = 0.02 * torch.randn(tensor.shape, generator=generator)
            fresh = torch.ones_like(tensor) if name.endswith("LayerNorm.weight") else drawn
            tensor = torch.zeros_like(tensor) if name.endswith("bias") else fresh
        elif layer >= 0 and noise:
            tensor = tensor + noise * tensor.std() * torch.randn(tensor.shape, generator=generator)
        kept[name] = tensor
    for file in source.iterdir():
        if file.is_file() and file.suffix in {".json", ".txt"}:
            shutil.copyfile(file, target / file.name)
    config = json.loads((source / "config.json").read_text(encoding="utf-8")) | {"num_hidden_layers": layers}
    (target / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(kept, target / "model.safetensors", metadata={"format": "pt"})
    return target


def task_file(task: str, chosen: argparse.Namespace) -> Path:
    """Training rows, a quarter as many validation rows, and test rows of a task, drawn once, in one file."""
    path: Path = chosen.work / f"{task}-{chosen.train}-{chosen.test}.jsonl"
    if path.exists():
        return path
    parts = {file.stem: file.read_text(encoding="utf-8").splitlines() for file in (chosen.data / task).glob("*.jsonl")}
    rng = np.random.default_rng(0)
    pool = [line for name, lines in parts.items() if name in ("train", "all") for line in lines]
    pool = [pool[i] for i in rng.permutation(len(pool))]
    counts = {"train": chosen.train, "validation": chosen.train // 4}
    drawn = {"train": pool[: counts["train"]], "validation": pool[counts["train"] : sum(counts.values())]}
    test = parts.get("test") or pool[sum(counts.values()) :]
    drawn["test"] = [test[i] for i in rng.permutation(len(test))[: chosen.test]]
    rows = [{**json.loads(line), "split": split} for split, lines in drawn.items() for line in lines]
    kept = [{"text": row["text"], "label": f"class {row['label']}", "split": row["split"]} for row in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in kept) + "\n", encoding="utf-8")
    return path


def fine_tuned(model: Path, source: Path, *, seed: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """What a fine-tuned model gets right of the test rows; epochs, rate and lengths as `run` decides them."""
    from tunewright.core.folder import RunFolder
    from tunewright.pipeline.decide import decide
    from tunewright.pipeline.fine_tune import answer, load_base, make_plan
    from tunewright.pipeline.journal import open_journal
    from tunewright.pipeline.prepare import prepare
    from tunewright.pipeline.wishes import Wishes
    from tunewright.runtime import World, prepare_machine
    from tunewright.train import fit

    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=chosen.work) as scratch:
        folder, world = RunFolder(Path(scratch)), World()
        overrides = [f"train.seed={seed}", "runtime.threads=1", "encode.max_length=64"]
        overrides += [f"train.epochs={chosen.epochs:g}"] if chosen.epochs else []
        overrides += [f"optimizer.learning_rate={chosen.rate:g}"] if chosen.rate else []
        asked = Wishes(source=source, model=str(model), overrides=tuple(overrides)).recipe()
        recipe = decide(asked, folder, open_journal(folder, world=world, listener=None, stop=None))
        prepared = prepare(recipe, folder)
        base = load_base(recipe, prepared, folder, machine=prepare_machine(recipe.runtime), world=world)
        plan = make_plan(base, recipe, train=base.places("train"), validation=base.places("validation"))
        fit(plan, checkpoints=None)
        rows = answer(base, plan.model, base.places("test"))
    right = rows.gold_index_N == rows.prediction_index_N
    return {
        "accuracy": float(right.mean()), "right": "".join("01"[int(one)] for one in right),
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


ESTIMATES = ("LogME, all layers", "LogME, last layer", "H-score, all layers", "H-score, last layer", "linear model")
RESAMPLES = 2000


def show(chosen: argparse.Namespace, models: dict[str, Path]) -> None:
    """One line a task and estimator, and means over tasks with their intervals."""
    names, truths, scores = list(models), {}, {}
    for task in dict.fromkeys(one["task"] for one in read_results(chosen.results)):
        truths[task] = [rights(task, name, chosen) for name in names]
        scores[task] = estimated(task, models, chosen)
        accuracies = [right.mean() for right in truths[task]]
        print(f"{task}: " + ", ".join(f"{n} {a:.3f}" for n, a in zip(names, accuracies, strict=True)), flush=True)
    sizes = [path.stat().st_size for path in (folder / "model.safetensors" for folder in models.values())]
    print("\nestimator              tau (all pairs)          tau (pairs told apart)    regret of the first")
    for estimator in ESTIMATES:
        rows = [figures(scores[task][estimator], truths[task]) for task in truths]
        print(f"{estimator:<22} " + "   ".join(mean_and_interval([row[i] for row in rows]) for i in range(3)))
    for name, chooser in (("the largest", lambda n: max(range(n), key=lambda i: sizes[i])), ("at random", None)):
        print(f"{name:<22} {'':>52}" + mean_and_interval([regret_of(truths[task], chooser) for task in truths]))


def rights(task: str, model: str, chosen: argparse.Namespace) -> Any:
    """Which test rows were right, the mean over seeds: (N,)."""
    cells = [one for one in read_results(chosen.results) if (one["task"], one["model"]) == (task, model)]
    return np.mean([[int(char) for char in one["right"]] for one in cells], axis=0)


def estimated(task: str, models: dict[str, Path], chosen: argparse.Namespace) -> dict[str, list[float]]:
    from tunewright.pipeline.rank import rank_models

    folder = chosen.work / f"ranking-{task}-{chosen.train}"
    ranking = rank_models(
        task_file(task, chosen), candidates=[str(path) for path in models.values()], rows=chosen.train, output=folder,
        overrides=["runtime.threads=1"],
    )  # fmt: skip
    found = {place["candidate"]["name"]: place["candidate"] for place in ranking.value["places"]}
    measured = [found[name] for name in models]
    columns = [
        [one["layers"]["log_me"], one["last"]["log_me"], one["layers"]["h_score"], one["last"]["h_score"], one["probe"]]
        for one in measured
    ]
    return dict(zip(ESTIMATES, map(list, zip(*columns, strict=True)), strict=True))


def figures(estimates: list[float], rights: list[Any]) -> tuple[float, float, float]:
    """Kendall's tau over all pairs, over pairs that are told apart, and the regret of the first."""
    best = max(right.mean() for right in rights)
    agreed: dict[bool, list[float]] = {False: [], True: []}
    for i, j in combinations(range(len(rights)), 2):
        gap = rights[i] - rights[j]
        told_apart = abs(gap.mean()) > 1.96 * gap.std() / np.sqrt(len(gap))
        agreed[bool(told_apart)].append(float(np.sign(gap.mean()) * np.sign(estimates[i] - estimates[j])))
    apart = float(np.mean(agreed[True])) if agreed[True] else float("nan")
    return float(np.mean(agreed[False] + agreed[True])), apart, float(best - rights[int(np.argmax(estimates))].mean())


def regret_of(rights: list[Any], chooser: Any) -> float:
    accuracies = [right.mean() for right in rights]
    taken = np.mean(accuracies) if chooser is None else accuracies[chooser(len(accuracies))]
    return float(max(accuracies) - taken)


def mean_and_interval(values: list[float]) -> str:
    """Of tasks; the interval is a bootstrap over them."""
    of_tasks = np.array([value for value in values if np.isfinite(value)])
    drawn = np.random.default_rng(0).choice(of_tasks, (RESAMPLES, len(of_tasks))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{of_tasks.mean():.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()

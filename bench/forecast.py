"""Are forecasts honest? Memory and time of many recipes, forecast in one process and measured in another.

    python bench/forecast.py run  --results lab/results/forecast.jsonl [--cells 8] [--only encoder,decoder,seq2seq]
    python bench/forecast.py show --results lab/results/forecast.jsonl

A cell is a recipe: a model of one of three families, an adapter, a batch shape and a length of texts. For each, one fresh process
forecasts (a few micro-batches of it are tried, the largest last), and another trains as the recipe says, without early
stopping, from the same prepared rows, and says the most memory that it held while it trained and evaluated, and how long
that took. Cells that stand in the results are not done again. `show` prints for memory the median and the 95th percentile of
the relative error and how often the range holds what was measured; for time how often the interval does, and its width.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
FAMILIES = {
    "encoder": ("minilm-l6", "support_messages.csv"),
    "decoder": ("stories260k/hf", "raw_text_en"),
    "seq2seq": ("g2p-bart/us", "g2p_lexicons"),
}
"""Of each the model and the data, in the shared folder or among the examples."""
ADAPTERS = ("full", "lora", "frozen")
SHAPES = ({"examples_per_step": 8, "max_tokens": 512}, {"examples_per_step": 32, "max_tokens": 2048},
          {"examples_per_step": 64, "max_tokens": 8192})  # fmt: skip
LENGTHS = (32, 64, 128)
STEPS = 24


def cells() -> list[dict[str, Any]]:
    """All of them, in an order of which each beginning is mixed."""
    found = [
        {"family": family, "adapter": adapter, **shape, "max_length": length}
        for family, adapter, shape, length in itertools.product(FAMILIES, ADAPTERS, SHAPES, LENGTHS)
    ]
    random.Random(1).shuffle(found)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["run", "show", "cell"])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--only", default=",".join(FAMILIES))
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--part", choices=["forecast", "train"], help=argparse.SUPPRESS)
    parser.add_argument("--cell", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.verb == "show":
        show(read_results(chosen.results))
    elif chosen.verb == "cell":
        part = forecast if chosen.part == "forecast" else train
        print(json.dumps(part(json.loads(chosen.cell), chosen)))
    else:
        wanted = [cell for cell in cells() if cell["family"] in chosen.only.split(",")][: chosen.cells]
        for cell in wanted:
            if not any(cell.items() <= done.items() for done in read_results(chosen.results)):
                done = cell | in_process(cell, "forecast", chosen) | in_process(cell, "train", chosen)
                print(json.dumps(done), flush=True)
                chosen.results.parent.mkdir(parents=True, exist_ok=True)
                with chosen.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done) + "\n")


def read_results(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def in_process(cell: dict[str, Any], part: str, chosen: argparse.Namespace) -> dict[str, Any]:
    options = ["--results", str(chosen.results), "--shared", str(chosen.shared), "--rows", str(chosen.rows)]
    command = [sys.executable, __file__, "cell", *options, "--part", part, "--cell", json.dumps(cell)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def prepared(cell: dict[str, Any], chosen: argparse.Namespace, scratch: Path) -> Any:
    """Recipe, encoded rows and plan, the same way in both processes."""
    from tunewright.core.folder import RunFolder
    from tunewright.pipeline.decide import decide
    from tunewright.pipeline.fine_tune import load_base, make_plan
    from tunewright.pipeline.journal import open_journal
    from tunewright.pipeline.prepare import prepare
    from tunewright.recipe import build_recipe
    from tunewright.runtime import World, prepare_machine

    model, data = FAMILIES[cell["family"]]
    tree: dict[str, Any] = {
        "data": {"path": str(data_of(cell["family"], data, chosen, scratch))},
        "model": {"path": str(chosen.shared / "models" / model)}, "encode": {"max_length": cell["max_length"]},
        "train": {
            "steps": STEPS, "examples_per_step": cell["examples_per_step"], "stopping": {"patience": None},
            "evaluations_per_epoch": 4,
        },
        "adapter": {"name": cell["adapter"]}, "batching": {"max_tokens": cell["max_tokens"]}, "runtime": {"threads": 1},
        "evaluate": {"generated_rows": 8},
    }  # fmt: skip
    if cell["family"] == "decoder":
        tree |= {"task": "continue"}
    if cell["family"] == "seq2seq":
        tree |= {"task": "transduce"}
        tree["data"]["columns"] = {"text": "word", "label": "ipa"}
    if cell["adapter"] == "frozen":
        tree["adapter"]["train_top"] = 1
    folder, world = RunFolder(scratch / "run"), World()
    journal = open_journal(folder, world=world, listener=None, stop=None)
    recipe = decide(build_recipe(tree), folder, journal)
    rows = prepare(recipe, folder)
    base = load_base(recipe, rows, folder, machine=prepare_machine(recipe.runtime), world=world)
    plan = make_plan(base, recipe, train=base.places("train"), validation=base.places("validation"))
    return recipe, rows, folder, base, plan


def data_of(family: str, name: str, chosen: argparse.Namespace, scratch: Path) -> Path:
    """A file with some rows of a data set."""
    if family == "encoder":
        return ROOT / "examples" / name
    source = next(path for path in sorted((chosen.shared / "data" / name).rglob("*.jsonl")) if "test" not in path.stem)
    lines = source.read_text(encoding="utf-8").splitlines()[: chosen.rows]
    if family == "decoder":  # pieces that fit into the shortest length; a longer text is not taught
        texts = [json.loads(line)["text"] for line in lines]
        pieces = [text[i : i + 20 + i % 20] for text in texts for i in range(0, min(len(text), 400), 50)]
        lines = [json.dumps({"text": piece}) for piece in pieces[: chosen.rows]]
    path = scratch / f"{name}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def forecast(cell: dict[str, Any], chosen: argparse.Namespace) -> dict[str, Any]:
    from tunewright.pipeline.forecast import described
    from tunewright.pipeline.tryout import try_out

    with tempfile.TemporaryDirectory() as scratch:
        recipe, rows, folder, _, _ = prepared(cell, chosen, Path(scratch))
        began = time.perf_counter()
        value = described(try_out(recipe, rows, folder), recipe, before=0)
        process, spent = value["memory"]["process"], value["time"]
        return {
            "memory": process["bytes"], "memory_low": process["low"], "memory_high": process["high"],
            "seconds": spent["seconds"], "seconds_low": spent["seconds_low"], "seconds_high": spent["seconds_high"],
            "growth": value["parts"]["growth"], "forecast_took": round(time.perf_counter() - began, 1),
        }  # fmt: skip


def train(cell: dict[str, Any], chosen: argparse.Namespace) -> dict[str, Any]:
    from tunewright.runtime import PeakMemory
    from tunewright.train import fit

    with tempfile.TemporaryDirectory() as scratch:
        _, _, folder, base, plan = prepared(cell, chosen, Path(scratch))
        with PeakMemory(base.machine.device) as peak:
            fitted = fit(plan, checkpoints=folder.checkpoints)
        return {"actual_memory": peak.bytes / 1e9, "actual_seconds": fitted.seconds}


def show(results: list[dict[str, Any]]) -> None:
    errors = np.array([one["memory"] / one["actual_memory"] - 1 for one in results])
    inside = [one["memory_low"] <= one["actual_memory"] <= one["memory_high"] for one in results]
    in_time = [one["seconds_low"] <= one["actual_seconds"] <= one["seconds_high"] for one in results]
    widths = [one["seconds_high"] / max(one["seconds_low"], 1e-9) for one in results]
    print(f"{len(results)} recipes of {len({one['family'] for one in results})} families")
    print(
        f"memory: median error {np.median(abs(errors)):.1%}, 95th percentile {np.quantile(abs(errors), 0.95):.1%}, largest "
        f"{abs(errors).max():.1%}, bias {errors.mean():+.1%}; the range holds it in {np.mean(inside):.0%}"
    )
    print(f"time: the interval holds it in {np.mean(in_time):.0%}; high / low: median {np.median(widths):.1f}")


if __name__ == "__main__":
    main()

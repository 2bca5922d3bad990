"""A real transfer: a small BART that knows American pronunciations is taught British ones, beside transformers' Seq2SeqTrainer.

    python bench/g2p.py --shared ../shared --folder DIR [--train 20000] [--epochs 5] [--arms ours,lora,trainer]

Words are divided so that no spelling (case folded) stands on two sides: 2,000 for the test, 1,000 for validation. Every arm
gets the same rows, epochs and rate, 32 rows a step, and starts from the same weights with the four new symbols in its
vocabulary; Trainer sorts by length (`group_by_length`), evaluates after each epoch by loss and keeps the best. Answers are
greedy. Prints exact match with intervals, the paired difference to Trainer, time and memory; each arm is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

SEED = 17
TEST_WORDS, VALIDATION_WORDS = 2000, 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--train", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--arms", default="ours,trainer,lora")
    parser.add_argument("--one", help="run one arm in this process")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    data = options.folder / "gb.jsonl"
    if not data.exists():
        write_rows(options.shared / "data/g2p_lexicons/gb_gold.jsonl", data, train=options.train)
    if options.one:
        ARMS[options.one](options)
        return
    for arm in options.arms.split(","):
        if not (options.folder / f"{arm}.json").exists():
            arguments = [*sys.argv[1:], "--one", arm]
            subprocess.run(
                [sys.executable, __file__, *arguments], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
            )
    show(options.folder, options.arms.split(","))


def write_rows(source: Path, target: Path, *, train: int) -> None:
    """The rows with the side of each; a spelling goes to one side whole."""
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    by_word: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_word.setdefault(row["word"].casefold(), []).append(row)
    words = sorted(by_word)
    random.Random(SEED).shuffle(words)
    sides = {"test": words[:TEST_WORDS], "validation": words[TEST_WORDS : TEST_WORDS + VALIDATION_WORDS]}
    sides["train"] = words[TEST_WORDS + VALIDATION_WORDS :]
    with target.open("w", encoding="utf-8") as file:
        for side, names in sides.items():
            chosen = [row for word in names for row in by_word[word]]
            for row in chosen[:train] if side == "train" else chosen:
                line = {"source": row["word"], "target": row["ipa"], "split": side, "group": row["word"].casefold()}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")


def ours(options: argparse.Namespace, *, name: str = "ours", settings: tuple[str, ...] = ()) -> None:
    """`tunewright run`."""
    import tunewright as tw

    began = time.perf_counter()
    run = tw.run(
        options.folder / "gb.jsonl", task="transduce", model=str(options.shared / "models/g2p-bart/us"),
        output=options.folder / name,
        overrides=[f"train.epochs={options.epochs}", "runtime.threads=1", *settings],
    )  # fmt: skip
    import pyarrow.parquet as pq

    rows = pq.read_table(run.folder.predictions("model", "test")).to_pylist()
    adapter = run.folder.adapter / "adapter_model.safetensors"
    write(options.folder, name, began, {row["row_id"]: row["prediction"] == row["gold"] for row in rows},
          adapter_bytes=adapter.stat().st_size if adapter.exists() else None)  # fmt: skip


def lora(options: argparse.Namespace) -> None:
    """The same with LoRA."""
    ours(options, name="lora", settings=("adapter.name=lora", "adapter.r=16"))


def trainer(options: argparse.Namespace) -> None:
    """transformers' Seq2SeqTrainer on the rows, the tokens and the weights that our run began with."""
    import pyarrow.parquet as pq
    import torch
    from transformers import Seq2SeqTrainer, Seq2SeqTrainingArguments

    from tunewright.core.folder import RunFolder
    from tunewright.models.load import resolve
    from tunewright.pipeline.prepare import prepare
    from tunewright.pipeline.teaching import teaching_of
    from tunewright.recipe import load_recipe
    from tunewright.runtime import prepare_machine

    torch.set_num_threads(1)
    began = time.perf_counter()
    folder = RunFolder(options.folder / "ours")
    recipe = load_recipe(folder.recipe)
    prepared = prepare(recipe, folder)
    teaching: Any = teaching_of(
        resolve(str(recipe.model.path)), recipe, prepared, machine=prepare_machine(recipe.runtime)
    )
    model, tokenizer = teaching.load(seed=recipe.train.seed), teaching.tokenizer
    sides = {
        side: [
            {"input_ids": lesson.input_T.tolist(), "labels": lesson.target_U.tolist()}
            for place in prepared.places(side)
            for lesson in teaching.writer.taught(prepared.shaped[place]).lessons
        ]
        for side in ("train", "validation")
    }

    def collate(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        def padded(name: str, value: int) -> torch.Tensor:
            longest = max(len(row[name]) for row in rows)
            return torch.tensor([row[name] + [value] * (longest - len(row[name])) for row in rows])

        ids = padded("input_ids", tokenizer.pad_id)
        return {"input_ids": ids, "attention_mask": (ids != tokenizer.pad_id).long(), "labels": padded("labels", -100)}

    arguments = Seq2SeqTrainingArguments(
        output_dir=str(options.folder / "trainer-checkpoints"), per_device_train_batch_size=32,
        per_device_eval_batch_size=128, learning_rate=recipe.optimizer.learning_rate, num_train_epochs=options.epochs,
        train_sampling_strategy="group_by_length", eval_strategy="epoch", save_strategy="epoch", save_total_limit=1,
        load_best_model_at_end=True, metric_for_best_model="eval_loss", report_to=[], disable_tqdm=True, seed=SEED,
        use_cpu=True, logging_steps=200,
    )  # fmt: skip
    Seq2SeqTrainer(
        model=model, args=arguments, train_dataset=sides["train"], eval_dataset=sides["validation"],
        data_collator=collate,
    ).train()  # fmt: skip
    from tunewright.models.generate import generate

    test = pq.read_table(folder.predictions("model", "test")).to_pylist()
    said = generate(
        model.eval(), tokenizer, tokenizer.encode_prompts([row["source"] for row in test]), config=recipe.generate
    )
    write(
        options.folder, "trainer", began,
        {row["row_id"]: one.text.strip() == row["gold"] for row, one in zip(test, said, strict=True)},
    )  # fmt: skip


ARMS = {"ours": ours, "lora": lora, "trainer": trainer}


def write(folder: Path, name: str, began: float, right: dict[str, bool], **more: Any) -> None:
    """One arm's result."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    figures = {
        "seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time(),
        "peak_gb": peak,
        **more,
    }
    (folder / f"{name}.json").write_text(json.dumps({"right": right, **figures}))


def show(folder: Path, arms: list[str]) -> None:
    """Exact match of each arm, and the paired difference to Trainer."""
    found = {arm: json.loads((folder / f"{arm}.json").read_text()) for arm in arms}
    rng = np.random.default_rng(SEED)
    for arm, result in found.items():
        right = np.array(list(result["right"].values()), float)
        low, high = np.percentile(rng.binomial(len(right), right.mean(), 10_000) / len(right), [2.5, 97.5])
        print(
            f"{arm:8} exact {right.mean():.3f} ({low:.3f}-{high:.3f}) n={len(right)}  {result['seconds']:.0f} s, "
            f"processor {result['processor_seconds']:.0f} s, peak {result['peak_gb']:.2f} GB"
            + (f", adapter {result['adapter_bytes'] / 1e3:.0f} kB" if result.get("adapter_bytes") else "")
        )
    if "trainer" in found:
        ids = list(found["trainer"]["right"])
        theirs = np.array([found["trainer"]["right"][i] for i in ids], float)
        for arm in arms:
            if arm != "trainer":
                difference = np.array([found[arm]["right"][i] for i in ids], float) - theirs
                draws = difference[rng.integers(0, len(ids), (5000, len(ids)))].mean(1)
                low, high = np.percentile(draws, [2.5, 97.5])
                print(f"{arm} - trainer: {difference.mean():+.4f} ({low:+.4f} to {high:+.4f})")


if __name__ == "__main__":
    main()

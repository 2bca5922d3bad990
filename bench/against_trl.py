"""The loss curve of TRL's SFTTrainer and of transformers' Trainer beside ours, step by step, and which tokens each of them counts.

    python bench/against_trl.py --shared ../shared --folder DIR [--steps 60] [--rows 400]

stories260k (no dropout), float32, the rows of `instructions.py`, 32 rows a step as 8 micro-batches of 4 for them and as ours cuts
them for us, AdamW without decay, a linear schedule without warm-up, gradients clipped at 1, rows in the same order.

1. The same tokens and labels, ours, given to SFTTrainer: the loss of each step.
2. The same, with the mean of the micro-batches' means: what Trainer did before it counted tokens over the whole step.
3. Plain text to be gone on with, to transformers' own Trainer.
4. Prompts with completions, and chats, as TRL makes tokens of them itself: what is learned, by who said it; answers without end.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments
from trl import SFTConfig, SFTTrainer

import tunewright as tw
from instructions import instructions, write_chats, write_prompts
from tunewright.batching import TokenStore, rows_of_step
from tunewright.core.events import read_events
from tunewright.core.folder import RunFolder
from tunewright.models.chat.plain import PLAIN
from tunewright.pipeline.fine_tune import Base, load_base
from tunewright.pipeline.prepare import prepare
from tunewright.recipe import load_recipe
from tunewright.runtime import World, prepare_machine

RATE, MICRO, ACCUMULATED = 1e-3, 4, 8
PER_STEP = MICRO * ACCUMULATED
IGNORED = -100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--parts", default="prompts,means,chats,texts,tokens", help="which of these, in one process")
    options = parser.parse_args()
    model = options.shared / "models/stories260k/hf"
    rows = instructions(options.rows)
    prompts = with_sides(write_prompts(rows, options.folder / "prompts.jsonl"))
    chats = with_sides(write_chats(rows, options.folder / "chats.jsonl"))
    texts = options.folder / "texts.jsonl"
    texts.write_text("".join(json.dumps({"text": f"{r['question']} {r['answer']}."}) + "\n" for r in rows))
    with_sides(texts)

    parts = options.parts.split(",")
    for name, source, task in (
        ("prompts", prompts, "complete"),
        ("chats", chats, "chat"),
        ("texts", texts, "continue"),
    ):
        if name not in parts:
            continue
        ours, examples = train_ours(source, task, model, options.folder / f"ours-{name}", steps=options.steps)
        theirs = train_theirs(
            examples, model, options.folder, steps=options.steps, kind="trl" if name != "texts" else "trainer"
        )
        compare(f"{name}, the same tokens", ours, theirs)
        if name == "prompts" and "means" in parts:
            means = train_theirs(examples, model, options.folder, steps=options.steps, kind="means of means")
            compare(f"{name}, the mean of the micro-batches' means", ours, means)
    if "tokens" in parts:
        tokens_of_trl(rows, model, options.folder)


def with_sides(path: Path) -> Path:
    """The file with a split of its own, of which train is full steps alone: theirs go on over the end of an epoch."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    train = PER_STEP * int(0.75 * len(rows) / PER_STEP)
    sides = ["train" if n < train else ("validation", "test")[n % 2] for n in range(len(rows))]
    lines = [json.dumps({**row, "split": side}) + "\n" for row, side in zip(rows, sides, strict=True)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def train_ours(
    source: Path, task: str, model: Path, folder: Path, *, steps: int
) -> tuple[list[float], list[dict[str, list[int]]]]:
    """The loss of each step, and the examples of the steps in their order, as input ids and labels."""
    run = tw.run(
        source, task=task, model=str(model), output=folder / "run",
        overrides=[
            f"train.steps={steps}", f"train.examples_per_step={PER_STEP}", f"optimizer.learning_rate={RATE}",
            "optimizer.weight_decay=0", "schedule.warmup_share=0", "train.stopping.patience=1000", "evaluate.resamples=100",
            "runtime.matmul=highest", "runtime.threads=1", "generate.max_new_tokens=4", "evaluate.generated_rows=2",
            *(["data.shape.name=text"] if task == "continue" else []),
        ],
    )  # fmt: skip
    losses = [event["loss"] for event in read_events(run.folder.events) if event["kind"] == "step"]
    recipe = load_recipe(run.folder.recipe)
    again = RunFolder(folder / "again")
    base = load_base(recipe, prepare(recipe, again), again, machine=prepare_machine(recipe.runtime), world=World())
    train = base.places("train")
    order = [
        rows_of_step(step, num_rows=len(train), examples_per_step=PER_STEP, seed=recipe.train.seed)
        for step in range(steps)
    ]
    return losses, [example_of(base, int(train[row])) for step in order for row in step]


def example_of(base: Base, row: int) -> dict[str, list[int]]:
    """One row of the store as transformers takes it, which shifts labels itself."""
    store = base.store
    assert isinstance(store, TokenStore)
    ids, target = store.streams["input"][row], store.streams["target"][row]
    labels = np.where(store.streams["token_weight"][row] > 0, target, IGNORED)
    return {"input_ids": ids.tolist(), "labels": [IGNORED, *labels[:-1].tolist()]}


class InOrder:
    """Rows as they stand, and the loss of each micro-batch as it counts in its step."""

    def _get_train_sampler(self, *_: Any) -> Any:
        return torch.utils.data.SequentialSampler(self.train_dataset)  # type: ignore[attr-defined]

    def training_step(self, *arguments: Any, **named: Any) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(*arguments, **named)  # type: ignore[misc]
        self.__dict__.setdefault("seen", []).append(float(loss))
        return loss


class OrderedTrl(InOrder, SFTTrainer):
    """See `InOrder`."""


class OrderedTrainer(InOrder, Trainer):
    """See `InOrder`."""


class MeansOfMeans(OrderedTrainer):
    """Each micro-batch's mean counts alike, whatever it has of tokens."""

    def _get_num_items_in_batch(self, *_: Any, **__: Any) -> None:
        return None


def train_theirs(
    examples: list[dict[str, list[int]]], model: Path, folder: Path, *, steps: int, kind: str
) -> list[float]:
    """The loss of each step."""
    settings: dict[str, Any] = {
        "output_dir": str(folder / "theirs"), "max_steps": steps, "per_device_train_batch_size": MICRO,
        "gradient_accumulation_steps": ACCUMULATED, "learning_rate": RATE, "lr_scheduler_type": "linear", "warmup_steps": 0,
        "weight_decay": 0.0, "max_grad_norm": 1.0, "bf16": False, "use_cpu": True, "save_strategy": "no", "report_to": "none",
        "logging_strategy": "no", "disable_tqdm": True,
    }  # fmt: skip
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(model)
    dataset = Dataset.from_list(examples)
    if kind == "trl":
        trainer: Any = OrderedTrl(
            model=network,
            args=SFTConfig(**settings, max_length=None),
            train_dataset=dataset,
            processing_class=tokenizer,
        )
    else:
        made = OrderedTrainer if kind == "trainer" else MeansOfMeans
        trainer = made(
            model=network,
            args=TrainingArguments(**settings),
            train_dataset=dataset,
            data_collator=lambda rows: padded(rows),
        )
    trainer.train()
    return np.array(trainer.seen).reshape(steps, ACCUMULATED).sum(axis=1).tolist()


def padded(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """A rectangle, padded on the right."""
    width = max(len(row["input_ids"]) for row in rows)
    fill = {"input_ids": 0, "labels": IGNORED}
    batch = {
        name: torch.tensor([row[name] + [value] * (width - len(row[name])) for row in rows])
        for name, value in fill.items()
    }
    mask = [[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in rows]
    return {**batch, "attention_mask": torch.tensor(mask)}


def compare(name: str, ours: list[float], theirs: list[float]) -> None:
    one, other = np.array(ours), np.array(theirs)
    away = np.abs(one - other) / np.abs(other)
    shown = " ".join(f"{a:.4f}/{b:.4f}" for a, b in list(zip(one, other, strict=True))[:: max(1, len(one) // 6)])
    print(f"{name}: largest difference {away.max():.2g} of the loss (step {away.argmax()}), first step {away[0]:.2g}")
    print(f"   ours/theirs at every tenth or so: {shown}", flush=True)


def tokens_of_trl(rows: list[dict[str, str]], model: Path, folder: Path) -> None:
    """What TRL learns of rows that it makes tokens of itself, with its defaults."""
    chats = [
        {"messages": [{"role": "user", "content": r["question"]}, {"role": "assistant", "content": r["answer"]}]}
        for r in rows
    ]
    kinds: list[tuple[str, list[dict[str, Any]], dict[str, Any]]] = [
        ("prompt ends with a new line", [{"prompt": f"{r['question']}\n", "completion": r["answer"]} for r in rows], {}),
        ("prompt ends with a space", [{"prompt": f"{r['question']} ", "completion": r["answer"]} for r in rows], {}),
        ("at most 40 tokens", [{"prompt": f"{r['question']}\n", "completion": r["answer"]} for r in rows], {"max_length": 40}),
        ("chats, its defaults", chats, {}),
        ("chats, assistant_only_loss", chats, {"assistant_only_loss": True}),
    ]  # fmt: skip
    for name, given, more in kinds:
        tokenizer = AutoTokenizer.from_pretrained(model)
        tokenizer.chat_template = PLAIN
        try:
            trainer = SFTTrainer(
                model=AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
                args=SFTConfig(output_dir=str(folder / "theirs"), bf16=False, use_cpu=True, report_to="none", **more),
                train_dataset=Dataset.from_list(given), processing_class=tokenizer,
            )  # fmt: skip
        except Exception as error:
            print(f"TRL, {name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}")
            continue
        prepared = list(trainer.train_dataset)
        learned = [[token for token in row["labels"] if token != IGNORED] for row in prepared]
        ended = sum(ids[-1:] == [tokenizer.eos_token_id] or tokenizer.eos_token_id in ids for ids in learned)
        first = prepared[0]
        print(
            f"TRL, {name}: {len(prepared)} of {len(given)} rows, {ended} with the end among what is learned; "
            f"{sum(map(len, learned))} of {sum(len(row['input_ids']) for row in prepared)} tokens are learned; the first row: "
            f"{[tokenizer.decode([t]) for t, label in zip(first['input_ids'], first['labels'], strict=True) if label != IGNORED]} "
            f"of {tokenizer.decode(first['input_ids'])!r}",
            flush=True,
        )


if __name__ == "__main__":
    main()

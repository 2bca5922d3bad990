"""A small instruction set of our own, and a tiny decoder that learns to follow it: stories260k, in full and by LoRA.

    python bench/instructions.py --shared ../shared --folder DIR [--rows 1200] [--epochs 20] [--arms full,lora]

Seven kinds of one-line tasks whose answers stand in the question or are known by heart (repeat a word, name the animal, the
colour, who it was, how many, the opposite, yes or no), made from a seed. No question comes twice, so those of the test are new.
Each arm is `tunewright run` on a file of chats. Prints loss by epoch, exact match before and after with intervals, by kind of
task, and the size of what was trained.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

import tunewright as tw
from tunewright.core.events import read_events

ANIMALS = ("cat", "dog", "bird", "fish", "bear", "frog", "duck", "mouse", "rabbit", "lion")
COUNTED = ("cat", "dog", "bird", "bear", "frog", "duck", "lion")
COLORS = ("red", "blue", "green", "yellow", "black", "white", "pink", "brown")
THINGS = ("ball", "car", "hat", "box", "cup", "book", "toy", "bag", "cake", "tree", "boat", "kite")
NAMES = ("Tom", "Lily", "Ben", "Sue", "Max", "Anna", "Tim", "Mia", "Sam", "Jane")
PLACES = ("park", "house", "garden", "forest", "school", "shop", "beach", "kitchen")
NUMBERS = ("two", "three", "four", "five", "six", "seven")
FEELINGS = ("happy", "sad", "tired", "hungry", "scared", "angry")
OPPOSITES = {
    "big": "small", "hot": "cold", "up": "down", "happy": "sad", "fast": "slow", "day": "night", "old": "new", "wet": "dry",
    "loud": "quiet", "open": "closed",
}  # fmt: skip

Row = dict[str, str]
"""`task`, `question`, `answer`."""


def instructions(num_rows: int, *, seed: int = 17) -> list[Row]:
    """Different questions, all kinds in turn as long as they have new ones."""
    rng = random.Random(seed)
    seen: set[str] = set()
    rows: list[Row] = []
    misses = 0
    while len(rows) < num_rows and misses < 10_000:
        task = list(TASKS)[len(rows) % len(TASKS)] if misses == 0 else rng.choice(list(TASKS))
        question, answer = TASKS[task](rng)
        if question in seen:
            misses += 1
            continue
        misses = 0
        seen.add(question)
        rows.append({"task": task, "question": question, "answer": answer})
    return rows


def _repeat(rng: random.Random) -> tuple[str, str]:
    words = rng.sample([*ANIMALS, *COLORS, *THINGS, *PLACES], rng.choice([1, 2]))
    return f"Say this again: {' '.join(words)}", " ".join(words)


def _animal(rng: random.Random) -> tuple[str, str]:
    name, animal, place = rng.choice(NAMES), rng.choice(ANIMALS), rng.choice(PLACES)
    return f"Which animal is it? {name} saw a {animal} in the {place}.", animal


def _color(rng: random.Random) -> tuple[str, str]:
    name, color, thing = rng.choice(NAMES), rng.choice(COLORS), rng.choice(THINGS)
    return f"What color is the {thing}? {name} has a {color} {thing}.", color


def _who(rng: random.Random) -> tuple[str, str]:
    (one, other), (feels, another) = rng.sample(NAMES, 2), rng.sample(FEELINGS, 2)
    asked, answer = rng.choice([(feels, one), (another, other)])
    return f"Who is {asked}? {one} is {feels} and {other} is {another}.", answer


def _number(rng: random.Random) -> tuple[str, str]:
    name, number, animal, place = rng.choice(NAMES), rng.choice(NUMBERS), rng.choice(COUNTED), rng.choice(PLACES)
    return f"How many? {name} saw {number} {animal}s in the {place}.", number


def _opposite(rng: random.Random) -> tuple[str, str]:
    one, other = rng.choice([*OPPOSITES.items(), *((value, key) for key, value in OPPOSITES.items())])
    name, thing = rng.choice(NAMES), rng.choice(THINGS)
    return f"{name} has a {thing}. What is the opposite of {one}?", other


def _yes_or_no(rng: random.Random) -> tuple[str, str]:
    name, thing, asked = rng.choice(NAMES), rng.choice(THINGS), rng.choice(THINGS)
    asked = thing if rng.random() < 0.5 else asked
    return f"Does {name} have a {asked}? {name} has a {thing}.", "Yes" if asked == thing else "No"


TASKS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "repeat": _repeat, "animal": _animal, "color": _color, "who": _who, "number": _number, "opposite": _opposite,
    "yes or no": _yes_or_no,
}  # fmt: skip


def write_chats(rows: list[Row], path: Path) -> Path:
    """As chats of two turns."""
    chats = [
        {"messages": [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["answer"]}]}
        for row in rows
    ]
    return _write(chats, path)


def write_prompts(rows: list[Row], path: Path) -> Path:
    """As prompts with what follows them."""
    return _write([{"prompt": f"{row['question']}\n", "completion": row["answer"]} for row in rows], path)


def _write(rows: list[dict[str, object]], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


ARMS = {
    "full": [],
    "lora": ["adapter.name=lora", "adapter.r=8", "optimizer.learning_rate=1e-2"],
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=1200)
    parser.add_argument("--epochs", type=float, default=20)
    parser.add_argument("--arms", default="full,lora")
    options = parser.parse_args()
    rows = instructions(options.rows)
    chats = write_chats(rows, options.folder / "instructions.jsonl")
    task_of = {row["question"]: row["task"] for row in rows}
    for arm in options.arms.split(","):
        run = tw.run(
            chats, model=str(options.shared / "models/stories260k/hf"), output=options.folder / arm,
            overrides=[f"train.epochs={options.epochs}", "evaluate.metric=exact_match", "evaluate.generated_rows=60",
                "runtime.threads=1", *ARMS[arm],
            ],
        )  # fmt: skip
        show(arm, run, task_of)


def show(arm: str, run: tw.Run, task_of: dict[str, str]) -> None:
    """Loss by epoch, exact match of each system, and by kind of task, and what was saved."""
    print(f"== {arm}: {run.evidence['costs']['model']['training_seconds']:.0f} s of training")
    for event in read_events(run.folder.events):
        if event["kind"] == "evaluated":
            print(f"   epoch {event['epoch']:5.1f}  loss {event['loss']:.4f} nats a token")
    for s in run.scores:
        if (s["metric"], s["split"], s["slice"]) == ("exact_match", "test", None):
            print(
                f"   exact match of {s['system']}: {s['value']:.3f} ({s['low']:.3f} to {s['high']:.3f}), n = {s['n']}"
            )
    answers = pq.read_table(run.folder.predictions("model", "test")).to_pylist()
    for task in TASKS:
        right = [row["prediction"] == row["gold"] for row in answers if task_of[row["source"]] == task]
        print(f"   {task}: {sum(right)} of {len(right)}")
    for name, folder in (("model", run.folder.bundle), ("adapter", run.folder.adapter)):
        if folder.exists():
            weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
            print(f"   {name}: {weights:,} bytes of weights")


if __name__ == "__main__":
    main()

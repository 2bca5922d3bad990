"""Fine-tuning an encoder on short texts: this project beside transformers' Trainer, step for step, in one run.

    python bench/encoder.py [--model ../shared/models/minilm-l6] [--data ../shared/data/sst2/train.jsonl]
                            [--rounds 5] [--steps 50] [--rows-per-step 32] [--threads N] [--no-dropout]

Every arm is a fresh process that loads, warms up and then waits; the arms take turns, a few steps each in an order that
rotates, so that whatever slows the machine down slows all of them. A round is `--steps` steps of every arm, and gives one
ratio for each pair of arms. 50 steps is what Trainer's sampler by length sorts at a time: all lengths occur in a round.

The same for all: model and new head, rows per step, fused AdamW with the same betas, eps and decay groups, linear
schedule, clipping at 1, dropout; float32, but for the arms called bf16: there Trainer has its `bf16=True` (autocast) and
ours `bf16_master`, and they compare with each other. `random` and `by length` get the very batches that ours gets under that name
(`train.order`); `grouped` are those of Trainer's own sampler by length.
Medium is `torch.set_float32_matmul_precision("medium")`; ours probes that for itself, unless the arm says otherwise.
Time is taken by the clock and, for machines that others use as well, as processor time of all threads of the arm.
The peak is the resident memory of the process at its largest, everything included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

ARMS = {
    "ours, random": {"system": "ours", "order": "random", "matmul": None},
    "ours, by length": {"system": "ours", "order": "by_length", "matmul": None},
    **{
        f"trainer, {order.replace('_', ' ')}{', medium' if matmul == 'medium' else ''}": {
            "system": "trainer", "order": order, "matmul": matmul,
        }
        for order in ("random", "by_length", "grouped")
        for matmul in ("highest", "medium")
    },
    "ours, bf16, by length": {"system": "ours", "order": "by_length", "matmul": None, "precision": "bf16_master"},
    **{
        f"trainer, bf16, {order.replace('_', ' ')}": {
            "system": "trainer", "order": order, "matmul": "highest", "precision": "bf16",
        }
        for order in ("by_length", "grouped")
    },
}  # fmt: skip
WARM_STEPS = 3
LEARNING_RATE = 1e-4
SEED = 17


def main() -> None:
    chosen = arguments()
    if chosen.arm:
        ARM_RUNS[ARMS[chosen.arm]["system"]](chosen)
        return
    names = chosen.arms.split(";") if chosen.arms else list(ARMS)
    arms = [Arm.start(name, chosen) for name in names]
    for arm in arms:  # the first steps, which warm up
        arm.take_turn()
    for arm in arms:
        arm.seconds, arm.processor_seconds_before = 0.0, arm.processor_seconds
    turns = chosen.steps // chosen.steps_per_turn
    for number in range(chosen.rounds):
        for turn in range(turns):
            shift = (number * turns + turn) % len(arms)
            for arm in arms[shift:] + arms[:shift]:
                arm.take_turn()
        for arm in arms:
            arm.close_round()
        seconds = ", ".join(f"{arm.name} {arm.rounds[-1]:.2f}" for arm in arms)
        print(f"round {number + 1}, seconds of {chosen.steps} steps: {seconds}", flush=True)
    for arm in arms:
        arm.finish()
    print_tables(arms, chosen)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="../shared/models/minilm-l6", help="a folder, or `starter`")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sst2/train.jsonl"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=50, help="steps of each arm in a round")
    parser.add_argument("--steps-per-turn", type=int, default=5)
    parser.add_argument("--rows-per-step", type=int, default=32)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-dropout", action="store_true", help="then the same batches must show the same losses")
    parser.add_argument("--arms", help="some of the arms only, separated by semicolons")
    parser.add_argument("--arm", choices=list(ARMS), help=argparse.SUPPRESS)
    return parser.parse_args()


# ---------------------------------------------------------------------------------------------------- taking turns


@dataclass
class Arm:
    """One process. It writes `ready`, waits for a line, does its steps, writes `ready` again."""

    name: str
    process: subprocess.Popen
    rounds: list[float] = field(default_factory=list)
    processor_rounds: list[float] = field(default_factory=list)
    seconds: float = 0.0
    processor_seconds: float = 0.0
    """Of this process since it began."""
    processor_seconds_before: float = 0.0
    result: dict = field(default_factory=dict)

    @classmethod
    def start(cls, name: str, chosen: argparse.Namespace) -> Arm:
        # Threads that spin beside other processes would punish whoever comes first; ours sets this anyway.
        environment = {**os.environ, "GOMP_SPINCOUNT": "1000", "OMP_NUM_THREADS": str(chosen.threads)}
        command = [sys.executable, __file__, *sys.argv[1:], "--arm", name]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        arm = cls(name, process)
        arm.wait_until_ready()
        return arm

    def take_turn(self) -> None:
        assert self.process.stdin
        began = time.perf_counter()
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.wait_until_ready()
        self.seconds += time.perf_counter() - began

    def close_round(self) -> None:
        self.rounds.append(self.seconds)
        self.processor_rounds.append(self.processor_seconds - self.processor_seconds_before)
        self.seconds, self.processor_seconds_before = 0.0, self.processor_seconds

    def wait_until_ready(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("@ready"):
                self.processor_seconds = float(line.removeprefix("@ready"))
                return
            if line.startswith("@result"):
                self.result = json.loads(line.removeprefix("@result"))
                return
        raise SystemExit(f"{self.name} ended early with exit status {self.process.wait()}")

    def finish(self) -> None:
        self.take_turn()
        self.process.wait()


def gate() -> None:
    """Let the next one have the machine, and go on when it is our turn again."""
    print(f"@ready {time.process_time()}", flush=True)
    if not sys.stdin.readline():
        os._exit(1)  # the parent is gone


def gates(chosen: argparse.Namespace) -> set[int]:
    """Counts of finished steps at which an arm waits."""
    last = num_steps(chosen) - 1
    return {0, *range(WARM_STEPS, last + 1, chosen.steps_per_turn)}


def num_steps(chosen: argparse.Namespace) -> int:
    return WARM_STEPS + chosen.rounds * chosen.steps + 1


def report(losses: list[float], extra: dict) -> None:
    from tunewright.runtime import peak_memory_bytes

    print("@result" + json.dumps({"losses": losses, "peak": peak_memory_bytes(), **extra}), flush=True)


# ------------------------------------------------------------------------------------------------------------ arms


@dataclass
class Material:
    """What both systems start from."""

    model: object
    pad_id: int
    examples: object
    order: np.ndarray
    """Rows in the order of our steps."""


def prepare(chosen: argparse.Namespace) -> Material:
    import torch

    from tunewright.batching import Examples, rows_of_step
    from tunewright.models.load import load_classifier, resolve
    from tunewright.models.tokenizer import load_tokenizer
    from tunewright.tasks import EncodeConfig, encode_texts

    torch.set_num_threads(chosen.threads)
    rows = [json.loads(line) for line in chosen.data.read_text(encoding="utf-8").splitlines()]
    local = resolve(chosen.model)
    tokenizer = load_tokenizer(local)
    targets = np.array([row["label"] for row in rows], np.int64)
    labels = [str(label) for label in sorted(set(targets.tolist()))]
    streams = encode_texts(tokenizer, [row["text"] for row in rows], None, config=EncodeConfig(max_length=128))
    model = load_classifier(local, labels=labels, kind="single_label", seed=SEED, pad_id=tokenizer.pad_id).model
    if chosen.no_dropout:
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
    examples = Examples(
        row_ids=[str(i) for i in range(len(rows))], streams=streams, targets=targets, weights=np.ones(len(rows))
    )
    sizes = {"num_rows": len(rows), "examples_per_step": chosen.rows_per_step, "seed": SEED}
    lengths = examples.lengths if ARMS[chosen.arm]["order"] == "by_length" else None
    order = np.concatenate([rows_of_step(step, **sizes, lengths=lengths) for step in range(num_steps(chosen))])
    return Material(model=model, pad_id=tokenizer.pad_id, examples=examples, order=order)


def run_ours(chosen: argparse.Namespace) -> None:
    from tunewright.adapters import FullConfig
    from tunewright.batching import CutConfig, TokenStore
    from tunewright.core.events import EventLog
    from tunewright.losses import LOSSES
    from tunewright.optim import AdamWConfig, ScheduleConfig
    from tunewright.runtime import RuntimeConfig, World, prepare_machine, probe_runtime
    from tunewright.tasks import ROW_TASKS
    from tunewright.train import FitPlan, TrainConfig, fit

    runtime = RuntimeConfig(
        device="cpu", threads=chosen.threads, matmul=ARMS[chosen.arm]["matmul"],
        precision=ARMS[chosen.arm].get("precision", "float32"),
    )  # fmt: skip
    runtime = probe_runtime(runtime)
    machine = prepare_machine(runtime)
    material = prepare(chosen)
    task, loss = ROW_TASKS["classify"], LOSSES["cross_entropy"]()
    losses: list[float] = []
    tokens: list[int] = []

    def listen(event: dict) -> None:
        if event["kind"] == "step":
            losses.append(event["loss"])
            tokens.append(event["tokens"])

    with tempfile.TemporaryDirectory() as folder:
        store = TokenStore.build(Path(folder) / "store", material.examples, key="bench")
        adapter = FullConfig()
        plan = FitPlan(
            model=adapter.attach(material.model), adapter=adapter,
            objective=lambda model, batch: task.objective(model, batch, loss),
            store=store, rows=np.arange(len(store)), pad_id=material.pad_id,
            evaluate=None, num_evaluation_rows=0, metric="accuracy", higher_is_better=True,
            train=TrainConfig(
                steps=num_steps(chosen), examples_per_step=chosen.rows_per_step, seed=SEED, order=ARMS[chosen.arm]["order"]
            ),
            optimizer=AdamWConfig(learning_rate=LEARNING_RATE, weight_decay=0.01),
            schedule=ScheduleConfig(name="linear", warmup_share=0.0),
            batching=CutConfig(), machine=machine, world=World(),
        )  # fmt: skip
        waits = gates(chosen)

        def wait_my_turn() -> None:
            if len(losses) in waits:
                gate()

        gate()
        fit(
            plan,
            checkpoints=None,
            events=EventLog(Path(folder) / "events.jsonl", listeners=(listen,)),
            stop=wait_my_turn,
        )
    report(losses, {"tokens": sum(tokens[WARM_STEPS:-1]), "matmul": runtime.matmul})


def run_trainer(chosen: argparse.Namespace) -> None:
    import torch
    from transformers import DataCollatorWithPadding, Trainer, TrainerCallback, TrainingArguments

    from tunewright.models.load import resolve
    from tunewright.models.tokenizer import load_tokenizer

    arm = ARMS[chosen.arm]
    torch.set_float32_matmul_precision(arm["matmul"])
    material = prepare(chosen)
    tokenizer = load_tokenizer(resolve(chosen.model)).hf
    examples = material.examples
    in_our_order = arm["order"] != "grouped"
    rows = [
        {"input_ids": examples.streams["input"][i].tolist(), "label": int(examples.targets[i])}
        for i in (material.order if in_our_order else range(len(examples.row_ids)))
    ]
    collate = DataCollatorWithPadding(tokenizer)
    tokens: list[int] = []
    waits = gates(chosen)
    losses: list[float] = []

    class Turns(TrainerCallback):
        def on_step_begin(self, args: object, state: object, control: object, **_: object) -> None:
            if state.global_step in waits:
                gate()

        def on_log(self, args: object, state: object, control: object, logs: dict, **_: object) -> None:
            if "loss" in logs:
                losses.append(float(logs["loss"]))

    def collate_and_count(batch: list[dict]) -> dict:
        tokens.append(sum(len(row["input_ids"]) for row in batch))
        return collate(batch)

    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder, max_steps=num_steps(chosen), per_device_train_batch_size=chosen.rows_per_step,
            learning_rate=LEARNING_RATE, weight_decay=0.01, adam_beta1=0.9, adam_beta2=0.999, adam_epsilon=1e-8,
            lr_scheduler_type="linear", warmup_steps=0, max_grad_norm=1.0, optim="adamw_torch_fused",
            train_sampling_strategy="sequential" if in_our_order else "group_by_length",
            seed=SEED, use_cpu=True, dataloader_num_workers=0, bf16=arm.get("precision") == "bf16",
            logging_steps=1, save_strategy="no", eval_strategy="no", report_to=[], disable_tqdm=True,
        )  # fmt: skip
        trainer = Trainer(
            model=material.model.train(), args=settings, train_dataset=rows, data_collator=collate_and_count,
            processing_class=tokenizer, callbacks=[Turns()],
        )  # fmt: skip
        trainer.train()
    report(losses, {"tokens": sum(tokens[WARM_STEPS : num_steps(chosen) - 1]), "matmul": arm["matmul"]})


ARM_RUNS: dict[str, Callable[[argparse.Namespace], None]] = {"ours": run_ours, "trainer": run_trainer}


# ---------------------------------------------------------------------------------------------------------- tables


def print_tables(arms: list[Arm], chosen: argparse.Namespace) -> None:
    rows = chosen.steps * chosen.rows_per_step
    print(
        f"\n{chosen.model}, {chosen.data}: {chosen.rounds} rounds of {chosen.steps} steps of {chosen.rows_per_step} rows, "
        f"{chosen.threads} thread(s), dropout {'off' if chosen.no_dropout else 'on'}"
    )
    print(f"{'':28}{'matmul':>9}{'rows a second':>15}{'processor ms a step':>21}{'peak MB':>9}{'tokens a step':>15}")
    for arm in arms:
        speed = rows / np.mean(arm.rounds)
        per_step = arm.result["tokens"] / (chosen.rounds * chosen.steps)
        peak = arm.result["peak"] / 1e6
        processor = 1000 * np.mean(arm.processor_rounds) / chosen.steps
        print(f"{arm.name:28}{arm.result['matmul']:>9}{speed:>15.0f}{processor:>21.0f}{peak:>9.0f}{per_step:>15.0f}")
    for ours in (arm for arm in arms if ARMS[arm.name]["system"] == "ours"):
        print(f"\n`{ours.name}` is so many times as fast{'by the clock':>21}{'':>5}{'by processor time':>22}")
        print(f"{'':28}{'median':>10}{'min':>7}{'max':>7}{'median':>11}{'min':>7}{'max':>7}{'memory':>9}")
        for arm in arms:
            if arm is not ours:
                memory = ours.result["peak"] / arm.result["peak"]
                clock, processor = spread(arm.rounds, ours.rounds), spread(arm.processor_rounds, ours.processor_rounds)
                print(f"as {arm.name:25}{clock}    {processor}{memory:>9.2f}")
        grouped = [arm for arm in arms if ARMS[arm.name]["system"] == "trainer" and ARMS[arm.name]["order"] != "random"]
        if grouped:
            clock = spread([min(s) for s in zip(*(arm.rounds for arm in grouped), strict=True)], ours.rounds)
            processor = spread(
                [min(s) for s in zip(*(arm.processor_rounds for arm in grouped), strict=True)], ours.processor_rounds
            )
            memory = ours.result["peak"] / min(arm.result["peak"] for arm in grouped)
            print(f"as {'the best by length':25}{clock}    {processor}{memory:>9.2f}")
    print("\nloss, mean of the steps up to")
    marks = [int(mark) for mark in np.linspace(0, num_steps(chosen) - 1, 9).round()]
    print(f"{'':28}" + "".join(f"{mark:>8}" for mark in marks[1:]))
    for arm in arms:
        curve = arm.result["losses"]
        print(f"{arm.name:28}" + "".join(f"{np.mean(curve[a:b]):>8.4f}" for a, b in pairwise(marks)))


def spread(theirs: list[float], ours: list[float]) -> str:
    ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
    return f"{np.median(ratios):>10.2f}{min(ratios):>7.2f}{max(ratios):>7.2f}"


if __name__ == "__main__":
    main()

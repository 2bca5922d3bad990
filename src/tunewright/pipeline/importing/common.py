"""What both programs have from transformers and peft: optimisers, schedules, LoRA, precision, batches."""

from __future__ import annotations

import re
from typing import Any

from tunewright.core.errors import RecipeError
from tunewright.pipeline.importing.reading import Reading

REFUSED = {
    "rm": "trains a reward model: it learns which of two answers is better",
    "reward": "trains a reward model: it learns which of two answers is better",
    "ppo": "is PPO: it learns from the scores of a reward model",
    "grpo": "is GRPO: it learns from rewards for what the model writes",
    "gdpo": "is GDPO: it learns from rewards for what the model writes",
    "dpo": "is DPO: it learns from two answers to one question, one better than the other",
    "ipo": "is IPO, a relative of DPO: it learns from two answers to one question, one better than the other",
    "orpo": "is ORPO: it learns from two answers to one question, one better than the other",
    "simpo": "is SimPO: it learns from two answers to one question, one better than the other",
    "bco": "is BCO: it learns from answers that are marked as wanted or unwanted",
    "preference": "is a data set of preferences: two answers to one question, one better than the other",
    "kto": "is KTO: it learns from answers that are marked as wanted or unwanted",
}
_PLAIN_ADAMW = ("adamw", "adamw_torch", "adamw_torch_fused", "adamw_hf", "adamw_apex_fused")
_ADAMW = re.compile(r"(paged_)?adamw(_(torch|bnb))?(_(4|8|32)bit|_anyprecision)?")
_SCHEDULES = {
    "linear": "linear", "cosine": "cosine", "constant": "constant", "constant_with_warmup": "constant",
    "cosine_with_restarts": "cosine", "cosine_with_min_lr": "cosine", "polynomial": "linear", "warmup_stable_decay": "linear",
    "inverse_sqrt": "linear", "rex": "linear", "one_cycle": "cosine",
}  # fmt: skip
_SAME_SCHEDULE = ("linear", "cosine", "constant", "constant_with_warmup")


def refuse(reading: Reading, key: str, kind: str) -> None:
    """Raises RecipeError where a config asks for something that is no supervised fine-tuning."""
    what = REFUSED.get(kind.lower())
    if what is not None:
        raise RecipeError(
            f"{reading.path}: `{key}: {kind}` {what}. Tunewright does supervised fine-tuning: it learns from answers that are "
            "right. Import the config of the step before (SFT), or make a file of the good answers and fine-tune on that."
        )


def read_optimizer(reading: Reading, *, key: str, default: str, rate: float | None) -> None:
    """Optimiser and its settings; what is no optimiser of ours becomes AdamW, with a note."""
    name = str(reading.get(key, default)).lower()
    if name in _PLAIN_ADAMW:
        ours, why, fate = "adamw", "", "taken"
    elif _ADAMW.fullmatch(name):
        ours, why, fate = "adamw", "optimizer_precision", "differs"
    elif name in ("adafactor", "sgd", "rmsprop", "adagrad"):
        ours, why, fate = name, "", "taken"
    elif "muon" in name:
        ours, why, fate = "muon", "", "taken"
    else:
        ours, why, fate = "adamw", "optimizer_other", "left_out"
    reading.put("optimizer.name", ours)
    if reading.says(key):
        reading.note(key, fate, why, ours="optimizer.name")  # type: ignore[arg-type]
    if reading.says("learning_rate") or rate is not None:
        rate = reading.number("learning_rate", rate or 0.0)
    reading.take("learning_rate", "optimizer.learning_rate", default=rate, value=rate)
    decay = reading.number("weight_decay", 0.0)
    reading.take("weight_decay", "optimizer.weight_decay", default=0.0, value=decay)
    if ours == "adamw":
        betas = (reading.number("adam_beta1", 0.9), reading.number("adam_beta2", 0.999))
        if reading.says("adam_beta1") or reading.says("adam_beta2"):
            reading.put("optimizer.betas", list(betas))
            reading.note("adam_beta1", "taken", ours="optimizer.betas")
            reading.note("adam_beta2", "taken", ours="optimizer.betas")
        if reading.says("adam_epsilon"):
            reading.take("adam_epsilon", "optimizer.eps", value=reading.number("adam_epsilon", 1e-8))
    reading.idle("adam_beta1", "adam_beta2", "adam_epsilon")


def read_schedule(reading: Reading, *, key: str, default: str) -> None:
    """Course of the rate and warm-up, which is a share here and may be steps there."""
    said = str(reading.get(key, default)).lower()
    ours = _SCHEDULES.get(said, "cosine")
    if said in _SAME_SCHEDULE:
        reading.take(key, "schedule.name", default=default, value=ours)
    else:
        reading.take(key, "schedule.name", default=default, value=ours, why="schedule", fate="differs")
    steps, total = reading.number("warmup_steps", 0), reading.number("max_steps", 0)
    if 0 < steps < 1:  # newer transformers take a share here as well
        reading.take("warmup_steps", "schedule.warmup_share", value=steps)
    elif steps and total > 0:
        reading.take("warmup_steps", "schedule.warmup_share", value=round(min(0.99, steps / total), 4))
    elif steps:
        reading.note("warmup_steps", "left_out", "warmup_steps", steps=round(steps))
    else:
        share = reading.number("warmup_ratio", 0.0)
        reading.take("warmup_ratio", "schedule.warmup_share", default=0.0, value=share)
        reading.idle("warmup_steps")


def read_length(reading: Reading, *, epochs_key: str, epochs: float) -> None:
    """Passes or steps."""
    if reading.number("max_steps", 0) > 0:
        reading.take("max_steps", "train.steps", value=reading.whole("max_steps", 0))
        if reading.says(epochs_key):
            reading.note(epochs_key, "idle")
        return
    reading.take(epochs_key, "train.epochs", default=epochs, value=reading.number(epochs_key, epochs))
    reading.idle("max_steps")


def read_stopping(reading: Reading, *, key: str) -> None:
    """Patience of early stopping, which both programs leave off unless it is said, and the norm at which gradients are clipped.

    0 switches either of them off.
    """
    reading.take(key, "train.stopping.patience")
    reading.put("train.stopping.patience", reading.whole(key, 0) or None)
    reading.take("max_grad_norm", "train.max_grad_norm", default=1.0)
    reading.put("train.max_grad_norm", reading.number("max_grad_norm", 1.0) or None)


def read_batch(reading: Reading, *, size_key: str, size: int) -> None:
    """Rows of a step: those of a micro-batch, times the accumulation."""
    rows, times = reading.whole(size_key, size), reading.whole("gradient_accumulation_steps", 1)
    reading.put("train.examples_per_step", rows * times)
    said = [key for key in (size_key, "gradient_accumulation_steps") if reading.says(key)]
    for key in said[:1]:
        reading.note(
            key, "differs", "batch", ours="train.examples_per_step", rows=rows, times=times, product=rows * times
        )
    for key in said[1:]:
        reading.note(key, "taken", ours="train.examples_per_step")


def read_precision(reading: Reading) -> None:
    """bf16 as autocast with weights in float32; what would hold weights in 16 bits is said to differ."""
    if reading.flag("bf16") or reading.get("bf16") in ("auto", "full"):
        reading.put("runtime.precision", "bf16_autocast")
        reading.note("bf16", "taken" if reading.flag("bf16") else "differs", "bf16", ours="runtime.precision")
    for key in ("pure_bf16", "bfloat16", "fp16", "float16"):
        if reading.flag(key):
            reading.put("runtime.precision", "bf16_autocast")
            reading.note(key, "differs", "half", ours="runtime.precision")
    reading.idle("bf16", "pure_bf16", "bfloat16", "fp16", "float16", "tf32", "fp16_full_eval", "bf16_full_eval")


def read_quantization(reading: Reading, key: str, kind: str) -> None:
    """Quantised weights beside LoRA; left out for the variants that they don't go with."""
    if reading.chosen("adapter.variant") in (None, "lora", "rslora"):
        reading.take(key, "adapter.quantize", value=kind, why="rounded", fate="differs")
    else:
        reading.note(key, "left_out", "quantization")


def targets(said: Any) -> list[str] | None:
    """LoRA's target modules as globs; None where they are all linear layers."""
    names = said if isinstance(said, list) else [name.strip() for name in str(said).split(",")]
    if any(name in ("all", "all-linear") for name in names):
        return None
    return [name if "*" in name else f"*.{name}" for name in names]

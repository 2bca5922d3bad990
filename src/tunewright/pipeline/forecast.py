"""`tunewright forecast RECIPE`: what a run will take of time, memory and disk, and the largest batches that fit. Trains nothing.

forecast = forecast_recipe("recipe.yaml", card="24GB")
forecast["memory"]["training"], forecast["time"], forecast["proposal"]
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder
from tunewright.pipeline.calibrate import UNCALIBRATED
from tunewright.pipeline.decide import decide
from tunewright.pipeline.fine_tune import Base, load_base, make_plan
from tunewright.pipeline.journal import Journal, Listener, Stop, open_journal
from tunewright.pipeline.prepare import Prepared, prepare
from tunewright.planning import Forecast, forecast_training
from tunewright.planning.memory import SURE, Estimate, in_gigabytes, parse_bytes
from tunewright.planning.needs import Fit, Needs, largest_that_fits, measure_needs
from tunewright.recipe import Recipe, build_recipe, load_recipe
from tunewright.runtime import PeakMemory, World, available_bytes, peak_memory_bytes, prepare_machine
from tunewright.train import FitPlan

ANSWERED_ROWS = 64
"""Of the validation split, its longest: answering them in one go takes as much memory as it gets."""
GENERATED_ROWS = 8
SAVERS: tuple[tuple[str, ...], ...] = (
    (), ("train.gradient_checkpointing=true",), ("adapter.name=lora",),
    ("adapter.name=lora", "train.gradient_checkpointing=true"),
)  # fmt: skip
"""What is proposed where memory does not do, in the order of what it changes: the second costs time, the others the result."""
SLACK = 0.9
"""Of the memory of a card that may be used: the system and fragments take the rest."""
CHECKPOINTS, BEST = 2, 2
"""Kept at once, at most; and weights that were best."""


def forecast_recipe(
    recipe: str | Path | Recipe, *, overrides: Sequence[str] = (), card: str | None = None, memory: str | None = None,
    listener: Listener | None = None, stop: Stop | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Time, memory and disk as plain values, and what to change where it does not fit.

    `card` is the memory of a GPU that is not here, such as `24GB`; `memory` what may be used of this machine's, by default
    all that is free. Raises RecipeError for an amount that is none, and for a recipe without a model.
    """
    asked = recipe if isinstance(recipe, Recipe) else load_recipe(Path(recipe), overrides=overrides)
    limit = parse_bytes(card) * SLACK if card else float(parse_bytes(memory)) if memory else float(available_bytes())
    with tempfile.TemporaryDirectory() as scratch:
        folder = RunFolder(Path(scratch))
        journal = open_journal(folder, world=World(), listener=listener, stop=stop)
        with journal.stage("plan"):
            resolved = decide(asked, folder, journal)
        if resolved.model.path == "none":
            raise RecipeError("without a model nothing is trained, so there is nothing to forecast: give `model.path`.")
        prepared = prepare(resolved, folder)
        before = peak_memory_bytes()
        with journal.stage("measure"):
            measured = measure(resolved, prepared, folder)
            value = described(measured, resolved, before=before)
        value |= _what_fits(measured, resolved, prepared, folder, journal, limit=limit, card=card)
        return value


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One way to train, tried out."""

    base: Base
    plan: FitPlan
    needs: Needs
    generation_bytes: int | None
    """Held at most while some of the longest rows were answered by writing; None where answers are no texts."""
    time: Forecast


def measure(recipe: Recipe, prepared: Prepared, folder: RunFolder) -> Measured:
    """Load the model and try it: some micro-batches, answers to the longest rows, some whole steps; no weight moves."""
    base = load_base(recipe, prepared, folder, machine=prepare_machine(recipe.runtime), world=World())
    train, validation = base.places("train"), base.places("validation")
    longest = validation[np.argsort(-base.store.lengths[validation], kind="stable")]
    plan = make_plan(base, recipe, train=train, validation=validation)
    needs = measure_needs(plan, answer=lambda model: base.teaching.validate(model, base.store, longest[:ANSWERED_ROWS]))
    generation = None
    if prepared.task.kind == "text":
        with PeakMemory(base.machine.device) as writing:
            base.teaching.answer(plan.model, base.store, longest[:GENERATED_ROWS], calibration=UNCALIBRATED)
        generation = writing.bytes
    return Measured(base=base, plan=plan, needs=needs, generation_bytes=generation, time=forecast_training(plan))


def described(measured: Measured, recipe: Recipe, *, before: int) -> dict[str, Any]:
    """What training as the recipe says takes here."""
    needs, time = measured.needs, measured.time
    training = _grown(needs.training, time)
    answering = float(needs.answering_bytes)
    evaluation = _grown(Estimate(bytes=answering, low=(1 - SURE) * answering, high=(1 + SURE) * answering), time)
    most = max(before, training.bytes, evaluation.bytes, measured.generation_bytes or 0)
    process = Estimate(
        bytes=most, low=max(before, training.low, evaluation.low), high=max(before, training.high, evaluation.high)
    )
    generation = None if measured.generation_bytes is None else measured.generation_bytes / 1e9
    return {
        "source": recipe.data.path, "model": measured.base.local.name, "device": measured.base.machine.device.type,
        "parameters": measured.base.local.num_parameters, "adapter": recipe.adapter.name,
        "time": {name: value for name, value in asdict(time).items() if not name.endswith("gigabytes")},
        "memory": {
            "unit": "GB", "before": before / 1e9, "training": in_gigabytes(training),
            "evaluation": in_gigabytes(evaluation), "generation": generation, "process": in_gigabytes(process),
        },
        "parts": {
            "weights": needs.held_bytes / 1e9, "gradients": needs.trained_bytes / 1e9,
            "optimizer": needs.optimizer_bytes / 1e9,
            "kept_for_backward": None if needs.kept is None else needs.kept.at(needs.largest).bytes / 1e9,
        },
        "tried": [
            {
                "tokens": one.shape.tokens, "length": one.shape.length, "rows": one.measured.rows,
                "peak": one.measured.peak_bytes / 1e9, "kept": one.measured.saved_bytes / 1e9,
            }
            for one in needs.tried
        ],
        "largest": asdict(needs.largest), "disk": _disk(measured),
    }  # fmt: skip


def _grown(estimate: Estimate, time: Forecast) -> Estimate:
    """With the holes that are left between tensors in the course of training; how many is known only roughly."""
    growth = 1e9 * time.growth_gigabytes
    return Estimate(bytes=estimate.bytes + growth, low=estimate.low, high=estimate.high + 2 * growth)


def _disk(measured: Measured) -> dict[str, float]:
    """Gigabytes while training and afterwards: weights to the byte, the rest as it stands in the folder now."""
    needs, local = measured.needs, measured.base.local
    tokenizer = sum(
        path.stat().st_size for path in local.folder.iterdir() if path.is_file() and path not in local.checked.weights
    )
    model = needs.weight_bytes + tokenizer
    checkpoints = CHECKPOINTS * (needs.trained_bytes + needs.optimizer_bytes) + BEST * needs.trained_bytes
    store = sum(path.stat().st_size for path in measured.base.store.path.rglob("*") if path.is_file())
    return {"training": (checkpoints + store) / 1e9, "afterwards": model / 1e9}


def _what_fits(
    measured: Measured, resolved: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal, *, limit: float,
    card: str | None,
) -> dict[str, Any]:  # fmt: skip
    """Whether the recipe fits, and the largest micro-batches that do; if none do, what else to change."""
    needs = measured.needs
    if card and needs.kept is None:
        raise RecipeError(
            "what the forward pass keeps could not be counted for this model, so nothing can be said of a card."
        )
    estimate = needs.on_card(needs.largest) if card else _grown(needs.training, measured.time)
    proposal = None
    for savers in SAVERS:
        if savers:
            recipe = build_recipe(resolved.model_dump(mode="json"), overrides=savers, where="a proposal")
            with journal.stage("measure"):
                try:
                    measured = measure(recipe, prepared, folder)
                except RecipeError:
                    continue  # not every architecture can do it
        fit = largest_that_fits(measured.needs, measured.plan, memory=limit, on_card=card is not None)
        if fit is not None:
            proposal = _proposed(fit, savers)
            break
    return {
        "limit": limit / 1e9, "card": None if card is None else {"size": card, "memory": in_gigabytes(estimate)},
        "fits": estimate.high <= limit, "proposal": proposal,
    }  # fmt: skip


def _proposed(fit: Fit, savers: Sequence[str]) -> dict[str, Any]:
    return {
        "overrides": [*savers, f"batching.max_tokens={fit.max_tokens}"], "largest": asdict(fit.largest),
        "memory": in_gigabytes(fit.estimate),
    }  # fmt: skip

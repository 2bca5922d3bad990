"""`tunewright forecast RECIPE`: what a run will take of time, memory and disk, and the largest batches that fit. Trains nothing.

forecast = forecast_recipe("recipe.yaml", card="24GB")
forecast["memory"]["training"], forecast["time"], forecast["proposal"]
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder
from tunewright.pipeline.decide import decide
from tunewright.pipeline.journal import Listener, Stop, open_journal
from tunewright.pipeline.prepare import Prepared, prepare
from tunewright.pipeline.tryout import Proposal, Tryout, propose, try_out
from tunewright.planning.memory import SURE, Estimate, in_gigabytes, parse_bytes
from tunewright.recipe import Recipe, load_recipe
from tunewright.runtime import World, peak_memory_bytes, usable_bytes

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
    given = card or memory
    most = None if given is None else parse_bytes(given)
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
            tried = try_out(resolved, prepared, folder)
            value = described(tried, resolved, before=before)
        limit = usable_bytes(tried.base.machine.device) if most is None else most * SLACK if card else most
        value |= _what_fits(tried, resolved, prepared, folder, limit=limit, card=card)
        return value


def described(tried: Tryout, recipe: Recipe, *, before: int) -> dict[str, Any]:
    """What training as the recipe says takes here; `before` are the bytes that preparing the rows has taken."""
    needs, time, local = tried.needs, tried.time, tried.base.local
    answering = float(needs.answering_bytes)
    training = tried.training
    evaluation = tried.grown(Estimate(bytes=answering, low=(1 - SURE) * answering, high=(1 + SURE) * answering))
    generation = tried.generation_bytes or 0
    process = Estimate(
        bytes=max(before, training.bytes, evaluation.bytes, generation), low=max(before, training.low, evaluation.low),
        high=max(before, training.high, evaluation.high, generation),
    )  # fmt: skip
    return {
        "source": recipe.data.path, "model": local.name, "device": tried.base.machine.device.type,
        "parameters": local.num_parameters, "adapter": recipe.adapter.name,
        "time": {name: value for name, value in asdict(time).items() if not name.endswith("gigabytes")},
        "memory": {
            "unit": "GB", "before": before / 1e9, "training": in_gigabytes(training), "evaluation": in_gigabytes(evaluation),
            "generation": generation / 1e9 if generation else None, "process": in_gigabytes(process),
        },
        "parts": {
            "weights": needs.held_bytes / 1e9, "gradients": needs.trained_bytes / 1e9,
            "optimizer": needs.optimizer_bytes / 1e9,
            "kept_for_backward": None if needs.kept is None else needs.kept.at(needs.largest).bytes / 1e9,
            "growth": time.growth_gigabytes,
        },
        "tried": [
            {
                "tokens": one.shape.tokens, "length": one.shape.length, "rows": one.measured.rows,
                "peak": one.measured.peak_bytes / 1e9, "kept": one.measured.saved_bytes / 1e9,
            }
            for one in needs.tried
        ],
        "largest": asdict(needs.largest), "disk": _disk(tried),
    }  # fmt: skip


def _disk(tried: Tryout) -> dict[str, float]:
    """Gigabytes while training and afterwards: weights to the byte, the rest as it stands in the folder now."""
    needs, local = tried.needs, tried.base.local
    tokenizer = sum(
        path.stat().st_size for path in local.folder.iterdir() if path.is_file() and path not in local.checked.weights
    )
    model = needs.weight_bytes + tokenizer
    checkpoints = CHECKPOINTS * (needs.trained_bytes + needs.optimizer_bytes) + BEST * needs.trained_bytes
    store = sum(path.stat().st_size for path in tried.base.store.path.rglob("*") if path.is_file())
    return {"training": (checkpoints + store) / 1e9, "afterwards": model / 1e9}


def _what_fits(
    tried: Tryout, recipe: Recipe, prepared: Prepared, folder: RunFolder, *, limit: float, card: str | None
) -> dict[str, Any]:
    """Whether the recipe fits, and the largest micro-batches that do; if none do, what else to change."""
    if card and tried.needs.kept is None:
        raise RecipeError(
            "what the forward pass keeps could not be counted for this model, so nothing can be said of a card."
        )
    estimate = tried.needs.on_card(tried.needs.largest) if card else tried.training
    proposal = propose(tried, recipe, prepared, folder, memory=limit, on_card=card is not None)
    return {
        "limit": limit / 1e9, "card": None if card is None else {"size": card, "memory": in_gigabytes(estimate)},
        "fits": estimate.high <= limit, "proposal": None if proposal is None else _proposed(proposal),
    }  # fmt: skip


def _proposed(proposal: Proposal) -> dict[str, Any]:
    return {
        "overrides": list(proposal.overrides), "largest": asdict(proposal.fit.largest),
        "memory": in_gigabytes(proposal.fit.estimate),
    }  # fmt: skip

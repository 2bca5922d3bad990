"""One fine-tune that is judged by the validation rows alone: what search, halving and learning curves are made of.

A trial has a folder. Killed, it goes on from its checkpoint there; finished, it is read and not done again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tunewright.core.errors import ModelError
from tunewright.core.events import Event, EventLog, current_events, read_events
from tunewright.core.folder import RunFolder, discard, read_json, write_json
from tunewright.core.lock import held
from tunewright.core.text import digest
from tunewright.evaluate import write_predictions
from tunewright.metrics import METRICS
from tunewright.pipeline.decide import decide_data, decide_fit, decide_machine
from tunewright.pipeline.decisions import Decisions
from tunewright.pipeline.fine_tune import Base, Rows, answer, finish_model, load_base, make_plan
from tunewright.pipeline.journal import Journal, Stop
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.rows import without_test
from tunewright.recipe import Recipe, build_recipe
from tunewright.runtime import World, prepare_machine
from tunewright.train import fit

Watch = Callable[[float, float], None]
"""Told the epoch and the value of the metric after each evaluation; may raise to end the trial."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a fine-tune reached on the validation rows, by the weights that were best there."""

    metric: str
    value: float
    """Of the best weights."""
    loss: float
    """Of the same weights: the mean over the validation rows."""
    best_epoch: float
    epochs: float
    """Passes over the training rows that were made."""
    curve: tuple[tuple[float, float], ...]
    """Epoch and value at each evaluation."""
    num_rows: int
    """Trained on."""
    seconds: float
    """Of training and its evaluations, over all attempts."""

    @property
    def rank_key(self) -> tuple[float, float]:
        """Larger is better: by the metric, and at equal metric by the smaller loss."""
        sign = 1.0 if METRICS[self.metric].higher_is_better else -1.0
        return sign * self.value, -self.loss


def open_recipe(asked: Recipe, folder: RunFolder, journal: Journal) -> tuple[Recipe, Prepared]:
    """What all trials share, decided and written to the folder: columns, task and machine; and the rows without the test split.

    How a model is trained is left as open as it was asked for: a trial that changes one setting may decide another anew.
    """
    decisions = Decisions(journal)
    recipe, prepared = decide_data(asked, folder, decisions)
    recipe = recipe.model_copy(update={"runtime": decide_machine(recipe.runtime, decisions)})
    return recipe, without_test(prepared)


def resolve_trial(recipe: Recipe, prepared: Prepared, *, overrides: Sequence[str] = ()) -> Recipe:
    """An open recipe with a trial's `key=value`, and what follows from them: lengths, epochs, rates.

    Raises RecipeError where a setting is refused, ModelError where the model can't be had or can't read the texts.
    """
    tree = recipe.model_dump(mode="json", exclude_unset=True)
    if any(override.startswith("model.path=") for override in overrides):
        tree["model"] = {}  # revision and digest are those of the other model
    quiet = Decisions(Journal(events=EventLog(None), stop=lambda: None, world=World()))
    resolved, local = decide_fit(build_recipe(tree, overrides=overrides, where="a trial"), prepared, quiet)
    if local is None:
        raise ModelError(
            f"`{resolved.model.path}` is no model to fine-tune for these texts; give another as `model.path`."
        )
    return resolved


def try_recipe(
    recipe: Recipe, prepared: Prepared, folder: RunFolder, *, stores: Path, train: Rows | None = None,
    watch: Watch | None = None, stop: Stop = lambda: None,
) -> Trial:  # fmt: skip
    """Fine-tune as a resolved recipe says, and answer the validation rows; writes their predictions and trial.json.

    `prepared` comes from `without_test`: a trial can't look at what it is not given. `train` are the places of the rows to
    train on, where that is not the whole train split. Trials share the encoded rows in `stores`. `watch` is told of the
    evaluations of earlier attempts as well.

    Raises StoppedBySignal when `stop()` returns a signal; the same call then goes on.
    """
    assert not len(prepared.places("test")), "a trial is never given the test rows"
    with held(folder.path / "lock"):  # two workers may have drawn the same settings
        if not folder.trial.exists():
            write_json(folder.trial, asdict(_tried(recipe, prepared, folder, stores, train, watch, stop)))
            discard(folder.checkpoints)
    return read_trial(folder)


def _tried(
    recipe: Recipe, prepared: Prepared, folder: RunFolder, stores: Path, train: Rows | None, watch: Watch | None,
    stop: Stop,
) -> Trial:  # fmt: skip
    base = _load_base(recipe, prepared, stores)
    rows, validation = base.places("train") if train is None else train, base.places("validation")
    plan = make_plan(base, recipe, train=rows, validation=validation)

    def listen(event: Event) -> None:
        if watch is not None and event["kind"] == "evaluated":
            watch(event["epoch"], event["value"])

    for event in current_events(folder.events):
        listen(event)
    events = EventLog(folder.events, listeners=(listen,))
    fitted = fit(plan, checkpoints=folder.checkpoints, events=events, stop=stop)
    finish_model(base, recipe, plan.model)
    write_predictions(answer(base, plan.model, validation), folder.predictions("model", "validation"))
    events.emit("trial_finished")
    best = fitted.progress.best
    assert best is not None, "validation rows were given, so they were looked at"
    per_epoch = fitted.length.steps_per_epoch
    return Trial(
        metric=best.metric, value=best.value, loss=best.loss, best_epoch=best.step / per_epoch,
        epochs=fitted.progress.step / per_epoch,
        curve=tuple((one.step / per_epoch, one.value) for one in fitted.progress.evaluations),
        num_rows=len(rows), seconds=_seconds(folder),
    )  # fmt: skip


def read_trial(folder: RunFolder) -> Trial:
    """A finished trial."""
    found = read_json(folder.trial)
    return Trial(**found | {"curve": tuple((epoch, value) for epoch, value in found["curve"])})


def _load_base(recipe: Recipe, prepared: Prepared, stores: Path) -> Base:
    """Model, tokenizer and encoded rows; each way of encoding has a folder, made by the first trial that needs it."""
    machine = prepare_machine(recipe.runtime)
    said = recipe.model_dump(mode="json", include={"model", "encode", "task", "loss"})
    folder = RunFolder(stores / digest(prepared.fingerprint, json.dumps(said, sort_keys=True)))
    with held(folder.path / "lock"):
        return load_base(recipe, prepared, folder, machine=machine, world=World())


def _seconds(folder: RunFolder) -> float:
    """From the first to the last event of each attempt."""
    times: dict[int, list[float]] = {}
    for event in read_events(folder.events):
        times.setdefault(event["attempt"], []).append(event["time"])
    return sum(max(of_attempt) - min(of_attempt) for of_attempt in times.values())

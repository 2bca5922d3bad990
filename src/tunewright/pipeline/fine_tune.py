"""The pretrained model meets the rows: encode, load, train, and answer each row that was not trained on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from tunewright.batching import TokenStore
from tunewright.core.errors import ModelError
from tunewright.core.folder import RunFolder, write_json, writing
from tunewright.core.text import digest
from tunewright.evaluate import (
    Predictions,
    from_logits,
    read_predictions,
    value_of,
    write_predictions,
)
from tunewright.evaluate.predict import Outputs, predict_rows
from tunewright.losses import LOSSES, LossSettings
from tunewright.metrics import METRICS
from tunewright.models.features import pooled_features
from tunewright.models.load import load_classifier, load_features_model, resolve
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import Tokenizer, load_tokenizer
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration, calibrate
from tunewright.pipeline.encode import encode_rows
from tunewright.pipeline.journal import Journal, Stop
from tunewright.pipeline.prepare import Prepared
from tunewright.planning import forecast_training
from tunewright.recipe import Recipe
from tunewright.runtime import Machine, World
from tunewright.tasks.regression import Scale
from tunewright.train import FitPlan, Fitted, TrainConfig, fit, weights_digest

Rows = npt.NDArray[np.int64]
MERGE_PROBE_ROWS = 8
MERGE_TOLERANCE = 1e-4
"""In logits, relative to the largest: two ways to the same sum in float32."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """A pretrained model, its tokenizer and the encoded rows: what each fit of a run starts from."""

    local: LocalModel
    tokenizer: Tokenizer
    store: TokenStore
    scale: Scale | None
    """Of the numbers to be learned, for regression."""
    machine: Machine
    world: World


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """A fine-tuned model."""

    base: Base
    model: torch.nn.Module
    fitted: Fitted
    calibration: Calibration
    milliseconds_per_row: float
    """To answer one row, measured on the test split in batches."""
    digest: str
    """Of all its weights."""


def load_base(recipe: Recipe, prepared: Prepared, folder: RunFolder, *, machine: Machine, world: World) -> Base:
    """Resolve the model and encode all rows into the token store (or take the store that is there).

    Of several ranks, the first one does this before the others, which find model and store in their places.
    """
    assert recipe.model.path is not None
    local = resolve(recipe.model.path, revision=recipe.model.revision)
    tokenizer = load_tokenizer(local)
    train = prepared.places("train")
    scale = None
    if prepared.task.kind == "regression":
        scale = Scale.of(np.array([float(prepared.answers[i]) for i in train]))
    settings = recipe.model_dump(mode="json", include={"encode", "task", "loss"})
    key = digest(prepared.fingerprint, local.weights_digest, json.dumps(settings, sort_keys=True), repr(scale))
    store = TokenStore.open(folder.store, key=key)
    if store is None:
        examples = encode_rows(tokenizer, prepared, config=recipe.encode, loss=loss_of(recipe, prepared), scale=scale)
        store = TokenStore.build(folder.store, examples, key=key)
    return Base(local=local, tokenizer=tokenizer, store=store, scale=scale, machine=machine, world=world)


def features_of(base: Base) -> Callable[[], npt.NDArray[np.float32]]:
    """Makes mean-pooled features of every row from the model as it came, for the frozen baseline."""
    return lambda: pooled_features(load_features_model(base.local), base.store, device=base.machine.device)


def fine_tune(base: Base, recipe: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal) -> Tuned:
    """Forecast, train with checkpoints, keep the best, and write predictions for validation, test and unlabelled rows."""
    train, validation = prepared.places("train"), prepared.places("validation")
    plan = make_plan(base, recipe, prepared, train=train, validation=validation)
    if not base.world.from_first(folder.forecast.exists):
        forecast = forecast_training(plan)
        base.world.from_first(lambda: write_json(folder.forecast, asdict(forecast)))
        journal.events.emit("forecast", **asdict(forecast))
        # The measured steps moved nothing, but a fresh model is cheaper than an argument about it.
        plan = make_plan(base, recipe, prepared, train=train, validation=validation)
    fitted = fit(plan, checkpoints=folder.checkpoints, events=journal.events, stop=journal.stop)
    base.world.from_first(lambda: _save_adapter(base, recipe, plan.model, folder))
    finish_model(base, recipe, prepared, plan.model)
    calibration, milliseconds = base.world.from_first(lambda: _answer_all(base, recipe, prepared, folder, plan.model))
    return Tuned(
        base=base, model=plan.model, fitted=fitted, calibration=calibration, milliseconds_per_row=milliseconds,
        digest=weights_digest(plan.model.state_dict()),
    )  # fmt: skip


def _answer_all(
    base: Base, recipe: Recipe, prepared: Prepared, folder: RunFolder, model: torch.nn.Module
) -> tuple[Calibration, float]:
    """Calibrate on validation, write predictions for every row that was not trained on; also the milliseconds a row."""
    calibration = calibrate(recipe, answer(base, recipe, prepared, model, prepared.places("validation")))
    for split in (None, "validation", "test"):
        places = prepared.places(split)
        if len(places):
            began = time.perf_counter()
            predictions = answer(base, recipe, prepared, model, places, calibration=calibration)
            seconds = time.perf_counter() - began
            write_predictions(predictions, folder.predictions("model", split or "unlabelled"))
    return calibration, 1000 * seconds / len(places)


def cross_validate(tuned: Tuned, recipe: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal) -> None:
    """Small data: predict each labelled row by a model that has not seen it, with as many steps as were best.

    Each fold is written when it is done, so an interrupted run repeats one fold at most.
    """
    settings = recipe.evaluate.cross_validation
    world = tuned.base.world
    labelled = prepared.labelled()
    whole = folder.predictions("model_cv", "cv")
    if world.from_first(whole.exists):
        return
    fold_of = prepared.folds(labelled, k=settings.folds, seed=recipe.split.seed)
    paths = [folder.predictions(f"model_cv_{fold}", "cv") for fold in range(settings.folds)]
    for fold, path in enumerate(paths):
        if not world.from_first(path.exists):
            held_out = labelled[fold_of == fold]
            model = fit_again(tuned, recipe, prepared, rows=labelled[fold_of != fold], stop=journal.stop)
            world.from_first(partial(_write_fold, tuned, recipe, prepared, model, held_out, path))
            journal.events.emit("fold_finished", fold=fold, folds=settings.folds)
            journal.heed_signal()
    world.from_first(lambda: _join_folds(paths, whole))


def _write_fold(
    tuned: Tuned, recipe: Recipe, prepared: Prepared, model: torch.nn.Module, held_out: Rows, path: Path
) -> None:
    write_predictions(answer(tuned.base, recipe, prepared, model, held_out, calibration=tuned.calibration), path)


def _join_folds(paths: list[Path], whole: Path) -> None:
    parts = [read_predictions(path) for path in paths]
    table = pa.concat_tables([part.table for part in parts])
    write_predictions(Predictions(table=table, kind=parts[0].kind, labels=parts[0].labels), whole)


def refit_on_all(tuned: Tuned, recipe: Recipe, prepared: Prepared, journal: Journal) -> Tuned:
    """The final model trained on all labelled rows, for as many passes as were best on the training rows alone."""
    model = fit_again(tuned, recipe, prepared, rows=prepared.labelled(), stop=journal.stop)
    return replace(tuned, model=model, digest=weights_digest(model.state_dict()))


def fit_again(tuned: Tuned, recipe: Recipe, prepared: Prepared, *, rows: Rows, stop: Stop) -> torch.nn.Module:
    """A model trained from the start on other rows, for as many passes as gave the best weights of `tuned`."""
    passes = tuned.fitted.best_step / tuned.fitted.length.steps_per_epoch
    plan = make_plan(tuned.base, recipe, prepared, train=rows, validation=None, passes=passes)
    fit(plan, checkpoints=None, stop=stop)
    finish_model(tuned.base, recipe, prepared, plan.model)
    return plan.model


def make_plan(
    base: Base, recipe: Recipe, prepared: Prepared, *, train: Rows, validation: Rows | None, passes: float | None = None
) -> FitPlan:
    """A fit of a freshly loaded model on some rows."""
    task = prepared.task
    loaded = load_classifier(
        base.local, labels=prepared.labels, kind=task.kind, seed=recipe.train.seed, pad_id=base.tokenizer.pad_id
    )
    model = recipe.adapter.attach(loaded.model.to(base.machine.device), seed=recipe.train.seed)
    loss = loss_of(recipe, prepared)
    metric = primary_metric(recipe, prepared)
    settings: TrainConfig = recipe.train
    if passes is not None:
        settings = settings.model_copy(update={"epochs": passes, "steps": None})

    def evaluate(trained: torch.nn.Module) -> tuple[float, float]:
        assert validation is not None
        return _validate(base, recipe, prepared, trained, validation, loss, metric)

    return FitPlan(
        model=model,
        adapter=recipe.adapter,
        objective=lambda m, batch: task.objective(m, batch, loss),
        store=base.store,
        rows=train,
        pad_id=base.tokenizer.pad_id,
        evaluate=evaluate if validation is not None and len(validation) else None,
        num_evaluation_rows=len(validation) if validation is not None else 0,
        metric=metric,
        higher_is_better=METRICS[metric].higher_is_better,
        train=settings,
        optimizer=recipe.optimizer,
        schedule=recipe.schedule,
        batching=recipe.batching,
        machine=base.machine,
        world=base.world,
    )


def answer(
    base: Base, recipe: Recipe, prepared: Prepared, model: torch.nn.Module, places: Rows, *,
    calibration: Calibration = UNCALIBRATED,
) -> Predictions:  # fmt: skip
    """What a finished model says of some rows."""
    outputs = _outputs(base, recipe, prepared, model, places)
    return from_logits(
        [prepared.row_ids[i] for i in places],
        kind=prepared.task.kind,
        labels=prepared.labels,
        gold=[prepared.answers[i] for i in places],
        logits_NC=outputs.logits,
        temperature=calibration.temperature,
        thresholds=0.5 if calibration.thresholds is None else calibration.thresholds,
        weight=base.store.weights[places].tolist(),
    )


def finish_model(base: Base, recipe: Recipe, prepared: Prepared, model: torch.nn.Module) -> None:
    """Make a trained model say final answers: adapters merged, numbers back in their own scale.

    Raises ModelError if the merged model does not answer as the trained one did.
    """
    rows = np.arange(min(MERGE_PROBE_ROWS, len(base.store)))
    attached = _outputs(base, recipe, prepared, model, rows).logits
    recipe.adapter.merge(model)
    difference = np.abs(_outputs(base, recipe, prepared, model, rows).logits - attached).max()
    if not difference <= MERGE_TOLERANCE * max(1.0, np.abs(attached).max()):
        raise ModelError(
            f"The adapter `{recipe.adapter.name}` can't be merged into {base.local.name}: its logits would change by "
            f"{difference:.2g} on {len(rows)} rows. Train with `adapter: {{name: full}}`, or with fewer `adapter.targets`."
        )
    if base.scale:
        base.scale.fold_into(model)


def _save_adapter(base: Base, recipe: Recipe, model: torch.nn.Module, folder: RunFolder) -> None:
    """What was trained by itself, in peft's format, beside the merged model; nothing where the adapter is no such thing."""
    if recipe.adapter.stands_alone:
        with writing(folder.adapter) as aside:
            recipe.adapter.save(model, aside, base_model=base.local.reference)


def _outputs(
    base: Base,
    recipe: Recipe,
    prepared: Prepared,
    model: torch.nn.Module,
    rows: Rows,
    *,
    loss: LossSettings | None = None,
) -> Outputs:
    """What the model says of some rows, as it says it; with a loss, how wrong that is."""
    return predict_rows(
        model, base.store, rows,
        logits=prepared.task.logits, loss=loss.per_row if loss else None, pad_id=base.tokenizer.pad_id,
        batching=recipe.batching, machine=base.machine,
    )  # fmt: skip


def loss_of(recipe: Recipe, prepared: Prepared) -> LossSettings:
    """The recipe's loss, or the task's own."""
    return recipe.loss or LOSSES[prepared.task.default_loss]()


def primary_metric(recipe: Recipe, prepared: Prepared) -> str:
    """What early stopping watches and comparisons are about."""
    if recipe.evaluate.metric:
        return recipe.evaluate.metric
    if prepared.task.kind == "single_label":
        answers = [prepared.answers[i] for i in prepared.places("train")]
        _, counts = np.unique(np.array(answers, dtype=object).astype(str), return_counts=True)
        if counts.max() > 4 * counts.min():
            return "macro_f1"
    return prepared.task.primary_metric


def _validate(
    base: Base,
    recipe: Recipe,
    prepared: Prepared,
    model: torch.nn.Module,
    places: Rows,
    loss: LossSettings,
    metric: str,
) -> tuple[float, float]:
    outputs = _outputs(base, recipe, prepared, model, places, loss=loss)
    assert outputs.losses is not None
    logits = outputs.logits
    if base.scale:
        logits = logits * base.scale.deviation + base.scale.mean
    predictions = from_logits(
        [prepared.row_ids[i] for i in places], kind=prepared.task.kind, labels=prepared.labels,
        gold=[prepared.answers[i] for i in places], logits_NC=logits,
    )  # fmt: skip
    value = value_of(predictions, metric)
    return float("-inf") if value is None else value, float(outputs.losses.mean())

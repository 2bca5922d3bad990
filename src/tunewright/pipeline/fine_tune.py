"""The pretrained model meets the rows: encode, load, train, and answer each row that was not trained on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from tunewright.adapters.folder import AboutAdapter
from tunewright.batching import TokenStore
from tunewright.core.errors import DataError, ModelError
from tunewright.core.folder import RunFolder, write_json, writing
from tunewright.core.text import digest
from tunewright.data.ledger import add_stage
from tunewright.evaluate import Predictions, read_predictions, write_predictions
from tunewright.metrics import METRICS
from tunewright.models.checkpointing import keep_no_activations
from tunewright.models.features import pooled_features
from tunewright.models.load import load_features_model, resolve
from tunewright.models.local import LocalModel
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration, calibrate
from tunewright.pipeline.journal import Journal, Stop
from tunewright.pipeline.prepare import SPLITS, Prepared
from tunewright.pipeline.teaching import Teaching, teaching_of
from tunewright.planning import forecast_training
from tunewright.recipe import Recipe
from tunewright.runtime import Machine, World
from tunewright.train import FitPlan, Fitted, TrainConfig, fit, weights_digest

Rows = npt.NDArray[np.int64]
MERGE_PROBE_ROWS = 8
MERGE_TOLERANCE = 1e-4
"""In logits, relative to the largest: two ways to the same sum in float32."""


@dataclass(frozen=True, kw_only=True)
class Base:
    """A pretrained model, how it is taught, and the encoded rows: what each fit of a run starts from."""

    teaching: Teaching
    store: TokenStore
    machine: Machine
    world: World

    @property
    def local(self) -> LocalModel:
        """The pretrained model."""
        return self.teaching.local

    def places(self, split: str | None) -> Rows:
        """Indices of the rows of a split that can be taught or asked; None: those without an answer."""
        return self.teaching.places(self.store, split)

    def labelled(self) -> Rows:
        """Indices of all rows of the three splits."""
        return np.sort(np.concatenate([self.places(name) for name in SPLITS]))


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
    teaching = teaching_of(local, recipe, prepared, machine=machine)
    key = digest(prepared.fingerprint, local.weights_digest, teaching.key())
    store = TokenStore.open(folder.store, key=key)
    if store is None:
        encoding = teaching.encode()
        gone = sum(entry.action == "dropped" for entry in encoding.entries)
        add_stage(
            "encode",  read=len(prepared.rows), kept=len(prepared.rows) - gone, entries=encoding.entries,
            ledger_path=folder.ledger, account_path=folder.account,
        )  # fmt: skip
        store = TokenStore.build(folder.store, encoding.examples, key=key)
    base = Base(teaching=teaching, store=store, machine=machine, world=world)
    for split in SPLITS:
        if len(prepared.places(split)) and not len(base.places(split)):
            raise DataError(
                f"the {split} split has no row that {local.name} can be taught: of {len(prepared.places(split))} rows each is too "
                f"long or has nothing to learn. {folder.ledger} says why, row by row (stage `encode`)."
            )
    return base


def features_of(base: Base) -> Callable[[], npt.NDArray[np.float32]]:
    """Makes mean-pooled features of every row from the model as it came, for the frozen baseline."""
    return lambda: pooled_features(
        load_features_model(base.local), base.teaching.plain(base.store), device=base.machine.device
    )


def fine_tune(base: Base, recipe: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal) -> Tuned:
    """Forecast, train with checkpoints, keep the best, and write predictions for validation, test and unlabelled rows."""
    train, validation = base.places("train"), base.places("validation")
    plan = make_plan(base, recipe, train=train, validation=validation)
    if not base.world.from_first(folder.forecast.exists):
        forecast = forecast_training(plan)
        base.world.from_first(lambda: write_json(folder.forecast, asdict(forecast)))
        journal.events.emit("forecast", **asdict(forecast))
        # The measured steps moved nothing, but a fresh model is cheaper than an argument about it.
        plan = make_plan(base, recipe, train=train, validation=validation)
    fitted = fit(plan, checkpoints=folder.checkpoints, events=journal.events, stop=journal.stop)
    finish_model(base, recipe, plan.model, adapter=folder.adapter)
    calibration, milliseconds = base.world.from_first(lambda: _answer_all(base, recipe, folder, plan.model))
    return Tuned(
        base=base, model=plan.model, fitted=fitted, calibration=calibration, milliseconds_per_row=milliseconds,
        digest=weights_digest(plan.model.state_dict()),
    )  # fmt: skip


def _answer_all(base: Base, recipe: Recipe, folder: RunFolder, model: torch.nn.Module) -> tuple[Calibration, float]:
    """Calibrate on validation, write predictions for every row that was not trained on; also the milliseconds a row."""
    calibration = calibrate(recipe, answer(base, model, base.places("validation")))
    for split in (None, "validation", "test"):
        places = base.places(split)
        if len(places):
            began = time.perf_counter()
            predictions = answer(base, model, places, calibration=calibration)
            seconds = time.perf_counter() - began
            write_predictions(predictions, folder.predictions("model", split or "unlabelled"))
    return calibration, 1000 * seconds / len(places)


def cross_validate(tuned: Tuned, recipe: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal) -> None:
    """Small data: predict each labelled row by a model that has not seen it, with as many steps as were best.

    Each fold is written when it is done, so an interrupted run repeats one fold at most.
    """
    settings = recipe.evaluate.cross_validation
    world = tuned.base.world
    labelled = tuned.base.labelled()
    whole = folder.predictions("model_cv", "cv")
    if world.from_first(whole.exists):
        return
    fold_of = prepared.folds(labelled, k=settings.folds, seed=recipe.split.seed)
    paths = [folder.predictions(f"model_cv_{fold}", "cv") for fold in range(settings.folds)]
    for fold, path in enumerate(paths):
        if not world.from_first(path.exists):
            held_out = labelled[fold_of == fold]
            model = fit_again(tuned, recipe, rows=labelled[fold_of != fold], stop=journal.stop)
            world.from_first(partial(_write_fold, tuned, model, held_out, path))
            journal.events.emit("fold_finished", fold=fold, folds=settings.folds)
            journal.heed_signal()
    world.from_first(lambda: _join_folds(paths, whole))


def _write_fold(tuned: Tuned, model: torch.nn.Module, held_out: Rows, path: Path) -> None:
    write_predictions(answer(tuned.base, model, held_out, calibration=tuned.calibration), path)


def _join_folds(paths: list[Path], whole: Path) -> None:
    parts = [read_predictions(path) for path in paths]
    table = pa.concat_tables([part.table for part in parts])
    write_predictions(Predictions(table=table, kind=parts[0].kind, labels=parts[0].labels), whole)


def refit_on_all(tuned: Tuned, recipe: Recipe, journal: Journal) -> Tuned:
    """The final model trained on all labelled rows, for as many passes as were best on the training rows alone."""
    model = fit_again(tuned, recipe, rows=tuned.base.labelled(), stop=journal.stop)
    return replace(tuned, model=model, digest=weights_digest(model.state_dict()))


def fit_again(tuned: Tuned, recipe: Recipe, *, rows: Rows, stop: Stop) -> torch.nn.Module:
    """A model trained from the start on other rows, for as many passes as gave the best weights of `tuned`."""
    passes = tuned.fitted.best_step / tuned.fitted.length.steps_per_epoch
    plan = make_plan(tuned.base, recipe, train=rows, validation=None, passes=passes)
    fit(plan, checkpoints=None, stop=stop)
    finish_model(tuned.base, recipe, plan.model)
    return plan.model


def make_plan(
    base: Base, recipe: Recipe, *, train: Rows, validation: Rows | None, passes: float | None = None
) -> FitPlan:
    """A fit of a freshly loaded model on some rows."""
    teaching, store = base.teaching, base.store
    loaded = teaching.load(seed=recipe.train.seed)
    model = recipe.adapter.attach(loaded.to(base.machine.device), seed=recipe.train.seed, new_ids=teaching.new_ids)
    if recipe.train.gradient_checkpointing:
        keep_no_activations(model)
    settings: TrainConfig = recipe.train
    if passes is not None:
        settings = settings.model_copy(update={"epochs": passes, "steps": None})

    def evaluate(trained: torch.nn.Module) -> tuple[float, float]:
        assert validation is not None
        return teaching.validate(trained, store, validation)

    return FitPlan(
        model=model,
        adapter=recipe.adapter,
        objective=teaching.objective(model, store),
        store=store,
        rows=train,
        pad_id=teaching.tokenizer.pad_id,
        show=lambda trained: {} if validation is None else teaching.show(trained, store, validation),
        evaluate=evaluate if validation is not None and len(validation) else None,
        num_evaluation_rows=len(validation) if validation is not None else 0,
        metric=teaching.metric,
        higher_is_better=METRICS[teaching.metric].higher_is_better,
        train=settings,
        optimizer=recipe.optimizer,
        schedule=recipe.schedule,
        batching=recipe.batching,
        machine=base.machine,
        world=base.world,
        drawn=teaching.drawn(store),
    )


def answer(base: Base, model: torch.nn.Module, places: Rows, *, calibration: Calibration = UNCALIBRATED) -> Predictions:
    """What a finished model says of some rows."""
    return base.teaching.answer(model, base.store, places, calibration=calibration)


def finish_model(base: Base, recipe: Recipe, model: torch.nn.Module, *, adapter: Path | None = None) -> None:
    """Make a trained model say final answers: numbers back in their own scale, adapters merged.

    Where `adapter` is given, what was trained by itself is written to that folder before it is merged, if there is such a thing.
    Raises ModelError if the merged model does not answer as the trained one did.
    """
    base.teaching.finish(model)
    if adapter is not None and recipe.adapter.stands_alone:
        base.world.from_first(lambda: _save_adapter(base, recipe, model, adapter))
    rows = np.arange(min(MERGE_PROBE_ROWS, len(base.store)))
    attached = base.teaching.outputs(model, base.store, rows)
    recipe.adapter.merge(model)
    difference = np.abs(base.teaching.outputs(model, base.store, rows) - attached).max()
    if not difference <= MERGE_TOLERANCE * max(1.0, np.abs(attached).max()):
        raise ModelError(
            f"The adapter `{recipe.adapter.name}` can't be merged into {base.local.name}: its logits would change by "
            f"{difference:.2g} on {len(rows)} rows. Train with `adapter: {{name: full}}`, or with fewer `adapter.targets`."
        )


def _save_adapter(base: Base, recipe: Recipe, model: torch.nn.Module, folder: Path) -> None:
    """In peft's format, with the tokenizer and what `merge` has to know: which weights it belongs to, and what its head says."""
    with writing(folder) as aside:
        recipe.adapter.save(model, aside, base_model=base.local.reference)
        base.teaching.tokenizer.save(aside)
        about = AboutAdapter(
            head=base.teaching.head_kind, labels=base.teaching.head_labels, base_model=base.local.reference,
            base_revision=base.local.revision, base_digest=base.local.weights_digest,
            quantize=getattr(recipe.adapter, "quantize", None),
        )  # fmt: skip
        about.write(aside)

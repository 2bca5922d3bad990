"""What simple methods reach on the same rows: a fine-tuned model has to be better than these, or there was no need for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tunewright.bundle import is_bundle, read_about
from tunewright.core.folder import RunFolder, write_json, writing
from tunewright.evaluate import Predictions, from_answers, write_predictions
from tunewright.pipeline.calibrate import UNCALIBRATED, Calibration, calibrate
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.teaching.rows import predictions_of
from tunewright.probes import FrozenProbe, fit_frozen, fit_majority, fit_tfidf
from tunewright.probes.tfidf import TfidfProbe
from tunewright.recipe import Recipe
from tunewright.serve import load_labeller
from tunewright.tasks import ROW_TASKS

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def run_baselines(recipe: Recipe, prepared: Prepared, folder: RunFolder) -> None:
    """Majority, word counting, and today's own answers where a column has them: predictions for every split."""
    train = prepared.places("train")
    if not folder.predictions("majority", "test").exists():
        majority = fit_majority(_targets(prepared, train), kind=prepared.row_task.kind, labels=prepared.labels)
        _write(prepared, folder, "majority", lambda places: majority.logits(len(places)))
    if not folder.baseline_bundle.exists():
        probe = _fit_words(recipe, prepared, train)
        calibration = _calibrated(recipe, prepared, lambda places: _words(probe, prepared, places))
        _write(prepared, folder, "tfidf", lambda places: _words(probe, prepared, places), calibration)

        def held_out(rows: Rows, places: Rows) -> Floats:
            return _words(_fit_words(recipe, prepared, rows), prepared, places)

        _cross_validate(recipe, prepared, folder, "tfidf", held_out, calibration)
        with writing(folder.baseline_bundle) as aside:
            aside.mkdir()
            probe.save(aside)
    if "baseline" in prepared.rows.column_names:
        _write_answers(prepared, folder)


def run_frozen_baseline(
    recipe: Recipe, prepared: Prepared, folder: RunFolder, features: Callable[[], npt.NDArray[np.float32]]
) -> None:
    """Logistic regression on what the pretrained model makes of the texts, none of its weights moved.

    The head is kept, so that the two can be made a model of their own once it is known whether that is worth its size.
    """
    if folder.predictions("frozen", "test").exists():
        return
    began = time.perf_counter()
    features_NF = features()
    feature_seconds = time.perf_counter() - began

    def fit(rows: Rows) -> FrozenProbe:
        return fit_frozen(
            features_NF[rows], _targets(prepared, rows), kind=prepared.row_task.kind, labels=prepared.labels,
            config=recipe.probes.frozen,
        )  # fmt: skip

    began = time.perf_counter()
    probe = fit(prepared.places("train"))
    fit_seconds = time.perf_counter() - began
    with writing(folder.frozen_head) as aside:
        probe.save(aside)
        write_json(
            aside / "cost.json",
            {
                "training_seconds": round(fit_seconds, 1),
                "milliseconds_per_row": round(1000 * feature_seconds / len(features_NF), 2),
            },
        )
    calibration = _calibrated(recipe, prepared, lambda places: probe.logits(features_NF[places]))
    _cross_validate(
        recipe, prepared, folder, "frozen",
        lambda rows, places: fit(rows).logits(features_NF[places]), calibration,
    )  # fmt: skip
    _write(prepared, folder, "frozen", lambda places: probe.logits(features_NF[places]), calibration)


def run_earlier_model(recipe: Recipe, prepared: Prepared, folder: RunFolder) -> None:
    """The answers of the bundle that training goes on from: the new model has to be better than the one there was.

    A bundle of another kind of task (masked words, tags, texts) has no answers to these rows.
    """
    path = Path(recipe.model.path or "")
    if not is_bundle(path) or read_about(path).task not in ROW_TASKS or folder.predictions("earlier", "test").exists():
        return
    earlier = load_labeller(path)
    for split in ("validation", "test"):
        places = prepared.places(split)
        predictions = earlier.predictions(
            [prepared.row_ids[i] for i in places],
            [prepared.texts[i] for i in places],
            pairs=[prepared.pairs[i] for i in places] if prepared.pairs else None,
            gold=[prepared.answers[i] for i in places],
        )
        write_predictions(predictions, folder.predictions("earlier", split))


def _fit_words(recipe: Recipe, prepared: Prepared, rows: Rows) -> TfidfProbe:
    return fit_tfidf(
        [prepared.texts[i] for i in rows], _targets(prepared, rows), kind=prepared.row_task.kind, labels=prepared.labels,
        pairs=[prepared.pairs[i] for i in rows] if prepared.pairs else None, config=recipe.probes.tfidf,
    )  # fmt: skip


def _words(probe: TfidfProbe, prepared: Prepared, places: Rows) -> Floats:
    pairs = [prepared.pairs[i] for i in places] if prepared.pairs else None
    return probe.logits([prepared.texts[i] for i in places], pairs=pairs)


def _cross_validate(
    recipe: Recipe, prepared: Prepared, folder: RunFolder, system: str,
    held_out: Callable[[Rows, Rows], Floats], calibration: Calibration,
) -> None:  # fmt: skip
    """Small data: each labelled row answered by a baseline fitted without its fold; `held_out(rows, places)` fits and answers."""
    settings = recipe.evaluate.cross_validation
    labelled = prepared.labelled()
    if not settings.is_wanted(num_rows=len(labelled)):
        return
    fold_of = prepared.folds(labelled, k=settings.folds, seed=recipe.split.seed)
    parts = []
    for fold in range(settings.folds):
        places = labelled[fold_of == fold]
        logits_NC = held_out(labelled[fold_of != fold], places)
        parts.append(predictions_of(prepared, places, logits_NC, calibration).table)
    whole = Predictions(table=pa.concat_tables(parts), kind=prepared.row_task.kind, labels=tuple(prepared.labels))
    write_predictions(whole, folder.predictions(f"{system}_cv", "cv"))


def _calibrated(recipe: Recipe, prepared: Prepared, logits: Callable[[Rows], Floats]) -> Calibration:
    validation = prepared.places("validation")
    return calibrate(recipe, predictions_of(prepared, validation, logits(validation)))


def _write(
    prepared: Prepared, folder: RunFolder, system: str, logits: Callable[[Rows], Floats],
    calibration: Calibration = UNCALIBRATED,
) -> None:  # fmt: skip
    """Predictions of every row that was not trained on; those of the test split last, as a sign that all are there."""
    for split in (None, "validation", "test"):
        places = prepared.places(split)
        if len(places):
            predictions = predictions_of(prepared, places, logits(places), calibration)
            write_predictions(predictions, folder.predictions(system, split or "unlabelled"))


def _write_answers(prepared: Prepared, folder: RunFolder) -> None:
    answers = prepared.rows.column("baseline").to_pylist()
    for split in ("validation", "test"):
        places = prepared.places(split)
        predictions = from_answers(
            [prepared.row_ids[i] for i in places], kind=prepared.row_task.kind, labels=prepared.labels,
            gold=[prepared.answers[i] for i in places], answers=[answers[i] for i in places],
        )  # fmt: skip
        write_predictions(predictions, folder.predictions("current", split))


def _targets(prepared: Prepared, rows: Rows) -> npt.NDArray[Any]:
    return prepared.row_task.targets([prepared.answers[i] for i in rows], prepared.labels)

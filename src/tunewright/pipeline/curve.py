"""`tunewright curve RECIPE_OR_RUN`: what more labels would bring, from fine-tunes on ever larger parts of those that are there.

    curve = learning_curve("runs/reviews-1a2b3c4d", more=[500])
    curve.value["gains"], curve.value["refusal"]

The parts are nested and have the classes of the whole; each is judged by the same validation rows. Test rows are not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunewright.core.errors import DataError, RecipeError
from tunewright.core.folder import RunFolder, discard, read_json, write_json
from tunewright.core.text import digest
from tunewright.evaluate import Predictions, read_predictions, value_of
from tunewright.metrics import METRICS
from tunewright.metrics.metric import Floats
from tunewright.pipeline.decide_training import default_epochs
from tunewright.pipeline.halving import score_of
from tunewright.pipeline.journal import Journal, Listener, Stop, open_journal
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.request import find_folder, locked, make_request
from tunewright.pipeline.rows import Rows, nested_order
from tunewright.pipeline.trial import Trial, open_recipe, resolve_trial, try_recipe
from tunewright.planning.curve import FEWEST_SIZES, Curve, fit_curve
from tunewright.recipe import Recipe, dump_recipe, load_recipe
from tunewright.runtime import World

SIZES = 5
"""Each half of the next."""
SMALLEST = 32
"""Rows that a part has at least."""
REPEATS = 2
DRAWS = 200
MORE = (500,)


@dataclass(frozen=True)
class LearningCurve:
    """A finished learning curve."""

    folder: RunFolder

    @cached_property
    def value(self) -> dict[str, Any]:
        """`points`, `law`, `gains`, `refusal`, `metric`..."""
        found: dict[str, Any] = read_json(self.folder.curve)
        return found


def learning_curve(
    recipe: str | Path | Recipe, *, more: Sequence[int] = MORE, sizes: Sequence[int] = (), repeats: int = REPEATS,
    overrides: Sequence[str] = (), output: str | Path | None = None, new: bool = False, listener: Listener | None = None,
    stop: Stop | None = None,
) -> LearningCurve:  # fmt: skip
    """Fine-tune on parts of the training rows and fit a power law. `recipe` may be a run folder: then its recipe is taken.

    `more` are numbers of further labels to forecast for; `repeats` parts of each size, with another seed each. Raises
    RecipeError for sizes that can't be, DataError where there are too few rows.
    """
    asked = recipe if isinstance(recipe, Recipe) else _recipe_of(Path(recipe), overrides)
    if repeats < 2:
        raise RecipeError(
            f"--repeats {repeats}: two at least, or a bend of the curve could not be told from an accident."
        )
    if min(more, default=1) < 1:
        raise RecipeError(f"--more {min(more)}: give numbers of further labels, from 1.")
    said = {"recipe": digest(dump_recipe(asked)), "more": list(more), "sizes": list(sizes), "repeats": repeats}
    request = make_request("curve", Path(asked.data.path), said)
    folder = find_folder(request, output=Path(output) if output else None, new=new)
    if not folder.curve.exists():
        with locked(folder):
            journal = open_journal(folder, world=World(), listener=listener, stop=stop)
            with journal.stage("plan"):
                opened, prepared = open_recipe(asked, folder, journal)
                chosen = _sizes(sizes, num_rows=len(prepared.places("train")))
            with journal.stage("curve"):
                points = _points(opened, prepared, folder, journal, sizes=chosen, repeats=repeats)
            write_json(folder.curve, _described(opened, folder, points, more=more))
            discard(folder.stores)
    return LearningCurve(folder)


def _recipe_of(path: Path, overrides: Sequence[str]) -> Recipe:
    run = RunFolder(path)
    return load_recipe(run.recipe if path.is_dir() else path, overrides=overrides)


def _sizes(asked: Sequence[int], *, num_rows: int) -> list[int]:
    """Halves of halves, all rows last; or what was asked for."""
    if asked:
        chosen = sorted(set(asked))
        if chosen[0] < 1 or chosen[-1] > num_rows:
            raise RecipeError(f"--sizes: train has {num_rows:,} rows; give sizes from 1 to that number.")
        return chosen
    chosen = [size for size in (num_rows // 2**power for power in range(SIZES - 1, -1, -1)) if size >= SMALLEST]
    if len(chosen) < FEWEST_SIZES:
        raise DataError(
            f"train has {num_rows:,} rows: too few for a learning curve, which needs {FEWEST_SIZES} sizes of {SMALLEST} rows "
            f"or more, each the half of the next ({SMALLEST * 2 ** (FEWEST_SIZES - 1)} rows). `--sizes` names others."
        )
    return chosen


@dataclass(frozen=True, kw_only=True)
class Point:
    """One fine-tune."""

    rows: int
    repeat: int
    trial: Trial
    predictions: Predictions
    """Of the validation rows."""


def _points(
    recipe: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal, *, sizes: Sequence[int], repeats: int
) -> list[Point]:
    """All sizes of the first repeat, then of the next; each repeat has subsets and a training seed of its own."""
    points = []
    for repeat in range(repeats):
        resolved = resolve_trial(recipe, prepared)
        seeded = resolved.model_copy(
            update={"train": resolved.train.model_copy(update={"seed": resolved.train.seed + repeat})}
        )
        order = nested_order(prepared, prepared.places("train"), seed=resolved.train.seed + repeat)
        for size in sizes:
            point = _point(recipe, seeded, prepared, folder, journal, train=order[:size], repeat=repeat)
            points.append(point)
    return points


def _point(
    asked: Recipe, recipe: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal, *, train: Rows, repeat: int
) -> Point:
    """A fine-tune on a part, as long as it would be if that were all there is."""
    usual = default_epochs(len(prepared.places("train")), num_labels=len(prepared.labels))
    if asked.train.steps is None and asked.train.epochs in (None, usual):  # a run's recipe has them written out
        epochs = default_epochs(len(train), num_labels=len(prepared.labels))
        recipe = recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": float(epochs)})})
    own = RunFolder(folder.trials / f"{len(train)}-rows-{repeat + 1}")
    trial = try_recipe(recipe, prepared, own, stores=folder.stores, train=np.sort(train), stop=journal.stop)
    journal.events.emit(
        "point_measured", rows=len(train), repeat=repeat + 1, metric=trial.metric, value=trial.value,
        seconds=trial.seconds,
    )  # fmt: skip
    predictions = read_predictions(own.predictions("model", "validation"))
    return Point(rows=len(train), repeat=repeat, trial=trial, predictions=predictions)


def _described(recipe: Recipe, folder: RunFolder, points: Sequence[Point], *, more: Sequence[int]) -> dict[str, Any]:
    metric = points[0].trial.metric
    curve = fit_points(points, more=more)
    scores = [score_of(point.predictions, metric) for point in points]
    return {
        "folder": str(folder.path), "source": recipe.data.path, "metric": metric,
        "higher_is_better": METRICS[metric].higher_is_better, "best": _best(metric),
        "validation_rows": len(points[0].predictions), "run_noise": curve.run_noise,
        "points": [
            {
                "rows": point.rows, "repeat": point.repeat + 1, "value": point.trial.value, "low": score.low,
                "high": score.high, "seconds": point.trial.seconds,
            }
            for point, score in zip(points, scores, strict=True)
        ],
        "law": asdict(curve.law) if curve.law else None, "gains": [asdict(gain) for gain in curve.gains],
        "rest_range": curve.rest_range,
        "asked": list(more), "refusal": curve.refusal, "fitted_from": curve.fitted_from,
    }  # fmt: skip


def fit_points(points: Sequence[Point], *, more: Sequence[int]) -> Curve:
    """The curve of fine-tunes that were all judged by the same rows."""
    sizes = sorted({point.rows for point in points})
    repeats = sorted({point.repeat for point in points})
    by_place = {(point.rows, point.repeat): point for point in points}
    grid = [[by_place[size, repeat] for repeat in repeats] for size in sizes]
    errors_SR = np.array([[_error(point.trial.metric, point.trial.value) for point in row] for row in grid])
    drawn_SRB = np.array([[_errors_of_draws(point) for point in row] for row in grid])
    return fit_curve(sizes, errors_SR, drawn_BSR=np.moveaxis(drawn_SRB, 2, 0), more=more)


def _errors_of_draws(point: Point) -> Floats:
    """The error on validation rows drawn anew; for every point the same draws."""
    predictions, rng = point.predictions, np.random.default_rng(0)
    errors = []
    for _ in range(DRAWS):
        rows = pa.array(rng.integers(0, len(predictions), len(predictions)))
        drawn = Predictions(table=predictions.table.take(rows), kind=predictions.kind, labels=predictions.labels)
        value = value_of(drawn, point.trial.metric)
        errors.append(_error(point.trial.metric, point.trial.value if value is None else value))
    return np.array(errors)


def _best(metric: str) -> float:
    """The value of a model without error."""
    low, high = METRICS[metric].range
    return high if METRICS[metric].higher_is_better else low


def _error(metric: str, value: float) -> float:
    """How far a value is from the best that the metric can have."""
    return abs(_best(metric) - value)

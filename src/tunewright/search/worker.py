"""A worker of a search: asks for the next trial, makes it, tells what came of it, until the budget is spent.

Workers share nothing but the folder. One that is killed leaves a trial that the next attempt makes again.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tunewright.core.errors import ModelError, NonFiniteError, RecipeError, StoppedBySignal
from tunewright.core.folder import RunFolder, read_json
from tunewright.core.text import digest
from tunewright.evaluate import read_predictions
from tunewright.metrics import METRICS
from tunewright.pipeline.halving import score_of
from tunewright.pipeline.journal import Stop
from tunewright.pipeline.prepare import Prepared, prepare
from tunewright.pipeline.rows import without_test
from tunewright.pipeline.teaching import watched_metric
from tunewright.pipeline.trial import resolve_trial, try_recipe
from tunewright.recipe import Recipe, build_recipe, dump_recipe
from tunewright.search.space import Choices, Dimension, Range, Value, override
from tunewright.search.study import How, Running, Study, Tried

ALWAYS = ""
"""In `Plan.also`: goes with every trial."""


class NotWorthGoingOn(Exception):
    """Others did clearly better with as much training, or the time is up."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a search is, as study.json has it: the same for all its workers and attempts."""

    recipe: Recipe
    """Open: what is not searched and was not said is decided for each trial."""
    dimensions: tuple[Dimension, ...]
    how: How
    listed: tuple[dict[str, Value], ...]
    """Values of trials that are made first; of a grid and a race, of all."""
    seed: int
    most: int | None
    """Trials."""
    minutes: float | None
    also: Mapping[str, tuple[str, ...]]
    """Further `key=value` of trials that have a `KEY=VALUE`: with `optimizer.name=gd`, all rows for a step."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "recipe": self.recipe.model_dump(mode="json", exclude_unset=True),
            "dimensions": [vars(one) for one in self.dimensions], "how": self.how, "listed": list(self.listed),
            "seed": self.seed, "most": self.most, "minutes": self.minutes, "also": self.also,
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Plan:
        """The inverse of `to_json`."""
        return cls(
            **{key: value[key] for key in ("how", "seed", "most", "minutes")},
            recipe=build_recipe(value["recipe"], where="study.json"),
            dimensions=tuple(
                Choices(key=one["key"], values=tuple(one["values"])) if "values" in one else Range(**one)
                for one in value["dimensions"]
            ),
            listed=tuple(value["listed"]),
            also={name: tuple(overrides) for name, overrides in value["also"].items()},
        )

    def overrides(self, values: Mapping[str, Value]) -> list[str]:
        """The `key=value` of a trial with these values."""
        places = (ALWAYS, *(f"{key}={value}" for key, value in values.items()))
        also = [one for place in places for one in self.also.get(place, ())]
        return [*(override(key, value) for key, value in values.items()), *also]


@dataclass(frozen=True)
class Workplace:
    """The folder of a search, and what is read from it once."""

    folder: RunFolder

    @cached_property
    def plan(self) -> Plan:
        """What is searched."""
        return Plan.from_json(read_json(self.folder.study))

    @cached_property
    def prepared(self) -> Prepared:
        """The rows, without those of the test split."""
        return without_test(prepare(self.plan.recipe, self.folder))

    @cached_property
    def metric(self) -> str:
        """What trials are judged by."""
        return watched_metric(self.plan.recipe, self.prepared)

    @cached_property
    def study(self) -> Study:
        """The trials."""
        plan = self.plan
        return Study(
            self.folder.study_log, higher_is_better=METRICS[self.metric].higher_is_better, how=plan.how,
            dimensions=plan.dimensions, seed=plan.seed, evaluations_per_epoch=plan.recipe.train.evaluations_per_epoch,
        )  # fmt: skip

    def trial_folder(self, recipe: Recipe) -> RunFolder:
        """The same settings have the same folder: what is there is not done again."""
        return RunFolder(self.folder.trials / digest(dump_recipe(recipe))[:16])


def work(
    place: Workplace, *, deadline: float | None, stop: Stop, tell: Callable[[Tried], None] = lambda _: None
) -> None:
    """Make trials until the list or the number is at its end, or `time.monotonic()` has come to the deadline.

    Raises StoppedBySignal when `stop()` returns a signal; the trial in hand then goes on when it is made again.
    """
    while deadline is None or time.monotonic() < deadline:
        if (number := stop()) is not None:
            raise StoppedBySignal(number)
        trial = place.study.ask(most=place.plan.most)
        if trial is None:
            return
        _make(place, trial, deadline=deadline, stop=stop)
        tell(next(one for one in place.study.trials if one.number == trial.number))


def _make(place: Workplace, trial: Running, *, deadline: float | None, stop: Stop) -> None:
    study, overrides = place.study, place.plan.overrides(trial.params)

    def watch(epoch: float, value: float) -> None:
        if study.should_stop(trial, epoch, value):
            raise NotWorthGoingOn("pruned")
        if deadline is not None and time.monotonic() >= deadline:
            raise NotWorthGoingOn("out_of_time")

    try:
        recipe = resolve_trial(place.plan.recipe, place.prepared, overrides=overrides)
        folder = place.trial_folder(recipe)
        trial.set_user_attr("folder", folder.path.name)
        tried = try_recipe(recipe, place.prepared, folder, stores=place.folder.stores, watch=watch, stop=stop)
    except NotWorthGoingOn as reason:
        study.finish(trial, "pruned", reason=str(reason))
    except (RecipeError, ModelError, NonFiniteError) as error:
        study.finish(trial, "failed", reason=str(error))
    else:
        score = score_of(read_predictions(folder.predictions("model", "validation")), place.metric)
        study.finish(
            trial, "complete", value=tried.value, low=score.low, high=score.high, loss=tried.loss, epochs=tried.epochs,
            best_epoch=tried.best_epoch, curve=tried.curve,
        )  # fmt: skip


def work_in_own_process(path: Path, *, deadline: float | None) -> None:
    """`work` as one of several processes: ends with its parent, and keeps its signals to itself."""
    import multiprocessing

    came: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: came.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the parent has heard it, too, and passes it on
    parent = multiprocessing.parent_process()

    def stop() -> int | None:
        if came:
            return came[0]
        return None if parent is None or parent.is_alive() else signal.SIGTERM

    try:
        work(Workplace(RunFolder(path)), deadline=deadline, stop=stop)
    except StoppedBySignal as error:
        raise SystemExit(error.exit_code) from None

"""`tunewright search RECIPE`: many fine-tunes of one recipe, judged by the validation rows, to a ranked table.

    found = search_recipe("recipe.yaml", over=["optimizer.learning_rate=log:1e-5..1e-3"], minutes=60)
    found.best, found.value["trials"]

Killed at any time, the same call goes on: finished trials are kept, running ones are made again. The test rows are not in the
tables that trials see.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args

from tunewright.core.errors import RecipeError, StoppedBySignal, WorkerFailed
from tunewright.core.folder import RunFolder, discard, read_json, write_json, write_text
from tunewright.core.text import digest
from tunewright.pipeline.journal import Journal, Listener, Stop, open_journal
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.request import find_folder, locked, make_request
from tunewright.pipeline.trial import open_recipe, resolve_trial
from tunewright.recipe import Recipe, dump_recipe, load_recipe
from tunewright.runtime import World
from tunewright.search.race import HEAD_FACTOR, RATES, Tries, race
from tunewright.search.results import in_order, results
from tunewright.search.space import Dimension, grid, override, parse_space
from tunewright.search.study import ENDED, How, Tried
from tunewright.search.worker import ALWAYS, Plan, Workplace, work, work_in_own_process

TRIALS = 20
"""Where neither a number nor a time is given."""
SEED = 17
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Search:
    """A finished search."""

    folder: RunFolder

    @cached_property
    def value(self) -> dict[str, Any]:
        """`trials` (best first), `importances`, `metric`..."""
        found: dict[str, Any] = read_json(self.folder.search)
        return found

    @property
    def best(self) -> Path:
        """The recipe of the best trial, for `train_recipe`."""
        return self.folder.best_recipe


def search_recipe(
    recipe: str | Path | Recipe, *, over: Sequence[str] = (), space: str | Path | None = None, how: str = "tpe",
    racing: str | None = None, rates: int = RATES, trials: int | None = None, minutes: float | None = None,
    workers: int = 1, seed: int = SEED, overrides: Sequence[str] = (), output: str | Path | None = None, new: bool = False,
    listener: Listener | None = None, stop: Stop | None = None,
) -> Search:  # fmt: skip
    """Try settings and rank them.

    `over` and the YAML file `space` say what is searched, `how` is `tpe`, `random` or `grid`; or `racing` is `optimizer` or
    `adapter`, each of which gets `rates` learning rates. It ends after `trials` or `minutes`, whichever comes first.

    Raises RecipeError for a space that is refused, StoppedBySignal when `stop()` returned a signal.
    """
    asked = recipe if isinstance(recipe, Recipe) else load_recipe(Path(recipe), overrides=overrides)
    if how not in get_args(How) or how == "race":
        raise RecipeError(f"--sampler {how}: accepted are tpe, random, grid.")
    if workers < 1:
        raise RecipeError(f"--workers {workers}: at least one is needed.")
    if racing is not None and (over or space):
        raise RecipeError("`--race` has its own values: `--over` and `--space` don't go with it.")
    wanted = Wanted(
        how="race" if racing else cast(How, how), racing=racing, rates=rates, minutes=minutes, seed=seed,
        most=TRIALS if trials is None and minutes is None and how in ("tpe", "random") and racing is None else trials,
        dimensions=() if racing else parse_space(over, None if space is None else Path(space), recipe=asked),
    )  # fmt: skip
    request = make_request(
        "search", Path(asked.data.path), {"recipe": digest(dump_recipe(asked)), "wanted": repr(wanted)}
    )
    folder = find_folder(request, output=Path(output) if output else None, new=new)
    if not folder.search.exists():
        with locked(folder):
            journal = open_journal(folder, world=World(), listener=listener, stop=stop)
            journal.events.emit(
                "run_started", version=request.version, source=request.source, folder=str(folder.path),
                language=asked.report.language, private=asked.report.private,
            )  # fmt: skip
            with journal.stage("plan"):
                place = _plan(asked, folder, journal, wanted, workers=workers)
            with journal.stage("search"):
                _make_trials(place, journal, workers=workers)
            _conclude(place, asked)
    return Search(folder)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a search is asked to do, beside the recipe."""

    how: How
    dimensions: tuple[Dimension, ...]
    racing: str | None
    rates: int
    most: int | None
    minutes: float | None
    seed: int


def _plan(asked: Recipe, folder: RunFolder, journal: Journal, wanted: Wanted, *, workers: int) -> Workplace:
    """The folder with study.json in it, and with the trials of a list put into the queue."""
    if not folder.study.exists():
        recipe, prepared = open_recipe(asked, folder, journal)
        if asked.runtime.threads is None:
            threads = max(1, (recipe.runtime.threads or 1) // workers)
            recipe = recipe.model_copy(update={"runtime": recipe.runtime.model_copy(update={"threads": threads})})
        tries = _tries(wanted, recipe, prepared)
        plan = Plan(
            recipe=recipe, dimensions=tries.dimensions, how=wanted.how, listed=tries.listed, also=tries.also,
            seed=wanted.seed, most=wanted.most, minutes=wanted.minutes,
        )  # fmt: skip
        write_json(folder.study, plan.to_json())
    place = Workplace(folder)
    place.study.revive()
    place.study.plan(place.plan.listed)
    return place


def _tries(wanted: Wanted, recipe: Recipe, prepared: Prepared) -> Tries:
    if wanted.racing is not None:
        return race(wanted.racing, recipe, prepared, rates=wanted.rates)
    keys = {one.key for one in wanted.dimensions}
    default = resolve_trial(recipe, prepared)
    also = {}
    if "optimizer.learning_rate" in keys and not keys & {"optimizer.name", "adapter.name", HEAD_FACTOR}:
        # A rate that is said leaves the head's factor alone; here the rate is said by us, so it stays what it would be.
        also[ALWAYS] = (override(HEAD_FACTOR, default.optimizer.head_learning_rate_factor),)
    if wanted.how == "grid":
        return Tries(dimensions=wanted.dimensions, listed=tuple(grid(wanted.dimensions)), also=also)
    # The first trial is what `run` would do, so that there is something to be better than.
    first = {one.key: _value_at(default, one.key) for one in wanted.dimensions}
    inside = all(one.holds(first[one.key]) for one in wanted.dimensions)
    return Tries(dimensions=wanted.dimensions, listed=(first,) if inside else (), also=also)


def _value_at(recipe: Recipe, key: str) -> Any:
    """What a recipe has at a key; None where it has no such key."""
    tree: Any = recipe.model_dump(mode="json")
    for part in key.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _make_trials(place: Workplace, journal: Journal, *, workers: int) -> None:
    spent = sum(one.seconds or 0.0 for one in place.study.trials if one.state != "killed") / workers
    minutes = place.plan.minutes
    deadline = None if minutes is None else time.monotonic() + 60 * minutes - spent
    if workers == 1:
        work(place, deadline=deadline, stop=journal.stop, tell=lambda tried: _tell(journal, place, tried))
    else:
        _make_trials_by_many(place, journal, workers=workers, deadline=deadline)


def _make_trials_by_many(place: Workplace, journal: Journal, *, workers: int, deadline: float | None) -> None:
    """Processes of their own; what they finish is told as the log shows it."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=work_in_own_process, args=(place.folder.path,), kwargs={"deadline": deadline})
        for _ in range(workers)
    ]
    told = {one.number for one in place.study.trials if one.state in ENDED}
    for process in processes:
        process.start()
    try:
        while any(process.is_alive() for process in processes):
            time.sleep(_POLL_SECONDS)
            if (number := journal.stop()) is not None:
                raise StoppedBySignal(number)
            for tried in place.study.trials:
                if tried.state in ENDED and tried.number not in told:
                    told.add(tried.number)
                    _tell(journal, place, tried)
    finally:
        for process in processes:
            process.terminate()  # does nothing to those that are done; the others finish their step and save
            process.join()
    bad = [process.exitcode for process in processes if process.exitcode]
    if bad:
        raise WorkerFailed(
            f"{len(bad)} of {workers} workers ended before their time (exit code {bad[0]}; -9 is often a lack of memory). "
            "What is finished is kept: the same command goes on; fewer `--workers` need less memory."
        )


def _tell(journal: Journal, place: Workplace, tried: Tried) -> None:
    complete = in_order([one for one in place.study.trials if one.state == "complete"], place.metric)
    journal.events.emit(
        "trial_ended", number=tried.number, state=tried.state, value=tried.value, metric=place.metric,
        values=tried.values, best=complete[0].value if complete else None,
    )  # fmt: skip


def _conclude(place: Workplace, asked: Recipe) -> None:
    """search.json and the recipe of the best trial; encoded rows are no longer needed."""
    found = results(place)
    complete = [one for one in found["trials"] if one["state"] == "complete"]
    if not complete:
        reasons = [one["about"].get("reason") for one in found["trials"]]
        first = f" The first ended with: {reasons[0]}" if reasons else ""
        raise RecipeError(f"None of {len(found['trials'])} trials came to its end.{first}")
    best = resolve_trial(place.plan.recipe, place.prepared, overrides=place.plan.overrides(complete[0]["values"]))
    # Workers share the processors; a run has them all.
    write_text(place.folder.best_recipe, dump_recipe(best.model_copy(update={"runtime": asked.runtime})))
    discard(place.folder.stores)
    write_json(place.folder.search, found | {"best_recipe": str(place.folder.best_recipe)})

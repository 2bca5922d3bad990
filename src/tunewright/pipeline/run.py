"""THE STORY: from a raw file, or a recipe, to a report. Top to bottom.

Each stage writes its outcome whole or not at all and takes up what an earlier attempt left, so the same command goes on
after any interruption, and ends with the same bits.

Started by `torchrun`, the ranks train together; all else is done by the first one, while the others wait and then read.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunewright.core.errors import DataError, RecipeError
from tunewright.core.folder import RunFolder, discard, read_json, write_json, write_text
from tunewright.core.text import digest
from tunewright.pipeline.baselines import run_baselines, run_earlier_model, run_frozen_baseline
from tunewright.pipeline.behaviour import add_behaviour, read_suite
from tunewright.pipeline.bundling import bundle_baseline, bundle_frozen, bundle_model
from tunewright.pipeline.decide import decide
from tunewright.pipeline.errors import explain_errors
from tunewright.pipeline.fine_tune import Tuned, cross_validate, features_of, fine_tune, load_base, refit_on_all
from tunewright.pipeline.journal import Journal, Listener, Stop, open_journal
from tunewright.pipeline.judge import judge
from tunewright.pipeline.prepare import Prepared, prepare
from tunewright.pipeline.private import without_quotes
from tunewright.pipeline.request import Request, find_folder, local_source, locked, make_request
from tunewright.pipeline.smoke import require_smoke
from tunewright.pipeline.suspects import look_for_suspects
from tunewright.pipeline.tag_baselines import run_tag_baselines
from tunewright.pipeline.text_baselines import run_text_baselines, run_untuned
from tunewright.pipeline.unlabelled import predict_unlabelled
from tunewright.pipeline.wishes import Wishes
from tunewright.recipe import Recipe, WrittenRecipe, dump_recipe, load_recipe, read_recipe
from tunewright.report import render
from tunewright.report.card import model_card
from tunewright.runtime import World, describe_environment, join_world, prepare_machine
from tunewright.tasks import MaskedTask, RowTask, TagTask, TextTask

if TYPE_CHECKING:
    from tunewright.serve import AnyPredictor


@dataclass(frozen=True)
class Run:
    """A finished run: its folder, and what is in it."""

    folder: RunFolder

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.folder.report

    @property
    def scores(self) -> list[dict[str, Any]]:
        """All scores with their intervals."""
        scores: list[dict[str, Any]] = read_json(self.folder.scores)
        return scores

    @property
    def evidence(self) -> dict[str, Any]:
        """Comparisons, calibration, automation, the recommendation."""
        evidence: dict[str, Any] = read_json(self.folder.evidence)
        return evidence

    @property
    def weights_digest(self) -> str | None:
        """Two runs with the same digest have the same model; None where only baselines were made."""
        found: str | None = read_json(self.folder.finished)["weights_digest"]
        return found

    @property
    def model(self) -> AnyPredictor:
        """The fine-tuned model, ready to predict; the baseline where there is no other."""
        from tunewright.serve import load

        return load(self.folder.bundle if self.folder.bundle.exists() else self.folder.baseline_bundle)

    @property
    def recommended(self) -> AnyPredictor:
        """What the evidence recommends, ready to predict: the model, or a baseline that is cheaper and not shown worse."""
        from tunewright.serve import load

        return load(self.folder.bundle_of(self.evidence["recommended"]))


def run(
    source: str | Path, *, text: str | None = None, text_pair: str | None = None, label: str | None = None,
    group: str | None = None, task: str | None = None, baseline_column: str | None = None, model: str | None = None,
    output: str | Path | None = None, language: str | None = None, minutes: float | None = None, private: bool = False,
    refit: bool = False, overrides: Sequence[str] = (), new: bool = False, smoke: bool = False,
    listener: Listener | None = None, stop: Stop | None = None,
) -> Run:  # fmt: skip
    """From a file of labelled texts to a model and a report. What is not said is found out, and reported with its reason.

    `overrides` are `key=value` of the recipe. `smoke` learns a few rows by heart first, and raises SmokeFailed where that fails.
    Raises DataError, RecipeError, ModelError or FolderError with what to do, and StoppedBySignal when `stop()` returned a signal
    number; the same call then goes on.
    """
    wishes = Wishes(
        source=local_source(source, listener), text=text, text_pair=text_pair, label=label, group=group, task=task,
        baseline_column=baseline_column, model=model, language=language, private=private, refit=refit,
        overrides=tuple(overrides),
    )  # fmt: skip
    asked = wishes.recipe()
    said = {"recipe": digest(dump_recipe(asked)), "minutes": minutes, "ranks": _num_ranks()}
    request = make_request("run", wishes.source, said)
    find = lambda: find_folder(request, output=Path(output) if output else None, new=new)  # noqa: E731
    return _resume_or_start(asked, find, request, Attempt(listener=listener, stop=stop, minutes=minutes, smoke=smoke))


def train_recipe(
    recipe: str | Path | Recipe, *, overrides: Sequence[str] = (), output: str | Path | None = None, new: bool = False,
    allow_different_machine: bool = False, smoke: bool = False, listener: Listener | None = None, stop: Stop | None = None,
) -> Run:  # fmt: skip
    """Carry out a recipe. A resolved recipe repeats its run to the same bits, or says why it can't.

    `smoke` as for `run`. `overrides` are `key=value` for the recipe in a file; a Recipe object is changed with `model_copy`.
    """
    if isinstance(recipe, Recipe):
        if overrides:
            raise RecipeError("`overrides` change a recipe in a file; a Recipe object is changed with `model_copy`.")
        written = WrittenRecipe(recipe=recipe)
    else:
        written = read_recipe(Path(recipe), overrides=overrides)
    asked = written.recipe
    said = {
        "recipe": digest(dump_recipe(asked)), "allow_different_machine": allow_different_machine, "ranks": _num_ranks(),
    }  # fmt: skip
    request = make_request("train", Path(asked.data.path), said)
    find = lambda: find_folder(request, output=Path(output) if output else None, new=new)  # noqa: E731
    return _resume_or_start(
        asked, find, request,
        Attempt(
            listener=listener, stop=stop, allow_different_machine=allow_different_machine, dropped=written.dropped,
            smoke=smoke,
        ),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What belongs to one call and not to the run: who listens, who may stop it, how much time there is."""

    listener: Listener | None
    stop: Stop | None
    minutes: float | None = None
    allow_different_machine: bool = False
    dropped: tuple[str, ...] = ()
    """Settings that overrides took out of the recipe."""
    smoke: bool = False
    """Whether one small batch is overfitted first."""


def _num_ranks() -> int | None:
    """Part of the request where there are several: they sum in another order, so the last bits are others."""
    ranks = join_world().num_ranks
    return ranks if ranks > 1 else None


def _resume_or_start(asked: Recipe, find: Callable[[], RunFolder], request: Request, attempt: Attempt) -> Run:
    asked.adapter.require_packages()
    try:
        return _go_on(asked, find, request, attempt)
    except DataError as error:
        if asked.report.private:
            raise DataError(without_quotes(str(error))) from None
        raise


def _go_on(asked: Recipe, find: Callable[[], RunFolder], request: Request, attempt: Attempt) -> Run:
    world = join_world()
    folder = world.from_first(find)
    if world.from_first(folder.finished.exists):
        return _finished(folder, world)
    with contextlib.ExitStack() as until_the_end:
        world.from_first(lambda: until_the_end.enter_context(locked(folder)))
        journal = open_journal(folder, world=world, listener=attempt.listener, stop=attempt.stop)
        journal.events.emit(
            "run_started", version=request.version, source=request.source, folder=str(folder.path),
            language=asked.report.language, private=asked.report.private,
        )  # fmt: skip
        if not world.from_first(folder.recipe.exists):
            with journal.stage("plan"):
                if attempt.dropped:
                    journal.say("settings_dropped", keys=", ".join(attempt.dropped))
                world.from_first(lambda: _write_plan(asked, folder, journal, minutes=attempt.minutes))
        recipe = load_recipe(folder.recipe)
        return _carry_out(recipe, folder, journal, request, attempt)


def _write_plan(asked: Recipe, folder: RunFolder, journal: Journal, *, minutes: float | None) -> None:
    if asked.evaluate.behaviour.suite:
        read_suite(Path(asked.evaluate.behaviour.suite))  # what is wrong with it is said before anything is trained
    resolved = decide(asked, folder, journal, minutes=minutes)
    write_text(folder.recipe, dump_recipe(resolved))


def _carry_out(recipe: Recipe, folder: RunFolder, journal: Journal, request: Request, attempt: Attempt) -> Run:
    machine = prepare_machine(recipe.runtime, allow_different_machine=attempt.allow_different_machine)
    world = journal.world
    world.from_first(lambda: write_json(folder.environment, describe_environment()))

    with journal.stage("data"):
        prepared = world.first_then_others(lambda: prepare(recipe, folder))
    if attempt.smoke:
        with journal.stage("smoke"):
            world.from_first(lambda: require_smoke(recipe, prepared, folder, journal, machine=machine))
    of_rows = isinstance(prepared.task, RowTask)
    if of_rows:
        with journal.stage("baselines"):
            world.from_first(lambda: run_baselines(recipe, prepared, folder))

    base = features = tuned = None
    if recipe.model.path != "none":
        with journal.stage("features" if of_rows else "baselines" if prepared.task.kind == "spans" else "untuned"):
            base = world.first_then_others(lambda: load_base(recipe, prepared, folder, machine=machine, world=world))
            if isinstance(prepared.task, TagTask):
                world.from_first(functools.partial(run_tag_baselines, base, prepared, folder))
            elif isinstance(prepared.task, TextTask):
                world.from_first(functools.partial(run_text_baselines, base, prepared, folder))
            if isinstance(prepared.task, TextTask | MaskedTask) or recipe.model.answers == "label_text":
                world.from_first(functools.partial(run_untuned, base, recipe, folder))
            if of_rows:
                # Read once, used twice: by the frozen baseline and by the judge of the labels.
                features = functools.cache(features_of(base))
                world.from_first(functools.partial(run_frozen_baseline, recipe, prepared, folder, features))
                world.from_first(lambda: run_earlier_model(recipe, prepared, folder))
    if of_rows:
        with journal.stage("suspects"):
            world.from_first(lambda: look_for_suspects(recipe, prepared, folder, journal, features=features))
    if base is not None:
        with journal.stage("train"):
            tuned = fine_tune(base, recipe, prepared, folder, journal)
        if recipe.evaluate.cross_validation.is_wanted(num_rows=len(prepared.labelled())):
            with journal.stage("cross-validate"):
                cross_validate(tuned, recipe, prepared, folder, journal)

    final = tuned
    with journal.stage("evaluate"):
        world.from_first(lambda: judge(recipe, prepared, folder, tuned, request, features=features))
    with journal.stage("bundle"):
        if tuned and recipe.train.refit_on_all:
            final = refit_on_all(tuned, recipe, journal)
        world.from_first(lambda: _bundle(final, recipe, prepared, folder))
    if of_rows:
        with journal.stage("explain"):
            world.from_first(lambda: explain_errors(recipe, prepared, folder))
        with journal.stage("behaviour"):
            world.from_first(lambda: add_behaviour(recipe, prepared, folder))
    if len(prepared.places(None)):
        with journal.stage("predict"):
            world.from_first(lambda: predict_unlabelled(prepared, folder, private=recipe.report.private))
    with journal.stage("report"):
        world.from_first(lambda: _report(recipe, folder, with_model=final is not None))
    journal.events.emit("run_finished")
    outcome = {"weights_digest": final.digest if final else None, "version": request.version}
    world.from_first(lambda: write_json(folder.finished, outcome))
    return _finished(folder, world)


def _bundle(final: Tuned | None, recipe: Recipe, prepared: Prepared, folder: RunFolder) -> None:
    if final:
        bundle_model(final, recipe, prepared, folder)
        recommended = read_json(folder.evidence)["recommended"]
        if not isinstance(prepared.task, RowTask):
            return
        if recommended == "frozen" or recipe.probes.save_frozen == "always":
            bundle_frozen(final.base.local, recipe, prepared, folder)
    bundle_baseline(recipe, prepared, folder)


def _report(recipe: Recipe, folder: RunFolder, *, with_model: bool) -> None:
    if with_model:
        write_text(folder.bundle / "README.md", model_card(folder, private=recipe.report.private))
    if folder.frozen_bundle.exists():
        frozen_card = model_card(folder, private=recipe.report.private, system="frozen")
        write_text(folder.frozen_bundle / "README.md", frozen_card)
    if folder.baseline_bundle.exists():
        baseline_card = model_card(folder, private=recipe.report.private, system="tfidf")
        write_text(folder.baseline_bundle / "README.md", baseline_card)
    write_text(folder.report, render(folder, language=recipe.report.language, private=recipe.report.private))


def _finished(folder: RunFolder, world: World) -> Run:
    """The run, with what was only needed on the way removed."""
    if world.is_first:
        discard(folder.checkpoints)
        discard(folder.store)
    return Run(folder)

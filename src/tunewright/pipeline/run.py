"""THE STORY: from a raw file, or a recipe, to a report. Top to bottom.

Each stage writes its outcome whole or not at all and takes up what an earlier attempt left, so the same command goes on
after any interruption, and ends with the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunewright.core.folder import RunFolder, discard, read_json, write_json, write_text
from tunewright.core.text import digest
from tunewright.pipeline.baselines import run_baselines, run_earlier_model, run_frozen_baseline
from tunewright.pipeline.bundling import bundle_baseline, bundle_model
from tunewright.pipeline.decide import Wishes, decide
from tunewright.pipeline.fine_tune import Tuned, cross_validate, features_of, fine_tune, load_base, refit_on_all
from tunewright.pipeline.journal import Journal, Listener, Stop, open_journal
from tunewright.pipeline.judge import judge
from tunewright.pipeline.prepare import prepare
from tunewright.pipeline.request import Request, find_folder, locked, make_request
from tunewright.pipeline.unlabelled import predict_unlabelled
from tunewright.recipe import Recipe, dump_recipe, load_recipe
from tunewright.report import render
from tunewright.report.card import model_card
from tunewright.runtime import describe_environment, join_world, prepare_machine

if TYPE_CHECKING:
    from tunewright.serve import Predictor


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
    def model(self) -> Predictor:
        """The fine-tuned model, ready to predict; the baseline where there is no other."""
        from tunewright.serve import load

        return load(self.folder.bundle if self.folder.bundle.exists() else self.folder.baseline_bundle)


def run(
    source: str | Path, *, text: str | None = None, text_pair: str | None = None, label: str | None = None,
    group: str | None = None, task: str | None = None, baseline_column: str | None = None, model: str | None = None,
    output: str | Path | None = None, language: str | None = None, minutes: float | None = None, private: bool = False,
    refit: bool = False, overrides: Sequence[str] = (), new: bool = False, listener: Listener | None = None,
    stop: Stop | None = None,
) -> Run:  # fmt: skip
    """From a file of labelled texts to a model and a report. What is not said is found out, and reported with its reason.

    `overrides` are `key=value` of the recipe. Raises DataError, RecipeError, ModelError or FolderError with what to do, and
    StoppedBySignal when `stop()` returned a signal number; the same call then goes on.
    """
    wishes = Wishes(
        source=Path(source), text=text, text_pair=text_pair, label=label, group=group, task=task,
        baseline_column=baseline_column, model=model, language=language, private=private, refit=refit,
        overrides=tuple(overrides),
    )  # fmt: skip
    asked = wishes.recipe()
    request = make_request("run", wishes.source, {"recipe": digest(dump_recipe(asked)), "minutes": minutes})
    folder = find_folder(request, output=Path(output) if output else None, new=new)
    return _resume_or_start(asked, folder, request, Attempt(listener=listener, stop=stop, minutes=minutes))


def train_recipe(
    recipe: str | Path | Recipe, *, overrides: Sequence[str] = (), output: str | Path | None = None, new: bool = False,
    allow_different_machine: bool = False, listener: Listener | None = None, stop: Stop | None = None,
) -> Run:  # fmt: skip
    """Carry out a recipe. A resolved recipe repeats its run to the same bits, or says why it can't."""
    asked = recipe if isinstance(recipe, Recipe) else load_recipe(Path(recipe), overrides=overrides)
    said = {"recipe": digest(dump_recipe(asked)), "allow_different_machine": allow_different_machine}
    request = make_request("train", Path(asked.data.path), said)
    folder = find_folder(request, output=Path(output) if output else None, new=new)
    return _resume_or_start(
        asked, folder, request,
        Attempt(listener=listener, stop=stop, allow_different_machine=allow_different_machine),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What belongs to one call and not to the run: who listens, who may stop it, how much time there is."""

    listener: Listener | None
    stop: Stop | None
    minutes: float | None = None
    allow_different_machine: bool = False


def _resume_or_start(asked: Recipe, folder: RunFolder, request: Request, attempt: Attempt) -> Run:
    if folder.finished.exists():
        return _finished(folder)
    with locked(folder):
        journal = open_journal(folder, listener=attempt.listener, stop=attempt.stop)
        journal.events.emit("run_started", version=request.version, source=request.source, folder=str(folder.path))
        if not folder.recipe.exists():
            with journal.stage("plan"):
                resolved = decide(asked, folder, journal, minutes=attempt.minutes)
                write_text(folder.recipe, dump_recipe(resolved))
        recipe = load_recipe(folder.recipe)
        return _carry_out(recipe, folder, journal, request, allow_different_machine=attempt.allow_different_machine)


def _carry_out(
    recipe: Recipe, folder: RunFolder, journal: Journal, request: Request, *, allow_different_machine: bool = False
) -> Run:
    machine = prepare_machine(recipe.runtime, allow_different_machine=allow_different_machine)
    world = join_world()
    write_json(folder.environment, describe_environment())

    with journal.stage("data"):
        prepared = prepare(recipe, folder)
    with journal.stage("baselines"):
        run_baselines(recipe, prepared, folder)

    tuned: Tuned | None = None
    if recipe.model.path != "none":
        with journal.stage("features"):
            base = load_base(recipe, prepared, folder, machine=machine, world=world)
            run_frozen_baseline(recipe, prepared, folder, features_of(base))
            run_earlier_model(recipe, prepared, folder)
        with journal.stage("train"):
            tuned = fine_tune(base, recipe, prepared, folder, journal)
        with journal.stage("cross-validate"):
            cross_validate(tuned, recipe, prepared, folder, journal)

    with journal.stage("evaluate"):
        judge(recipe, prepared, folder, tuned, request)
    with journal.stage("bundle"):
        if tuned:
            final = refit_on_all(tuned, recipe, prepared) if recipe.train.refit_on_all else tuned
            bundle_model(final, recipe, prepared, folder)
        bundle_baseline(recipe, prepared, folder)
    with journal.stage("predict"):
        predict_unlabelled(prepared, folder)
    with journal.stage("report"):
        if tuned:
            write_text(folder.bundle / "README.md", model_card(folder, private=recipe.report.private))
        baseline_card = model_card(folder, private=recipe.report.private, system="tfidf")
        write_text(folder.baseline_bundle / "README.md", baseline_card)
        write_text(folder.report, render(folder, language=recipe.report.language, private=recipe.report.private))
        journal.events.emit("run_finished")
    write_json(folder.finished, {"weights_digest": tuned.digest if tuned else None, "version": request.version})
    return _finished(folder)


def _finished(folder: RunFolder) -> Run:
    """The run, with what was only needed on the way removed."""
    discard(folder.checkpoints)
    discard(folder.store)
    return Run(folder)

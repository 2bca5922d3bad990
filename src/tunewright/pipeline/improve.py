"""`tunewright improve RUN`: the most promising change that a run's evidence names, tried on the validation rows, kept if better.

    plan = plan_improvement("runs/reviews-1a2b3c4d")        # what is named, as recipe diffs; trains nothing but judges of labels
    done = improve(plan, tries=1)                           # retrains, compares in pairs, keeps what is better

A try is judged by the validation rows alone. Only what is shown to be better there becomes a run of its own, with a recipe that
repeats it, and only that run looks at the test rows: once, for the verdict, and the test ledger counts it.
"""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tunewright.core.errors import DataError, FolderError, RecipeError
from tunewright.core.folder import RunFolder, discard, read_json, write_json, write_text
from tunewright.core.sentence import in_both
from tunewright.core.text import digest
from tunewright.evaluate import Comparison, compare, holm, read_predictions, value_of
from tunewright.metrics import METRICS
from tunewright.pipeline.actions import Action, differences, find_actions
from tunewright.pipeline.compare import compare_runs
from tunewright.pipeline.fine_tune import Rows, load_base
from tunewright.pipeline.journal import Journal, Listener, Stop, open_journal
from tunewright.pipeline.prepare import Prepared, prepare
from tunewright.pipeline.request import content_digest, locked
from tunewright.pipeline.rows import without_test
from tunewright.pipeline.run import train_recipe
from tunewright.pipeline.teaching import primary_metric
from tunewright.pipeline.trial import try_recipe
from tunewright.recipe import Recipe, build_recipe, dump_recipe, load_recipe
from tunewright.runtime import World, prepare_machine
from tunewright.tasks import RowTask

Outcome = Literal["nothing_named", "not_shown", "better", "not_on_test"]


@dataclass(frozen=True, kw_only=True)
class Improvement:
    """What could be tried, and all that a try needs."""

    run: RunFolder
    work: RunFolder
    """Where tries are kept."""
    recipe: Recipe
    """Of the run, with nothing left open."""
    prepared: Prepared
    """Without the test rows."""
    metric: str
    value: float
    """Of the run on its validation rows."""
    validation_rows: int
    actions: tuple[Action, ...]
    journal: Journal
    listener: Listener | None

    def to_json(self) -> dict[str, Any]:
        """What is named, as plain values."""
        return {
            "folder": str(self.run.path), "source": self.recipe.data.path, "metric": self.metric, "value": self.value,
            "validation_rows": self.validation_rows,
            "actions": [
                {
                    "name": one.name, "why": in_both(one.why), "promise": one.promise, "left_out": len(one.left_out),
                    "changes": differences(self.recipe, one.overrides),
                }
                for one in self.actions
            ],
        }  # fmt: skip


def plan_improvement(run: str | Path, *, listener: Listener | None = None, stop: Stop | None = None) -> Improvement:
    """Look for what could make a finished run better; the rows whose labels are suspected are judged anew, without test rows.

    Raises FolderError for what is no finished run or has no fine-tuned model, DataError where its file has changed since or its
    answers are no labels or numbers.
    """
    folder = RunFolder(Path(run))
    if not folder.finished.exists() or not folder.predictions("model", "validation").exists():
        raise FolderError(
            f"{run}: this is no finished run with a fine-tuned model. Expected a folder like runs/NAME-DIGEST with a `model/`."
        )
    recipe = load_recipe(folder.recipe)
    if content_digest(Path(recipe.data.path)) != read_json(folder.request)["request"]["source_digest"]:
        raise DataError(f"{recipe.data.path}: the file has changed since the run. `tunewright run` makes a new one.")
    work = RunFolder(folder.path / "improve")
    journal = open_journal(work, world=World(), listener=listener, stop=stop)
    with journal.stage("plan"), tempfile.TemporaryDirectory() as path:
        scratch = RunFolder(Path(path))
        prepared = without_test(prepare(recipe, scratch))
        if not isinstance(prepared.task, RowTask):
            raise DataError(
                f"{run}: its answers are {prepared.task.kind}. Accepted: runs whose answers are labels or numbers."
            )
        base = load_base(recipe, prepared, scratch, machine=prepare_machine(recipe.runtime), world=World())
        metric = primary_metric(recipe, prepared)
        actions = find_actions(folder, recipe, prepared, base, metric=metric, leave_out=str(work.left_out))
    validation = read_predictions(folder.predictions("model", "validation"))
    value = value_of(validation, metric)
    assert value is not None, "the run was judged by this metric"
    return Improvement(
        run=folder, work=work, recipe=recipe, prepared=prepared, metric=metric, actions=tuple(actions), journal=journal,
        listener=listener,
        value=value, validation_rows=len(validation.labelled),
    )  # fmt: skip


def improve(plan: Improvement, *, tries: int = 1, output: str | Path | None = None) -> dict[str, Any]:
    """Try the first actions, compare each in pairs with the run, and make a run of the best that is shown to be better.

    Gives what was planned and `tries`, `outcome`, `kept` (the folder of the run to use) and `test`, the comparison on the test
    rows, where there was one. Killed, the same call goes on: finished tries are not made again. Raises RecipeError for fewer
    than one try.
    """
    if tries < 1:
        raise RecipeError(
            f"--tries {tries}: one at least. Without `--yes` the changes are named, and none is tried unasked."
        )
    with locked(plan.work):
        with plan.journal.stage("improve"):
            tried = [_try(plan, action) for action in plan.actions[:tries]]
        comparisons = holm([comparison for _, comparison in tried])
        value = plan.to_json() | {
            "tries": [_described(plan, a, c) for (a, _), c in zip(tried, comparisons, strict=True)]
        }
        better = [
            (action, comparison) for (action, _), comparison in zip(tried, comparisons, strict=True)
            if comparison.verdict == "a_better"
        ]  # fmt: skip
        outcome: Outcome = "not_shown" if tried else "nothing_named"
        kept, test = plan.run.path, None
        if better:
            sign = 1.0 if METRICS[plan.metric].higher_is_better else -1.0
            action, _ = max(better, key=lambda pair: sign * (pair[1].difference or 0.0))
            new = _make_run(plan, action, output=Path(output) if output else None)
            (verdict,) = compare_runs([new, plan.run.path], metrics=[plan.metric]).comparisons
            test = asdict(verdict)
            worse = verdict.verdict == "b_better"
            outcome, kept = ("not_on_test", plan.run.path) if worse else ("better", new)
        value |= {"outcome": outcome, "kept": str(kept), "test": test}
        write_json(plan.work.improvement, value)
        discard(plan.work.stores)
    return value


def _try(plan: Improvement, action: Action) -> tuple[Action, Comparison]:
    """A fine-tune with the action, against the run on the same validation rows; a is the try."""
    recipe = _changed(plan, action)
    own = RunFolder(plan.work.trials / digest(*action.overrides, *action.left_out)[:16])
    plan.journal.events.emit("trying", name=action.name, why=in_both(action.why), changes=list(action.overrides))
    trial = try_recipe(
        recipe, plan.prepared, own, stores=plan.work.stores, train=_train_rows(plan, action), stop=plan.journal.stop
    )
    plan.journal.events.emit("action_tried", name=action.name, value=trial.value, seconds=trial.seconds)
    comparison = compare(
        read_predictions(own.predictions("model", "validation")),
        read_predictions(plan.run.predictions("model", "validation")), metric=plan.metric,
        seed=plan.recipe.evaluate.seed, system_a=action.name, system_b=plan.run.path.name,
    )  # fmt: skip
    return action, comparison


def _train_rows(plan: Improvement, action: Action) -> Rows:
    gone = set(action.left_out)
    places = plan.prepared.places("train")
    return np.array([place for place in places if plan.prepared.row_ids[place] not in gone], np.int64)


def _changed(plan: Improvement, action: Action) -> Recipe:
    """The run's recipe with the action, its list of rows written where the recipe says."""
    if action.left_out:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([["row_id"], *([one] for one in action.left_out)])
        write_text(plan.work.left_out, out.getvalue())
    return build_recipe(plan.recipe.model_dump(mode="json"), overrides=action.overrides, where=f"`{action.name}`")


def _make_run(plan: Improvement, action: Action, *, output: Path | None) -> Path:
    """The whole run of a changed recipe, test rows and report included."""
    path = output or plan.run.path.with_name(f"{plan.run.path.name}-{action.name}")
    write_text(plan.work.best_recipe, dump_recipe(_changed(plan, action)))
    done = train_recipe(plan.work.best_recipe, output=path, listener=plan.listener, stop=plan.journal.stop)
    return done.folder.path


def _described(plan: Improvement, action: Action, comparison: Comparison) -> dict[str, Any]:
    return {
        "name": action.name, "changes": differences(plan.recipe, action.overrides), "left_out": len(action.left_out),
        "comparison": asdict(comparison),
    }  # fmt: skip

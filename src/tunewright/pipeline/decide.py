"""From what a person said to a recipe with nothing left open; each decision with its reason and how to overrule it.

Looks at the rows, at the models that are at hand, and at the machine. What the recipe says already is never changed.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from tunewright.bundle import read_about
from tunewright.core.errors import DataError
from tunewright.core.folder import RunFolder, read_json, write_json
from tunewright.core.sentence import Sentence, joined
from tunewright.data.cut import TooFewRows
from tunewright.data.sources import ReadResult
from tunewright.models.local import LocalModel
from tunewright.pipeline.decide_answers import decide_answers
from tunewright.pipeline.decide_memory import decide_memory
from tunewright.pipeline.decide_model import decide_model, describe_model
from tunewright.pipeline.decide_training import (
    decide_lengths,
    decide_training,
    decide_within,
    without_cross_validation,
)
from tunewright.pipeline.decide_writing import decide_writing
from tunewright.pipeline.decisions import Decisions
from tunewright.pipeline.journal import Journal
from tunewright.pipeline.measures import check_measures
from tunewright.pipeline.prepare import Inspected, Prepared, inspect, prepare
from tunewright.recipe import Recipe
from tunewright.runtime import RuntimeConfig, probe_runtime
from tunewright.tasks import MASKED, TASKS, RowTask, TextTask

_OPTIONS = {
    "text": "--text ", "text_pair": "--text-pair ", "label": "--label ", "group": "--group ",
    "baseline": "--baseline-column ", "weight": "--set data.columns.weight=", "split": "--set data.columns.split=",
}  # fmt: skip
"""How to name another column."""


def decide(asked: Recipe, folder: RunFolder, journal: Journal, *, minutes: float | None = None) -> Recipe:
    """The resolved recipe: every column, the model, the lengths and the machine written out. Writes plan.json."""
    decisions = Decisions(journal)
    recipe, prepared = decide_data(asked, folder, decisions)
    recipe, local = decide_fit(recipe, prepared, decisions)
    recipe = recipe.model_copy(update={"runtime": decide_machine(recipe.runtime, decisions)})
    if local:
        recipe = decide_memory(recipe, prepared, local, folder, decisions)
    if local and minutes is not None:
        recipe = decide_within(minutes, recipe, prepared, folder, decisions)
    write_json(
        folder.plan,
        {
            "source": prepared.source,
            "columns": asdict(prepared.columns),
            "task": prepared.task.kind,
            "language": prepared.columns.language,
            "model": describe_model(local),
            "decisions": decisions.made,
        },
    )
    return recipe


def decide_fit(recipe: Recipe, prepared: Prepared, decisions: Decisions) -> tuple[Recipe, LocalModel | None]:
    """The recipe with its model, how much that reads of a text, and how it is trained; None without a model."""
    recipe, local = decide_model(recipe, prepared, decisions)
    if local:
        recipe = decide_answers(recipe, prepared, local, decisions)
    if local and isinstance(prepared.task, TextTask):
        recipe = decide_writing(recipe, prepared, local, decisions)
    elif local:
        recipe = decide_lengths(recipe, prepared, local, decisions)
        if not isinstance(prepared.task, RowTask):
            recipe = without_cross_validation(recipe)
    if local:
        recipe = decide_training(recipe, prepared, local, decisions)
    return recipe, local


def decide_data(
    asked: Recipe, folder: RunFolder, decisions: Decisions, *, need: Literal["enough", "any"] = "enough"
) -> tuple[Recipe, Prepared]:
    """The recipe with its columns, task and language, and its rows.

    Raises DataError where they are too few to be trained and tested on. To look at them `any` number will do; where they can't
    be divided, all are training rows.
    """
    inspected = inspect(asked)
    result, columns, task = inspected.read, inspected.columns, inspected.task
    given = columns.split is not None or (columns.kind == "text" and "split" in result.table.column_names)
    asked = _keep_the_test_rows_of_an_earlier_run(asked, decisions, given=given)
    check_measures(asked, kind=task.kind, measured_by=task.measured_by)
    layout = f"{result.source.kind}, {result.source.encoding}"
    decisions.add("file", layout, joined(result.source.reasons, Sentence("; ")), "--set data.read.encoding=NAME")
    found = {name: getattr(columns, name) for name in _OPTIONS}
    for name, column in found.items():
        if column is not None and (name, column) != ("label", columns.text):
            decisions.add(name, column, columns.reasons.get(name, ""), f"{_OPTIONS[name]}COLUMN")
    why = columns.reasons
    shown = task.name if columns.kind == "text" else columns.kind
    decisions.add("task", shown, why.get("task", ""), f"--task {'|'.join(TASKS)}")
    language = why.get("language", Sentence("as asked for"))
    decisions.add("language", columns.language, language, "--set data.columns.language=CODE")
    recipe = _with_data(asked, inspected, found)
    try:
        prepared = prepare(recipe, folder, inspected=inspected)
    except TooFewRows:
        if need == "enough":
            raise
        undivided = recipe.split.model_copy(update={"validation": 0.0, "test": 0.0})
        recipe = recipe.model_copy(update={"split": undivided})
        prepared = prepare(recipe, folder, inspected=inspected)
    _say_what_was_found(result, recipe, folder, decisions)
    if need == "enough":
        _require_enough(prepared)
    counts = {name: len(prepared.places(name)) for name in ("train", "validation", "test")}
    decisions.add("split", counts, _how_divided(recipe, given=given), "--set split.test=0.2")
    unlabelled = len(prepared.places(None))
    if unlabelled:
        writes = prepared.task.kind == "text"
        promised = Sentence("they get an answer") if writes else Sentence("they get an answer, with a confidence")
        decisions.add("unlabelled", unlabelled, promised, "")
    return recipe, prepared


def _with_data(asked: Recipe, inspected: Inspected, found: dict[str, str | None]) -> Recipe:
    """The recipe with what was found in the file written out."""
    columns, data = inspected.columns, asked.data
    if columns.kind == "text":
        shape = data.shape.model_copy(update={"name": inspected.read.source.kind} | _languages(inspected))
        resolved = data.columns.model_copy(update={"language": columns.language})
        data = data.model_copy(update={"shape": shape, "columns": resolved})
    else:
        resolved = data.columns.model_copy(
            update={
                **found, "task": columns.kind, "label_separator": columns.label_separator, "language": columns.language,
            }
        )  # fmt: skip
        data = data.model_copy(update={"columns": resolved})
    return asked.model_copy(update={"data": data, "task": inspected.task.name})


def _languages(inspected: Inspected) -> dict[str, str | None]:
    """Both languages of parallel text, as most rows have them."""
    names = inspected.read.table.column_names
    if "source_language" not in names:
        return {}
    first = inspected.read.table.slice(0, 1).select(["source_language", "target_language"]).to_pylist()[0]
    return {name: first[name] for name in ("source_language", "target_language")}


def _how_divided(recipe: Recipe, *, given: bool) -> Sentence:
    if given and recipe.split.given == "use":
        return Sentence("given by the file")
    if recipe.split.by_time is not None:
        return Sentence(
            "by `{column}`: the newest rows are the test, those before them the validation", column=recipe.split.by_time
        )
    return Sentence("by seed, with duplicates and groups kept together")


def _say_what_was_found(result: ReadResult, recipe: Recipe, folder: RunFolder, decisions: Decisions) -> None:
    """Rows that could not be read, and what the audit warns of."""
    if result.quarantined:
        first = result.quarantined[0]
        # A reason may quote the row.
        detail = "" if recipe.report.private else f": {first.detail}"
        decisions.add(
            "quarantined",
            Sentence("{count} of {read} rows", count=len(result.quarantined), read=result.read),
            Sentence("set aside; the first is line {line}{detail}", line=first.line, detail=detail),
            Sentence("see data/quarantine.jsonl"),
        )
    if result.notes:
        noted = result.notes[0]
        detail = "" if recipe.report.private else f": {noted.detail}"
        decisions.add(
            "noted",
            Sentence("{count} cells", count=len(result.notes)),
            Sentence(
                "they are read, but not as they should be; the first is in row {line}{detail}",
                line=noted.line, detail=detail,
            ),
            Sentence("see data/ledger.parquet"),
        )  # fmt: skip
    for finding in read_json(folder.audit)["findings"]:
        if finding["severity"] != "info":
            shown = ("code", "severity", "count", "message", "values")
            decisions.journal.events.emit("finding", **{k: finding[k] for k in shown if k in finding})


def _keep_the_test_rows_of_an_earlier_run(asked: Recipe, decisions: Decisions, *, given: bool) -> Recipe:
    """A model that goes on from an earlier run is tested on that run's test rows, which it has never been trained on.

    One that has seen masked texts alone has seen no answer: then a split that the file gives comes first.
    """
    if asked.model.path is None or asked.split.from_run is not None:
        return asked
    earlier = RunFolder(Path(asked.model.path).parent)
    if Path(asked.model.path) != earlier.bundle or not earlier.rows.exists():
        return asked
    if given and asked.split.given == "use" and read_about(earlier.bundle).task == MASKED.name:
        return asked
    decisions.add(
        "from_run",
        str(earlier.path),
        Sentence("the model goes on from this run, so its rows stay in their splits"),
        "--set split.from=RUN",
    )
    split = asked.split.model_copy(update={"from_run": str(earlier.path)})
    return asked.model_copy(update={"split": split})


def _require_enough(prepared: Prepared) -> None:
    if prepared.task.kind == "single_label" and len(prepared.labels) < 2:
        raise DataError(
            f"column `{prepared.columns.label}`: found {len(prepared.labels)} different answer(s) "
            f"({', '.join(prepared.labels[:3])}); a classifier needs at least two. "
            "Is it the right column? `--label COLUMN` names another."
        )
    for name in ("train", "validation", "test"):
        if not len(prepared.places(name)):
            raise DataError(
                f"the {name} split has no rows ({len(prepared.labelled())} labelled rows in all). "
                "Label more rows, or change the shares with `--set split.validation=0.2 --set split.test=0.2`."
            )


def decide_machine(asked: RuntimeConfig, decisions: Decisions) -> RuntimeConfig:
    """Device, threads and matrix products, measured where they are not asked for."""
    runtime = probe_runtime(asked, num_ranks=int(os.environ.get("WORLD_SIZE", "1")))
    given = asked.threads is not None and asked.matmul is not None
    decisions.add(
        "machine",
        Sentence(
            "{device}, threads: {threads}, float32 products: {matmul}",
            device=runtime.device, threads=runtime.threads, matmul=runtime.matmul,
        ),
        Sentence("as asked for" if given else "measured on this machine"), "--set runtime.threads=N",
    )  # fmt: skip
    return runtime

"""From what a person said to a recipe with nothing left open; each decision with its reason and how to overrule it.

Looks at the rows, at the models that are at hand, and at the machine. What the recipe says already is never changed.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tunewright.core.errors import DataError, MissingExtraError, ModelError
from tunewright.core.folder import RunFolder, read_json, write_json
from tunewright.models.catalog import is_noncommercial, suggest
from tunewright.models.load import find_local, resolve
from tunewright.models.local import LocalModel
from tunewright.models.tokenizer import Tokenizer, load_tokenizer, tokenizer_fit
from tunewright.optim import AdamWConfig
from tunewright.pipeline.fine_tune import load_base, make_plan
from tunewright.pipeline.journal import Journal
from tunewright.pipeline.prepare import Prepared, inspect, prepare
from tunewright.planning import forecast_training
from tunewright.recipe import Recipe, build_recipe
from tunewright.runtime import World, prepare_machine, probe_runtime

MOST_UNKNOWN = 0.05
"""A model whose tokenizer can't read more than this share of the text is refused."""
FIT_SAMPLE = 2000
_OPTIONS = {
    "text": "--text ", "text_pair": "--text-pair ", "label": "--label ", "group": "--group ",
    "baseline": "--baseline-column ", "weight": "--set data.columns.weight=", "split": "--set data.columns.split=",
}  # fmt: skip
"""How to name another column."""
NEW_HEAD_FACTOR = 10.0
"""A head starts from nothing and pretrained layers do not: with its own rate MiniLM is as good in half the epochs."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a person said on the command line or to `run`; None is "find out"."""

    source: Path
    text: str | None = None
    text_pair: str | None = None
    label: str | None = None
    group: str | None = None
    task: str | None = None
    baseline_column: str | None = None
    model: str | None = None
    language: str | None = None
    private: bool = False
    refit: bool = False
    overrides: tuple[str, ...] = ()

    def recipe(self) -> Recipe:
        """The recipe that says this and leaves the rest open."""
        columns = {
            "text": self.text,
            "text_pair": self.text_pair,
            "label": self.label,
            "group": self.group,
            "baseline": self.baseline_column,
        }
        tree: dict[str, Any] = {
            "data": {
                "path": str(self.source.resolve()),
                "columns": {k: v for k, v in columns.items() if v is not None},
            },
            "report": {"language": self.language or "en", "private": self.private},
        }
        if self.task:
            tree["task"] = self.task
        if self.model:
            tree["model"] = {"path": _absolute(self.model)}
        if self.refit:
            tree["train"] = {"refit_on_all": True}
        return build_recipe(tree, overrides=self.overrides, where="the command line")


@dataclass
class Decisions:
    """What was decided, in order, for the screen, the report and plan.json."""

    journal: Journal
    made: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, value: Any, why: str, overrule: str) -> None:
        """Note a decision and say it."""
        made = {"what": what, "value": value, "why": why, "overrule": overrule}
        self.made.append(made)
        self.journal.events.emit("decided", **made)


def decide(asked: Recipe, folder: RunFolder, journal: Journal, *, minutes: float | None = None) -> Recipe:
    """The resolved recipe: every column, the model, the lengths and the machine written out. Writes plan.json."""
    decisions = Decisions(journal)
    recipe, prepared = _decide_data(asked, folder, decisions)
    recipe, local = _decide_model(recipe, prepared, decisions)
    if local:
        recipe = _decide_lengths(recipe, prepared, load_tokenizer(local), decisions)
        recipe = _decide_training(recipe, prepared, local, decisions)
    runtime = probe_runtime(recipe.runtime, num_ranks=int(os.environ.get("WORLD_SIZE", "1")))
    decisions.add(
        "machine", f"{runtime.device}, {runtime.threads} threads, float32 products: {runtime.matmul}",
        "measured on this machine", "--set runtime.threads=N",
    )  # fmt: skip
    recipe = recipe.model_copy(update={"runtime": runtime})
    if local and minutes is not None:
        recipe = _decide_within(minutes, recipe, prepared, folder, decisions)
    write_json(
        folder.plan,
        {
            "source": prepared.source,
            "columns": asdict(prepared.columns),
            "task": prepared.task.kind,
            "language": prepared.columns.language,
            "model": _describe_model(local),
            "decisions": decisions.made,
        },
    )
    return recipe


def _decide_data(asked: Recipe, folder: RunFolder, decisions: Decisions) -> tuple[Recipe, Prepared]:
    asked = _keep_the_test_rows_of_an_earlier_run(asked, decisions)
    result, columns = inspect(asked)
    # A reason reads "text `body`: by its name. Overrule with --text."; what and how stand in fields of their own here.
    how = {name: why.split(": ", 1)[-1].split(" Overrule with")[0] for name, why in columns.reasons.items()}
    decisions.add(
        "file",
        f"{result.source.kind}, {result.source.encoding}",
        "; ".join(result.source.reasons),
        "--set data.read.encoding=NAME",
    )
    found = {
        name: getattr(columns, name) for name in ("text", "text_pair", "label", "group", "weight", "split", "baseline")
    }
    for name, column in found.items():
        if column is not None:
            decisions.add(name, column, how.get(name, ""), f"{_OPTIONS[name]}COLUMN")
    decisions.add("task", columns.kind, how.get("kind", how.get("task", "")), "--task classify|multi_label|regression")
    decisions.add("language", columns.language, how.get("language", ""), "--set data.columns.language=CODE")
    resolved = asked.data.columns.model_copy(
        update={**found, "task": columns.kind, "label_separator": columns.label_separator, "language": columns.language}
    )
    task = {"single_label": "classify"}.get(columns.kind, columns.kind)
    recipe = asked.model_copy(update={"data": asked.data.model_copy(update={"columns": resolved}), "task": task})
    prepared = prepare(recipe, folder, result=result)
    if result.quarantined:
        decisions.add(
            "quarantined", f"{len(result.quarantined)} of {result.read} rows",
            f"they could not be read; the first is line {result.quarantined[0].line}: {result.quarantined[0].detail}"
            if not recipe.report.private
            else f"they could not be read; the first is line {result.quarantined[0].line}",
            "see data/quarantine.jsonl",
        )  # fmt: skip
    if result.notes:
        first = result.notes[0]
        decisions.add(
            "noted", f"{len(result.notes)} cells",
            f"they are read, but not as they should be; the first is in row {first.line}"
            + ("" if recipe.report.private else f": {first.detail}"),
            "see data/ledger.parquet",
        )  # fmt: skip
    for finding in read_json(folder.audit)["findings"]:
        if finding["severity"] != "info":
            decisions.journal.events.emit(
                "finding", **{k: finding[k] for k in ("code", "severity", "count", "message")}
            )
    _require_enough(prepared)
    counts = {name: len(prepared.places(name)) for name in ("train", "validation", "test")}
    unlabelled = len(prepared.places(None))
    decisions.add(
        "split", counts, _how_divided(recipe, given=columns.split is not None),
        "--set split.test=0.2",
    )  # fmt: skip
    if unlabelled:
        decisions.add("unlabelled", unlabelled, "rows without an answer: they get one, with a confidence", "")
    return recipe, prepared


def _how_divided(recipe: Recipe, *, given: bool) -> str:
    if given and recipe.split.given == "use":
        return "given by the file"
    if recipe.split.by_time is not None:
        return f"by `{recipe.split.by_time}`: the newest rows are the test, those before them the validation"
    return "by seed, with duplicates and groups kept together"


def _keep_the_test_rows_of_an_earlier_run(asked: Recipe, decisions: Decisions) -> Recipe:
    """A model that goes on from an earlier run is tested on that run's test rows, which it has never been trained on."""
    if asked.model.path is None or asked.split.from_run is not None:
        return asked
    earlier = RunFolder(Path(asked.model.path).parent)
    if Path(asked.model.path) != earlier.bundle or not earlier.rows.exists():
        return asked
    decisions.add(
        "from_run",
        str(earlier.path),
        "the model goes on from this run, so its rows stay in their splits",
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


def _decide_model(recipe: Recipe, prepared: Prepared, decisions: Decisions) -> tuple[Recipe, LocalModel | None]:
    if recipe.model.path == "none":
        return recipe, None
    language = prepared.columns.language
    local, why = _find_model(recipe, language, decisions.journal)
    if local is not None:
        sample = _sample(prepared)
        fit = tokenizer_fit(load_tokenizer(local), sample, max_length=recipe.encode.max_length or 512)
        decisions.journal.say("tokenizer_fit", model=local.name, **asdict(fit))
        if fit.unknown_share > MOST_UNKNOWN:
            names = ", ".join(entry.hub_id for entry in suggest(language)[:3])
            why = (
                f"{local.name} can't read this text: {fit.unknown_share:.0%} of its tokens are unknown to it, at most "
                f"{MOST_UNKNOWN:.0%} are acceptable. Models that can: {names}. With a connection, fetch one with "
                f"`--model {suggest(language)[0].hub_id}`; without, give a local folder with `--model FOLDER`"
            )
            local = None
    if local is None:
        decisions.add("model", "none", why, "--model FOLDER_OR_HUB_ID")
        return recipe.model_copy(update={"model": recipe.model.model_copy(update={"path": "none"})}), None
    if recipe.model.digest and recipe.model.digest != local.weights_digest:
        raise ModelError(
            f"{recipe.model.path}: these are not the weights that the recipe names (found {local.weights_digest}, "
            f"expected {recipe.model.digest}). Take `model.digest` out of the recipe to go on with them."
        )
    licence = f"licence {local.license or 'not stated'}"
    decisions.add("model", local.name, f"{why}; {licence}", "--model FOLDER_OR_HUB_ID")
    if is_noncommercial(local.license):
        decisions.journal.say("non_commercial", model=local.name, license=local.license)
    model = recipe.model.model_copy(
        update={
            "path": recipe.model.path or local.reference,
            "revision": local.revision,
            "digest": local.weights_digest,
        }
    )
    return recipe.model_copy(update={"model": model}), local


def _find_model(recipe: Recipe, language: str, journal: Journal) -> tuple[LocalModel | None, str]:
    """The model that was asked for, or the best that is at hand for a language; None with the reason."""
    if recipe.model.path:
        announce = lambda message: journal.say("download", message=message)  # noqa: E731
        return resolve(recipe.model.path, revision=recipe.model.revision, announce=announce), "as asked for"
    for entry in suggest(language):
        local = find_local(entry.hub_id)
        if local:
            return local, f"fits {language} and is on this machine"
    try:
        # Whether it can read the text is for its tokenizer to say: see the check that follows.
        return resolve("starter"), "the small English model that comes with Tunewright; others: tunewright models list"
    except MissingExtraError as error:
        names = ", ".join(entry.hub_id for entry in suggest(language)[:3])
        return None, f"no model is on this machine ({error}). Good ones for {language}: {names}"


def _decide_lengths(recipe: Recipe, prepared: Prepared, tokenizer: Tokenizer, decisions: Decisions) -> Recipe:
    if recipe.encode.max_length is not None:
        return recipe
    lengths = np.array(tokenizer.lengths(*_sample_pairs(prepared)))
    wanted = int(np.percentile(lengths, 99)) if len(lengths) else 8
    limit = tokenizer.max_length
    chosen = int(min(limit, max(8, -(-wanted // 8) * 8)))
    share = float((lengths > chosen).mean())
    decisions.add(
        "max_length", chosen, f"tokens; 99 of 100 texts fit, {share:.1%} are cut; the model's limit is {limit}",
        "--set encode.max_length=N",
    )  # fmt: skip
    return recipe.model_copy(update={"encode": recipe.encode.model_copy(update={"max_length": chosen})})


def _decide_training(recipe: Recipe, prepared: Prepared, local: LocalModel, decisions: Decisions) -> Recipe:
    train, optimizer = recipe.train, recipe.optimizer
    rows = len(prepared.places("train"))
    if train.epochs is None and train.steps is None:
        epochs = default_epochs(rows, num_labels=len(prepared.labels))
        train = train.model_copy(update={"epochs": float(epochs)})
        decisions.add(
            "epochs", epochs, f"{rows} training rows, {len(prepared.labels)} labels; stops early if it can",
            "--set train.epochs=N",
        )  # fmt: skip
    if isinstance(optimizer, AdamWConfig) and "learning_rate" not in optimizer.model_fields_set:
        rate = default_learning_rate(local.num_parameters)
        head = optimizer.head_learning_rate_factor
        if "head_learning_rate_factor" not in optimizer.model_fields_set:
            head = NEW_HEAD_FACTOR
        optimizer = optimizer.model_copy(update={"learning_rate": rate, "head_learning_rate_factor": head})
        decisions.add(
            "learning_rate", f"{rate:g}",
            f"a model of {local.num_parameters / 1e6:.0f} M parameters; its new head has {head:g} times that",
            "--set optimizer.learning_rate=N",
        )  # fmt: skip
    return recipe.model_copy(update={"train": train, "optimizer": optimizer})


def _decide_within(
    minutes: float, recipe: Recipe, prepared: Prepared, folder: RunFolder, decisions: Decisions
) -> Recipe:
    """Fewer epochs, and no cross-validation, where the forecast says that the time would not do."""
    base = load_base(recipe, prepared, folder, machine=prepare_machine(recipe.runtime), world=World())
    train, validation = prepared.places("train"), prepared.places("validation")
    forecast = forecast_training(make_plan(base, recipe, prepared, train=train, validation=validation))
    seconds = 60 * minutes
    evaluate, settings = recipe.evaluate, recipe.train
    crossed = evaluate.cross_validation
    if len(prepared.labelled()) < crossed.below_rows and forecast.seconds * (1 + crossed.folds) > seconds:
        evaluate = evaluate.model_copy(update={"cross_validation": crossed.model_copy(update={"below_rows": 0})})
        decisions.add(
            "cross_validation",
            "none",
            f"{crossed.folds} more fits would not fit into {minutes:g} minutes",
            "--minutes M",
        )
    if forecast.seconds > seconds and settings.epochs is not None:
        epochs = max(1.0, float(int(settings.epochs * seconds / forecast.seconds)))
        settings = settings.model_copy(update={"epochs": epochs})
        decisions.add(
            "epochs", epochs, f"{minutes:g} minutes; {forecast.seconds / 60:.0f} would be needed for all", "--minutes M"
        )
    return recipe.model_copy(update={"evaluate": evaluate, "train": settings})


def default_epochs(num_rows: int, *, num_labels: int) -> int:
    """Passes over the training rows: about 300 steps of 32 rows and 25 more for each label, but 3 passes at least, 10 at most."""
    steps = 300 + 25 * num_labels
    return int(min(10, max(3, round(steps * 32 / max(num_rows, 1)))))


def default_learning_rate(num_parameters: int) -> float:
    """AdamW's rate by size: small encoders take, and need, a higher one. Measured for MiniLM (lab/LOG.md), else custom."""
    if num_parameters < 50e6:
        return 1e-4
    return 5e-5 if num_parameters < 200e6 else 2e-5


def _sample(prepared: Prepared) -> list[str]:
    return _sample_pairs(prepared)[0]


def _sample_pairs(prepared: Prepared) -> tuple[list[str], list[str] | None]:
    places = np.unique(np.linspace(0, len(prepared.rows) - 1, min(len(prepared.rows), FIT_SAMPLE)).astype(int))
    pairs = [prepared.pairs[i] for i in places] if prepared.pairs else None
    return [prepared.texts[i] for i in places], pairs


def _describe_model(local: LocalModel | None) -> dict[str, Any] | None:
    if local is None:
        return None
    return {
        "name": local.name, "license": local.license, "size_bytes": local.size_bytes, "digest": local.weights_digest,
        "revision": local.revision,
    }  # fmt: skip


def _absolute(model: str) -> str:
    """A local folder as an absolute path, so that the recipe works from anywhere; names stay as they are."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model

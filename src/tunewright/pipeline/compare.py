"""`tunewright compare RUN RUN...`: is one run better than another, by how much, on which rows, and at what cost?

Reads what the runs have left (predictions, costs, recipes) and loads no model. Runs whose recipes differ in their seed alone
are one recipe with several seeds.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunewright.core.errors import DataError, nearest
from tunewright.data.sources import SourceFormat, write_like
from tunewright.evaluate import Comparison, Score, compare, holm, metrics_for, score
from tunewright.evaluate.changed import Change, Changes, changes
from tunewright.evaluate.predictions import Predictions
from tunewright.evaluate.seeds import Layout, SeedScore, compare_recipes, layout_of, score_seeds
from tunewright.evaluate.test_ledger import history
from tunewright.metrics import METRICS
from tunewright.pipeline.candidates import (
    BUNDLES,
    Candidate,
    Split,
    common_rows,
    differing_settings,
    find_candidate,
    named,
    with_places,
)
from tunewright.pipeline.measure import measure_bundles

if TYPE_CHECKING:  # it brings torch, which comparing does without
    from tunewright.pipeline.journal import Listener

MOST_CHANGED = 100
"""Rows of each kind of change and pair that the JSON holds; `--changed FILE` has them all."""
CHANGES: tuple[Change, ...] = ("gained", "lost", "other")
MEASURED_ROWS = 256
"""Texts that time and memory are measured on."""


CHANGED_COLUMNS = (
    "row_id", "path", "line", "system_a", "system_b", "change", "gold", "a", "b", "confidence_a", "confidence_b", "text",
    "text_pair",
)  # fmt: skip
"""Of the file that `write_changed` writes."""


@dataclass(frozen=True, kw_only=True)
class ComparedRun:
    """One run: what it scores on the rows that all have, and what it costs."""

    name: str
    path: str
    system: str
    """What of the run answers: its model, or another system where a file of predictions was named."""
    seed: int | None
    scores: list[Score]
    """Of the compared metrics, on the common rows."""
    rows: int
    """Rows with an answer in the run's own split; more than are compared where others lack some."""
    milliseconds_per_row: float | None
    megabytes: float | None
    training_seconds: float | None
    times_scored: int | None
    """How often the run's own test rows had been scored when it was evaluated."""


@dataclass(frozen=True, kw_only=True)
class ComparedRecipe:
    """Runs that differ in nothing but their seed."""

    name: str
    runs: list[int]
    """Places in `runs`."""
    chosen: int
    """The run that speaks for it where two models are looked at row by row: the one in the middle of its seeds."""
    settings: dict[str, Any]
    """What it says where the recipes differ, by dotted key; None for a key it does not have."""
    scores: list[SeedScore]


@dataclass(frozen=True, kw_only=True)
class ChangedBetween:
    """Rows that two recipes' chosen runs answer differently."""

    a: str
    b: str
    counts: dict[str, int | None]
    """gained, lost, other, both_right, both_wrong, same, n: what becomes of the rows when `b` takes the place of `a`."""
    rows: list[dict[str, Any]]
    """All of them, with file, line and texts (none of a private run)."""


@dataclass(frozen=True, kw_only=True)
class RunsComparison:
    """Everything that `compare` says."""

    kind: str
    split: Split
    metrics: list[str]
    """The first one decides."""
    higher_is_better: dict[str, bool]
    level: float
    n: int
    """Rows that all runs have answered."""
    left_out: dict[str, int]
    """Rows that are not compared: `not_in_all`, and `other_gold` where the runs disagree about what is right."""
    runs: list[ComparedRun]
    recipes: list[ComparedRecipe]
    comparisons: list[Comparison]
    """Each recipe against each other, by each metric; the p-values corrected (Holm) within a metric."""
    best: str
    """The recipe that measured best by the first metric."""
    not_shown_worse: list[str]
    """The others that are not shown to be worse than it."""
    changed: list[ChangedBetween]
    """The first recipe against each other one."""
    times_scored: int
    """How often just these rows have been scored, as far as this machine knows."""
    measured: dict[str, Any] | None
    """What `measure_runs` found; None where only the runs' own figures are known."""
    unit: str
    private: bool

    def to_json(self) -> dict[str, Any]:
        """One object for `--json` and for the page, with the first rows of each kind of change."""
        value = asdict(self)
        for pair in value["changed"]:
            pair["rows"] = [
                row for change in CHANGES
                for row in [row for row in pair["rows"] if row["change"] == change][:MOST_CHANGED]
            ]  # fmt: skip
        return value


def compare_runs(
    runs: Sequence[str | Path], *, metrics: Sequence[str] = (), split: Split = "test", level: float = 0.95,
    seed: int = 17, private: bool = False, measure: bool = False, listener: Listener | None = None,
) -> RunsComparison:  # fmt: skip
    """Compare two or more runs on the rows that all of them have answered.

    A run is a run folder, a model folder inside one, or a file of predictions. With `measure`, time and memory of the models
    are measured in turn; the listener hears when each is loaded. Raises FolderError for what is none of these,
    DataError where the runs have no row in common, answer different kinds of questions, or a metric does not fit.
    """
    if len(runs) < 2:
        raise DataError("compare needs two runs or more: tunewright compare RUN RUN")
    candidates = named([find_candidate(Path(run), split=split) for run in runs])
    rows, left_out = common_rows(candidates)
    candidates = [replace(one, predictions=one.predictions.only(rows)) for one in candidates]
    kind = candidates[0].predictions.kind
    chosen = _metrics(candidates, metrics)
    groups = _groups(candidates)
    recipes = [_recipe(candidates, places, chosen, level=level) for places in groups]
    settings = differing_settings(candidates, [recipe.chosen for recipe in recipes])
    recipes = [replace(one, settings=said) for one, said in zip(recipes, settings, strict=True)]
    comparisons = [
        comparison
        for metric in chosen
        for comparison in _compare_all(candidates, recipes, metric=metric, level=level, seed=seed)
    ]
    best, others = _standing(recipes, comparisons, chosen[0])
    private = private or any(one.settings.get("report.private") for one in candidates)
    first = recipes[0]
    return RunsComparison(
        kind=kind, split=split, metrics=chosen, level=level,
        measured=_measure(candidates, recipes, rows, listener) if measure else None,
        higher_is_better={metric: METRICS[metric].higher_is_better for metric in chosen}, n=len(rows), left_out=left_out,
        runs=[_describe(one, chosen, split=split, level=level, seed=seed) for one in candidates],
        recipes=recipes, comparisons=comparisons, best=best, not_shown_worse=others,
        changed=[
            _changed_between(candidates, first, other, private=private) for other in recipes[1:]
        ],
        times_scored=len(history(rows)) if split == "test" else 0,
        unit=str(next((one.evidence["text_unit"] for one in candidates if one.evidence.get("text_unit")), "texts")),
        private=private,
    )  # fmt: skip


def _metrics(candidates: Sequence[Candidate], wanted: Sequence[str]) -> list[str]:
    kind = candidates[0].predictions.kind
    fitting = metrics_for(kind)
    if not all(one.predictions.has_scores for one in candidates):
        fitting = [name for name in fitting if not {"label_scores", "set_scores"} & set(METRICS[name].functions)]
    for name in wanted:
        if name not in fitting:
            raise DataError(
                f"the metric `{name}` is not for these runs.{nearest(name, fitting)} Accepted: {', '.join(fitting)}."
            )
    if wanted:
        return list(dict.fromkeys(wanted))
    usual = [one.evidence.get(key) for one in candidates for key in ("primary_metric", "headline_metric")]
    return [metric for metric in dict.fromkeys(usual) if metric in fitting] or fitting[:1]


def _groups(candidates: Sequence[Candidate]) -> list[list[int]]:
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, one in enumerate(candidates):
        groups.setdefault(one.identity, []).append(place)
    return list(groups.values())


def _recipe(
    candidates: Sequence[Candidate], places: list[int], metrics: Sequence[str], *, level: float
) -> ComparedRecipe:
    scores = [score_seeds([candidates[i].predictions for i in places], metric, level=level) for metric in metrics]
    values = [value for value in scores[0].values if value is not None]
    middle = statistics.median_low(values) if len(values) == len(places) else None
    chosen = places[0] if middle is None else places[scores[0].values.index(middle)]
    return ComparedRecipe(name=candidates[places[0]].name, runs=places, chosen=chosen, settings={}, scores=scores)


def _compare_all(
    candidates: Sequence[Candidate], recipes: Sequence[ComparedRecipe], *, metric: str, level: float, seed: int
) -> list[Comparison]:
    """Every pair by one metric: two models by their rows, or two recipes by their seeds and rows where seeds are known."""
    runs = [[candidates[i].predictions for i in recipe.runs] for recipe in recipes]
    layouts: list[Layout | None] = [layout_of(of, metric) for of in runs]
    several = any(len(of) > 1 for of in runs)
    seedless = [recipe.name for recipe in recipes if candidates[recipe.chosen].system != "model"]
    found = []
    for a, b in itertools.combinations(range(len(recipes)), 2):
        one, other = recipes[a], recipes[b]
        if several:
            others = [of for i, of in enumerate(layouts) if i not in (a, b) and of is not None]
            first, second = (_chosen_first(recipe, candidates) for recipe in (one, other))
            found.append(
                compare_recipes(
                    first, second, metric=metric, seed=seed, level=level, others=others, seedless=seedless,
                    system_a=one.name, system_b=other.name,
                )
            )  # fmt: skip
        else:
            found.append(
                compare(
                    candidates[one.chosen].predictions, candidates[other.chosen].predictions, metric=metric, seed=seed,
                    level=level, system_a=one.name, system_b=other.name,
                )
            )  # fmt: skip
    return holm(found)


def _chosen_first(recipe: ComparedRecipe, candidates: Sequence[Candidate]) -> list[Predictions]:
    places = [recipe.chosen, *(i for i in recipe.runs if i != recipe.chosen)]
    return [candidates[i].predictions for i in places]


def _standing(
    recipes: Sequence[ComparedRecipe], comparisons: Sequence[Comparison], metric: str
) -> tuple[str, list[str]]:
    """The recipe that measured best, and those that are not shown to be worse."""
    sign = 1 if METRICS[metric].higher_is_better else -1

    def measured(recipe: ComparedRecipe) -> float:
        value = recipe.scores[0].value
        return -float("inf") if value is None else sign * value

    best = max(recipes, key=measured).name
    beaten = {
        c.system_b if c.verdict == "a_better" else c.system_a
        for c in comparisons
        if c.metric == metric and c.verdict != "no_difference_shown" and best in (c.system_a, c.system_b)
    }
    return best, [recipe.name for recipe in recipes if recipe.name not in {best, *beaten}]


def _describe(one: Candidate, metrics: Sequence[str], *, split: Split, level: float, seed: int) -> ComparedRun:
    costs = (one.evidence.get("costs") or {}).get(one.system) or {}
    scores = score(one.predictions, split=split, system=one.system, seed=seed, level=level, metrics=metrics)
    own = [s for metric in metrics for s in scores if s.metric == metric and s.slice is None]
    return ComparedRun(
        name=one.name, path=str(one.path), system=one.system, seed=one.settings.get("train.seed"), scores=own,
        rows=len(one.predictions.labelled), milliseconds_per_row=costs.get("milliseconds_per_row"),
        megabytes=costs.get("megabytes"), training_seconds=costs.get("training_seconds"),
        times_scored=(one.evidence.get("test_ledger") or {}).get("times_scored"),
    )  # fmt: skip


def _measure(
    candidates: Sequence[Candidate], recipes: Sequence[ComparedRecipe], rows: Sequence[str], listener: Listener | None
) -> dict[str, Any] | None:
    """Of one run of each recipe that has left a model; None where none has, or no texts are left to measure on."""
    some = [rows[i] for i in sorted({round(i) for i in _evenly(len(rows), MEASURED_ROWS)})]
    texts = with_places([{"row_id": row_id} for row_id in some], candidates, private=False)
    texts = [row for row in texts if row["text"] is not None]
    chosen = [candidates[recipe.chosen] for recipe in recipes]
    bundles = {
        one.name: one.folder.bundle_of(one.system)
        for one in chosen
        if one.folder is not None and one.system in BUNDLES.values() and one.folder.bundle_of(one.system).exists()
    }
    if not bundles or not texts:
        return None
    pairs = [row["text_pair"] for row in texts]
    return measure_bundles(
        bundles, [row["text"] for row in texts], pairs=None if None in pairs else pairs,
        said=lambda name: listener({"kind": "notice", "code": "measuring", "name": name}) if listener else None,
    ).to_json()  # fmt: skip


def _evenly(rows: int, most: int) -> list[float]:
    return [i * (rows - 1) / max(1, min(rows, most) - 1) for i in range(min(rows, most))]


def write_changed(found: RunsComparison, path: Path) -> int:
    """Every row that is answered differently, one line for each pair of recipes, as CSV; gives how many lines."""
    columns: dict[str, list[Any]] = {name: [] for name in CHANGED_COLUMNS}
    for pair in found.changed:
        for row in pair.rows:
            for name in CHANGED_COLUMNS:
                columns[name].append(row.get(name) if name not in ("system_a", "system_b") else getattr(pair, name[-1]))
    write_like(SourceFormat(kind="csv", delimiter=","), path, columns)
    return len(columns["row_id"])


def _changed_between(
    candidates: Sequence[Candidate], a: ComparedRecipe, b: ComparedRecipe, *, private: bool
) -> ChangedBetween:
    found = changes(candidates[a.chosen].predictions, candidates[b.chosen].predictions)
    rows = with_places([asdict(row) for row in found.rows], candidates, private=private)
    return ChangedBetween(a=a.name, b=b.name, counts=_counts(found), rows=rows)


def _counts(found: Changes) -> dict[str, int | None]:
    return {
        **{change: found.count(change) for change in CHANGES}, "both_right": found.both_right,
        "both_wrong": found.both_wrong, "same": found.n - len(found.rows), "n": found.n,
    }  # fmt: skip

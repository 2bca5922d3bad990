"""The evidence: every system scored on the same test rows, compared in pairs, and a recommendation that follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunewright.core.errors import FolderError
from tunewright.core.folder import RunFolder, read_json, write_json
from tunewright.evaluate import (
    Comparison,
    Predictions,
    Score,
    compare,
    holm,
    read_predictions,
    score,
    value_of,
)
from tunewright.evaluate.test_ledger import history, record
from tunewright.metrics import METRICS, TextMetric, confusion_matrix
from tunewright.models.catalog import suggest
from tunewright.pipeline.confidence import confidence_evidence
from tunewright.pipeline.errors import describe_errors
from tunewright.pipeline.fine_tune import Tuned
from tunewright.pipeline.groups import gaps_in
from tunewright.pipeline.measures import measures_of
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.recommend import recommend, recommend_only
from tunewright.pipeline.request import Request
from tunewright.pipeline.slices import Features, slices_in
from tunewright.pipeline.teaching import primary_metric
from tunewright.recipe import Recipe
from tunewright.tasks import RowTask

SYSTEMS = ("model", "earlier", "frozen", "tfidf", "base", "dictionary", "nearest", "copy", "current", "majority")
CROSSED = ("model_cv", "frozen_cv", "tfidf_cv")
USABLE = ("model", "frozen", "tfidf")
"""Systems that can be saved as a model folder."""
HEADLINE = {"single_label": "accuracy", "multi_label": "accuracy", "regression": "mae"}


def judge(
    recipe: Recipe, prepared: Prepared, folder: RunFolder, tuned: Tuned | None, request: Request, *,
    features: Features | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write scores.json and evidence.json from the predictions that are there, and return the evidence.

    `features` are those of the pretrained model, by which texts are known to be alike.
    """
    test = _read(folder, "test")
    validation = _read(folder, "validation")
    crossed = _read(folder, "cv", names=CROSSED)
    settings = recipe.evaluate
    metric, measures = primary_metric(recipe, prepared), measures_of(recipe)

    scores: list[Score] = []
    for split, systems in (("test", test), ("validation", validation), ("cv", crossed)):
        for system, predictions in systems.items():
            scores += score(
                predictions,
                split=split,
                system=system,
                seed=settings.seed,
                level=settings.level,
                resamples=settings.resamples,
                metrics=prepared.task.measured_by,
                texts=measures,
            )
    scores += _with_and_without_leaks(test, prepared, recipe, measures)
    main = "model" if "model" in test else "tfidf"
    headline = HEADLINE.get(prepared.task.kind, metric) if prepared.task.measured_by is None else "perplexity"
    comparisons = [
        comparison
        for metric_compared in dict.fromkeys((headline, metric))
        for comparison in _compare_all(test, main, metric=metric_compared, recipe=recipe, measures=measures)
    ]
    if "model_cv" in crossed:
        comparisons += _compare_all(crossed, "model_cv", metric=metric, recipe=recipe, measures=measures)
    choose = recommend if isinstance(prepared.task, RowTask) else recommend_only
    recommendation = choose(
        [c for c in comparisons if c.metric == metric],
        measured={system: value_of(test[system], metric, texts=measures) for system in USABLE if system in test},
        higher_is_better=METRICS[metric].higher_is_better,
    )
    test_ids = test[main].row_ids if main in test else []
    evidence: dict[str, Any] = {
        "kind": prepared.task.kind,
        "task": prepared.task.name,
        "labels": prepared.labels,
        "text_unit": recipe.report.unit or "texts",
        "primary_metric": metric,
        "headline_metric": headline,
        "system": main,
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "recommended": recommendation.system,
        "recommendation": asdict(recommendation),
        "cheapest": "tfidf" if "tfidf" in test else main,
        "costs": _costs(folder, tuned),
        "test_ledger": _note_in_test_ledger(test_ids, request),
        "cross_validation": _cross_validation(recipe, crossed, scores, metric),
        "trained": _how_trained(tuned, recipe),
    }
    shown = test.get(main)
    if shown is not None and len(shown) and main in validation:
        evidence |= confidence_evidence(shown, validation[main], scores, system=main, recipe=recipe)
    if prepared.labels:
        evidence["weakest"] = _weakest(scores, main)
    if shown is not None and prepared.task.kind == "single_label":
        evidence["confusion"] = _confusion(shown)
    if shown is not None:
        evidence["min_group_rows"] = settings.min_group_rows
        evidence["groups"] = [asdict(one) for one in gaps_in(shown, prepared.rows, recipe)]
        slices = slices_in(shown, prepared, recipe, features=features)
        evidence["slices"] = None if slices is None else asdict(slices)
        evidence |= describe_errors(shown, prepared, folder, private=recipe.report.private, features=features)
    evidence["next_step"] = _next_step(evidence, scores, folder, language=prepared.columns.language)
    write_json(folder.scores, [asdict(s) for s in scores])
    write_json(folder.evidence, evidence)
    return evidence


def _with_and_without_leaks(
    test: dict[str, Predictions], prepared: Prepared, recipe: Recipe, measures: Mapping[str, TextMetric]
) -> list[Score]:
    """Scores of the test rows that also stood in train when the file was read, and of those that did not.

    The gate has taken their copies out of train before training, so these say what the leak would have been worth. Near
    duplicates stay in train unless the recipe drops them.
    """
    exact, near = (set(prepared.leaked[name]) for name in ("exact", "near"))
    if not exact and not near:
        return []
    settings = recipe.evaluate
    found: list[Score] = []
    for system, predictions in test.items():
        slice_of = ["leaked" if i in exact else "near_leaked" if i in near else "clean" for i in predictions.row_ids]
        for name in ("clean", "leaked", "near_leaked"):
            if name in slice_of:
                some = predictions.table.filter(pa.array([of == name for of in slice_of]))
                scores = score(
                    Predictions(table=some, kind=predictions.kind, labels=predictions.labels), split="test", system=system,
                    seed=settings.seed, level=settings.level, resamples=settings.resamples, texts=measures,
                )  # fmt: skip
                found += [replace(one, slice=name) for one in scores if one.slice is None]
    return found


def _note_in_test_ledger(row_ids: list[str], request: Request) -> dict[str, Any]:
    """How often these test rows have been scored; a home that can't be written costs the count and not the run."""
    try:
        return {"times_scored": record(row_ids, request.digest), "history": history(row_ids)}
    except FolderError as error:
        return {"times_scored": None, "history": [], "reason": str(error)}


def _compare_all(
    test: dict[str, Predictions], main: str, *, metric: str, recipe: Recipe, measures: Mapping[str, TextMetric]
) -> list[Comparison]:
    """The main system against each other one, and frozen features against word counting, which a recommendation may
    turn on; the p-values adjusted for the number of tests.
    """
    settings = recipe.evaluate
    pairs = [(main, other) for other in test if other != main]
    pairs += [("frozen", "tfidf")] if {"frozen", "tfidf"} <= test.keys() and main == "model" else []
    return holm(
        [
            compare(
                test[one], test[other], metric=metric, seed=settings.seed, system_a=one, system_b=other,
                level=settings.level, texts=measures,
            )
            for one, other in pairs
        ]
    )  # fmt: skip


def _read(folder: RunFolder, split: str, *, names: Sequence[str] = SYSTEMS) -> dict[str, Predictions]:
    paths = {name: folder.predictions(name, split) for name in names}
    return {name: read_predictions(path) for name, path in paths.items() if path.exists()}


def _costs(folder: RunFolder, tuned: Tuned | None) -> dict[str, dict[str, float]]:
    costs = {"tfidf": {"megabytes": _megabytes(folder.baseline_bundle)}} if folder.baseline_bundle.exists() else {}
    if tuned:
        size = sum(tensor.numel() * tensor.element_size() for tensor in tuned.model.state_dict().values())
        costs["model"] = {
            "megabytes": round(size / 1e6, 1),
            "training_seconds": round(tuned.fitted.seconds, 1),
            "milliseconds_per_row": round(tuned.milliseconds_per_row, 2),
        }
        pretrained = {"megabytes": round(tuned.base.local.size_bytes / 1e6, 1)}
        if folder.frozen_head.exists():
            costs["frozen"] = {**pretrained, **read_json(folder.frozen_head / "cost.json")}
        else:
            costs["base"] = pretrained
    return costs


def _megabytes(folder: Path) -> float:
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 1)


def _confusion(shown: Predictions) -> dict[str, Any]:
    rows = shown.labelled
    matrix = confusion_matrix(rows.gold_index_N, rows.prediction_index_N, len(rows.names))
    return {"labels": list(rows.names), "matrix": np.asarray(matrix).tolist()}


def _weakest(scores: list[Score], system: str) -> dict[str, Any] | None:
    f1 = [
        s for s in scores
        if s.metric == "f1" and s.system == system and s.split == "test" and s.slice and s.value is not None
    ]  # fmt: skip
    if not f1:
        return None
    worst = min(f1, key=lambda s: s.value if s.value is not None else 1.0)
    # F1 is about rows of the class and rows taken for it; recall alone counts what people mean by "rows of the class".
    n = next(
        (s.n for s in scores if (s.metric, s.slice, s.system, s.split) == ("recall", worst.slice, system, "test")), 0
    )
    label = (worst.slice or "").removeprefix("label=")
    return {"label": label, "metric": "f1", "value": worst.value, "low": worst.low, "high": worst.high, "n": n}


def _cross_validation(
    recipe: Recipe, crossed: dict[str, Predictions], scores: list[Score], metric: str
) -> dict[str, Any] | None:
    if "model_cv" not in crossed:
        return None
    of = {s.system: asdict(s) for s in scores if s.split == "cv" and s.metric == metric and s.slice is None}
    return {"folds": recipe.evaluate.cross_validation.folds, "metric": metric, "scores": of}


def _how_trained(tuned: Tuned | None, recipe: Recipe) -> dict[str, Any] | None:
    if tuned is None:
        return None
    length = tuned.fitted.length
    return {
        "best_epoch": tuned.fitted.best_step / length.steps_per_epoch,
        "epochs": tuned.fitted.progress.step / length.steps_per_epoch,
        "steps": tuned.fitted.progress.step,
        "refit_on_all": recipe.train.refit_on_all,
    }


def _next_step(evidence: dict[str, Any], scores: list[Score], folder: RunFolder, *, language: str) -> dict[str, Any]:
    """The one thing most worth doing next, by plain rules in the order of what costs results most."""
    if evidence["trained"] is None and (models := suggest(language)):
        return {"code": "fetch_model", "model": models[0].hub_id}
    findings = {finding["code"]: finding for finding in read_json(folder.audit)["findings"]}
    if "contradictions" in findings and findings["contradictions"]["count"] >= 10:
        return {"code": "settle_contradictions", "count": findings["contradictions"]["count"]}
    if evidence["kind"] in ("text", "spans"):
        ahead = [c["system_b"] for c in evidence["comparisons"] if c["verdict"] == "b_better"]
        if ahead:
            return {"code": "not_better", "system": ahead[0]}
        if evidence["task"] == "masked":
            return {"code": "take_further", "model": f"{folder.path.name}/{folder.bundle.name}"}
        if evidence["kind"] == "text":
            return {"code": "read_answers"}
    weakest = evidence.get("weakest")
    if weakest and weakest["n"] < 30:
        return {"code": "label_more_of_class", "label": weakest["label"], "count": weakest["n"]}
    if weakest and weakest["value"] is not None and weakest["value"] < 0.7:
        return {"code": "look_at_class", "label": weakest["label"]}
    headline = next(
        (s for s in scores if s.metric == evidence["headline_metric"] and s.split == "test" and s.system in USABLE),
        None,
    )
    if headline and headline.n < 300:
        return {"code": "enlarge_test", "count": headline.n}
    if evidence["recommended"] == "tfidf":
        return {"code": "use_cheapest"}
    if evidence["recommended"] == "frozen":
        return {"code": "use_frozen"}
    return {"code": "review_errors"}

"""Suspected label errors: each row is judged by simple models that have seen neither it nor a duplicate of it.

Word counting always judges; where features of a pretrained model are at hand, a linear model over them does so as well,
and the mean of both counts. Both are fitted on the other folds, so this costs about five times a baseline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tunewright.core.folder import RunFolder, write_json
from tunewright.data.audit import AuditConfig
from tunewright.data.audit.records import SHOWN_ROWS
from tunewright.data.audit.suspects import Judge, Suspects, find_suspects, judgeable
from tunewright.data.keys import Kind
from tunewright.data.split import folds
from tunewright.evaluate.predictions import log_softmax, sigmoid
from tunewright.pipeline.describe import describe_findings, describe_suspects
from tunewright.pipeline.journal import Journal
from tunewright.pipeline.prepare import Prepared
from tunewright.probes import ProbesConfig, fit_frozen, fit_tfidf
from tunewright.recipe import Recipe
from tunewright.tasks import row_task

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Features = Callable[[Rows], npt.NDArray[np.float32]]
"""Places in the table to features of a pretrained model that was not trained."""

MOST_STORED = 200
"""Suspects that a run folder keeps; `data audit --relabel` writes them all."""
FOLDS = 5
SEED = 17


def suspects_of(
    fields: pa.Table, *, kind: Kind, near_groups: Sequence[Sequence[str]], config: AuditConfig,
    probes: ProbesConfig | None = None, features: Features | None = None,
) -> Suspects | None:  # fmt: skip
    """The suspects of a fields table; None for numbers, without two classes, or where the recipe does not want them."""
    probes = probes or ProbesConfig()
    if not config.label_errors or kind in ("regression", "text"):
        return None
    task = row_task(kind)
    rows = judgeable(fields, kind=kind, most=config.label_error_rows)
    labels = task.find_labels(rows.answers)
    if len(labels) < 2 or len(rows.answers) < 2 * FOLDS:
        return None
    taken = fields.take(pa.array(rows.places))
    fold_of_N = np.array(folds(taken, kind=kind, k=FOLDS, seed=SEED, near_groups=near_groups))
    targets = task.targets(rows.answers, labels)
    texts, pairs = _column(taken, "text"), _column(taken, "text_pair") if "text_pair" in taken.column_names else None

    def words(train: Rows, held_out: Rows) -> Floats:
        probe = fit_tfidf(
            [texts[i] for i in train], targets[train], kind=task.kind, labels=labels,
            pairs=None if pairs is None else [pairs[i] for i in train], config=probes.tfidf,
        )  # fmt: skip
        return probe.logits([texts[i] for i in held_out], pairs=None if pairs is None else [pairs[i] for i in held_out])

    judged = [probabilities(out_of_fold(fold_of_N, words, num_outputs=len(labels)), kind=kind)]
    judge: Judge = "tfidf"
    if features is not None:
        features_NH = features(rows.places)

        def frozen(train: Rows, held_out: Rows) -> Floats:
            probe = fit_frozen(features_NH[train], targets[train], kind=task.kind, labels=labels, config=probes.frozen)
            return probe.logits(features_NH[held_out])

        judged.append(probabilities(out_of_fold(fold_of_N, frozen, num_outputs=len(labels)), kind=kind))
        judge = "both"
    return find_suspects(fields, rows, kind=kind, labels=labels, probabilities_NC=np.mean(judged, axis=0), judge=judge)


def look_for_suspects(
    recipe: Recipe, prepared: Prepared, folder: RunFolder, journal: Journal, *,
    features: Callable[[], npt.NDArray[np.float32]] | None,
) -> None:  # fmt: skip
    """Judge the labels of a run's rows, before and beside the model that is trained on them; writes suspects.json."""
    if folder.suspects.exists():
        return
    suspects = suspects_of(
        prepared.rows, kind=prepared.row_task.kind, near_groups=prepared.near_groups, config=recipe.data.audit,
        probes=recipe.probes, features=None if features is None else lambda places: features()[places],
    )  # fmt: skip
    value: dict[str, Any] = {"finding": None, "suspects": None, "private": recipe.report.private}
    if suspects is not None:
        # Without texts: the page takes them from the rows, so that they stand in one place only.
        value["suspects"] = describe_suspects(suspects, None, most=MOST_STORED)
        test = {prepared.row_ids[place] for place in prepared.places("test")}
        value["in_test"] = [
            {"row_id": one.row_id, "suggested": sorted(one.suggested)} for one in suspects.found if one.row_id in test
        ]
        if suspects.finding:
            (described,) = describe_findings([suspects.finding], prepared.rows, texts=False, most_rows=SHOWN_ROWS)
            value["finding"] = described
            shown = ("code", "severity", "count", "message", "values")
            journal.events.emit("finding", **{name: described[name] for name in shown})
    write_json(folder.suspects, value)


def out_of_fold(fold_of_N: Rows, fit_and_answer: Callable[[Rows, Rows], Floats], *, num_outputs: int) -> Floats:
    """Logits (N, C) of each row from a model fitted on the other folds: `fit_and_answer(train, held_out)`."""
    logits_NC = np.zeros((len(fold_of_N), num_outputs))
    for fold in np.unique(fold_of_N):
        held_out = np.flatnonzero(fold_of_N == fold)
        logits_NC[held_out] = fit_and_answer(np.flatnonzero(fold_of_N != fold), held_out)
    return logits_NC


def probabilities(logits_NC: Floats, *, kind: Kind) -> Floats:
    """Of one class among all, or of each label by itself."""
    return sigmoid(logits_NC) if kind == "multi_label" else np.exp(log_softmax(logits_NC))


def _column(table: pa.Table, name: str) -> list[Any]:
    return [text or "" for text in table.column(name).to_pylist()]

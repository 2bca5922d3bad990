"""What a run's mistakes look like: the worst ones, labels of test rows that may be wrong, and training rows that are like them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from tunewright.core.folder import RunFolder, read_json, write_json
from tunewright.evaluate import Predictions, confidence_of
from tunewright.evaluate.label_doubts import doubt_labels
from tunewright.evaluate.occlusion import what_mattered
from tunewright.evaluate.row_values import right
from tunewright.metrics import TEXT_METRICS
from tunewright.pipeline.asking import ask
from tunewright.pipeline.prepare import Prepared
from tunewright.pipeline.slices import Features
from tunewright.probes.nearest import NearestText, nearest_features
from tunewright.recipe import Recipe
from tunewright.serve import load, require_labeller
from tunewright.tasks import RowTask, TagTask

Json = dict[str, Any]

MOST_ERRORS = 100
NEAREST = 3
"""Training rows that are shown beside a mistake."""
MOST_COUNTED = 50_000
"""Training rows whose n-grams are counted to find the nearest; of more, so many evenly spaced ones."""
PERFECT_CHRF = 100.0 - 1e-9


def describe_errors(
    shown: Predictions, prepared: Prepared, folder: RunFolder, *, private: bool, features: Features | None
) -> Json:
    """`errors` and `label_doubts` of a system's test predictions, without texts in a private run.

    Training rows are found by `features` of the pretrained model, or by n-grams of characters where there are none.
    """
    rows = shown.labelled
    doubts = _doubts(rows, folder)
    place_of = {row_id: place for place, row_id in enumerate(prepared.row_ids)}
    errors = _errors(rows)
    near = _nearest([place_of[one["row_id"]] for one in errors], prepared, features=features)
    answers_are_texts = private and shown.kind == "text"
    for one, like in zip(errors, near, strict=True):
        one |= _row(place_of[one["row_id"]], prepared, private=private)
        one["doubted_by"] = doubts.get(one["row_id"], 0)
        one["nearest"] = [
            _row(place, prepared, private=private)
            | {"label": None if answers_are_texts else prepared.answers[place], "likeness": likeness}
            for place, likeness in like
        ]
        if answers_are_texts:
            one |= {"gold": None, "prediction": None}
    return {"errors": errors, "label_doubts": _summary(rows, doubts)}


def explain_errors(recipe: Recipe, prepared: Prepared, folder: RunFolder) -> None:
    """Add to the first mistakes in evidence.json which words they lean on, as the saved model says when it is asked again.

    Not in a private run, nor of a model that was trained on its test rows after it was measured.
    """
    evidence = read_json(folder.evidence)
    errors = evidence.get("errors", [])[: recipe.evaluate.explained_mistakes]
    bundle = folder.bundle_of(evidence["system"])
    if not errors or not isinstance(prepared.task, RowTask) or recipe.report.private or recipe.train.refit_on_all:
        return
    predictor = require_labeller(load(bundle), bundle)
    rows = [(one["text"], one["text_pair"]) if prepared.pairs else (one["text"],) for one in errors]
    for one, mattered in zip(errors, what_mattered(functools.partial(ask, predictor), rows), strict=True):
        one["mattered"] = [asdict(piece) for piece in mattered]
    write_json(folder.evidence, evidence)


def _doubts(rows: Predictions, folder: RunFolder) -> dict[str, int]:
    """By row id, how many doubt a test label: the system, and the judge of all labels if it would say the same. Neither has
    been trained on the row.
    """
    doubts = doubt_labels(rows)
    if doubts is None:
        return {}
    in_test = read_json(folder.suspects).get("in_test") or () if folder.suspects.exists() else ()
    judged = {one["row_id"]: one["suggested"] for one in in_test}
    return {row_id: 1 + (judged.get(row_id) == _as_list(other)) for row_id, other in doubts.suggested.items()}


def _summary(rows: Predictions, doubts: dict[str, int]) -> Json | None:
    """How many labels are doubted, and what share of the answers would be right if those that two doubt were wrong."""
    if not doubts:
        return None
    confirmed = np.array([doubts.get(row_id, 0) > 1 for row_id in rows.row_ids])
    is_right = right(rows)
    return {
        "found": len(doubts), "confirmed": int(confirmed.sum()), "n": len(rows), "right": float(is_right.mean()),
        "right_at_most": float((is_right | confirmed).mean()),
    }  # fmt: skip


def _nearest(places: Sequence[int], prepared: Prepared, *, features: Features | None) -> list[list[tuple[int, float]]]:
    """For each row the training rows that are most like it, and their cosines; none for spans, which are words in other texts."""
    train = prepared.places("train")
    if not len(places) or not len(train) or isinstance(prepared.task, TagTask):
        return [[] for _ in places]
    if features is not None:
        features_NF = features()
        found, cosines = nearest_features(features_NF[list(places)], features_NF[train], most=NEAREST)
    else:
        if len(train) > MOST_COUNTED:
            train = train[np.linspace(0, len(train) - 1, MOST_COUNTED).astype(np.int64)]
        memory = [_whole(prepared, place) for place in train]
        if not any(text.strip() for text in memory):
            return [[] for _ in places]
        found, cosines = NearestText(memory).find_several([_whole(prepared, place) for place in places], most=NEAREST)
    return [
        [(int(train[one]), round(float(cosine), 4)) for one, cosine in zip(row, of, strict=True)]
        for row, of in zip(found, cosines, strict=True)
    ]


def _errors(rows: Predictions) -> list[Json]:
    """Wrong answers, the worst first: the surest; numbers farthest off, texts most unlike gold, texts with most spans wrong."""
    order, confidence_N = _ORDERS[rows.kind](rows)
    gold, said, ids = rows.table.column("gold").to_pylist(), rows.table.column("prediction").to_pylist(), rows.row_ids
    return [
        {
            "row_id": ids[i], "gold": gold[i], "prediction": said[i],
            "confidence": None if confidence_N is None else float(confidence_N[i]),
        }
        for i in order[:MOST_ERRORS].tolist()
    ]  # fmt: skip


Order = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64] | None]
"""Places of wrong rows, the worst first; and how sure each row's answer was (N,), where that is known."""


def _surest(rows: Predictions) -> Order:
    if not rows.has_scores:
        return np.zeros(0, np.int64), None
    confidence_N, is_right_N = confidence_of(rows)
    order = np.argsort(-confidence_N, kind="stable")
    return order[~is_right_N[order]], confidence_N


def _farthest(rows: Predictions) -> Order:
    return np.argsort(-np.abs(rows.gold_value_N - rows.prediction_value_N), kind="stable"), None


def _most_unlike(rows: Predictions) -> Order:
    if rows.table.column("prediction").null_count == len(rows):
        return np.zeros(0, np.int64), None
    chrf = TEXT_METRICS["chrf"]
    likeness_N = chrf.combine(chrf.statistics(rows.asked, rows.said))
    order = np.argsort(likeness_N, kind="stable")
    return order[likeness_N[order] < PERFECT_CHRF], None


def _most_wrong(rows: Predictions) -> Order:
    spans = zip(rows.gold_spans, rows.prediction_spans, strict=True)
    wrong_N = np.array([len({*gold} ^ {*said}) for gold, said in spans], np.int64)
    order = np.argsort(-wrong_N, kind="stable")
    return order[wrong_N[order] > 0], None


_ORDERS: dict[str, Callable[[Predictions], Order]] = {
    "single_label": _surest, "multi_label": _surest, "regression": _farthest, "text": _most_unlike, "spans": _most_wrong,
}  # fmt: skip


def _row(place: int, prepared: Prepared, *, private: bool) -> Json:
    return {
        "row_id": prepared.row_ids[place], "origin": prepared.rows.column("origin")[place].as_py(),
        "text": None if private else prepared.texts[place],
        "text_pair": prepared.pairs[place] if prepared.pairs and not private else None,
    }  # fmt: skip


def _whole(prepared: Prepared, place: int) -> str:
    return f"{prepared.texts[place]} {prepared.pairs[place]}" if prepared.pairs else prepared.texts[place]


def _as_list(answer: str | list[str]) -> list[str]:
    return [answer] if isinstance(answer, str) else sorted(answer)

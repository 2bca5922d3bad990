"""What came of a search: trials in order, which of them can't be told from the best, and which fields mattered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tunewright.core.folder import RunFolder
from tunewright.evaluate import Predictions, compare, holm, read_predictions
from tunewright.metrics import METRICS
from tunewright.search.study import ENDED, Tried
from tunewright.search.worker import Workplace

SEED = 17


def results(place: Workplace) -> dict[str, Any]:
    """All that the table, the page and `--json` show, as plain values."""
    done = [one for one in place.study.trials if one.state in ENDED]
    complete = in_order([one for one in done if one.state == "complete"], place.metric)
    others = [one for one in done if one.state != "complete"]
    open_which = _not_shown_worse(place, complete)
    return {
        "folder": str(place.folder.path), "source": place.plan.recipe.data.path, "metric": place.metric,
        "how": place.plan.how, "validation_rows": len(place.prepared.places("validation")),
        "keys": [one.key for one in place.plan.dimensions],
        "trials": [
            *(asdict(one) | {"not_shown_worse": is_open} for one, is_open in zip(complete, open_which, strict=True)),
            *(asdict(one) | {"not_shown_worse": None} for one in others),
        ],
        "importances": [asdict(one) for one in place.study.importances()] if place.plan.how != "race" else [],
    }  # fmt: skip


def in_order(trials: Sequence[Tried], metric: str) -> list[Tried]:
    """Best first; of equal scores the one with the smaller loss."""
    sign = -1 if METRICS[metric].higher_is_better else 1
    return sorted(trials, key=lambda one: (sign * (one.value or 0.0), one.about["loss"], one.number))


def _not_shown_worse(place: Workplace, complete: Sequence[Tried]) -> list[bool]:
    """By the paired test of the best against each other one, after Holm."""
    if not complete:
        return []

    def predictions_of(tried: Tried) -> Predictions:
        folder = RunFolder(place.folder.trials / tried.about["folder"])
        return read_predictions(folder.predictions("model", "validation"))

    best = predictions_of(complete[0])
    compared = [compare(best, predictions_of(one), metric=place.metric, seed=SEED) for one in complete[1:]]
    return [True, *(comparison.verdict != "a_better" for comparison in holm(compared))]

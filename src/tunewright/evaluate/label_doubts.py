"""Labels of test rows that are probably wrong: confident learning on the scores of a system that has not seen the rows.

The surest mistakes of a good model are often mistakes of the labels, and each of them makes the model look worse than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tunewright.data.audit.label_errors import confident_learning, confident_learning_sets
from tunewright.data.audit.suspects import LEAST_ROWS
from tunewright.evaluate.predictions import Predictions


@dataclass(frozen=True, kw_only=True)
class LabelDoubts:
    """Which labels are doubted, and how many were looked at."""

    suggested: dict[str, Any]
    """By row id, the surest doubt first: the likelier answer, in gold's form. Of several labels, the row's own with one added or
    taken away."""
    judged: int
    """Rows with gold, but for those with a label that the system doesn't know or that has too few rows to tell how sure it
    usually is of them."""


def doubt_labels(test: Predictions) -> LabelDoubts | None:
    """The doubted labels among rows that the system has not seen; None without scores, or with fewer than two classes."""
    rows = test.labelled
    if rows.kind not in ("single_label", "multi_label") or not rows.has_scores or len(rows.labels) < 2:
        return None
    num_labels = len(rows.labels)
    scores_NC, gold = rows.scores_NC[:, :num_labels], rows.table.column("gold").to_pylist()
    if rows.kind == "multi_label":
        given_NC = rows.gold_sets_NC
        places = np.flatnonzero(~given_NC[:, num_labels:].any(axis=1))
        errors = confident_learning_sets(scores_NC[places], given_NC[places, :num_labels])
    else:
        given_N = rows.gold_index_N
        sizes_C = np.bincount(given_N, minlength=len(rows.names))
        places = np.flatnonzero((given_N < num_labels) & (sizes_C[given_N] >= LEAST_ROWS))
        errors = confident_learning(scores_NC[places], given_N[places])
    names = [rows.labels[c] for c in errors.suggested_N.tolist()]
    ids = rows.row_ids
    suggested = {ids[places[i]]: _instead(gold[places[i]], names[i]) for i in errors.ranked.tolist()}
    return LabelDoubts(suggested=suggested, judged=len(places))


def _instead(given: str | list[str], name: str) -> str | list[str]:
    if isinstance(given, str):
        return name
    return [label for label in given if label != name] if name in given else [*given, name]

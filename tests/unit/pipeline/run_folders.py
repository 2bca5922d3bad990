"""Run folders with what comparing reads of them: predictions, rows, recipe, evidence. No model is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.folder import RunFolder, write_json, write_text
from tunewright.evaluate import Predictions, from_answers, write_predictions

LABELS = ["neg", "pos"]


def answers_of(gold: Sequence[str], *, wrong: Sequence[int], first_id: int = 0) -> Predictions:
    """Right but for the places in `wrong`."""
    other = {"pos": "neg", "neg": "pos"}
    said = [other[label] if place in wrong else label for place, label in enumerate(gold)]
    ids = [f"row{first_id + place}" for place in range(len(gold))]
    return from_answers(ids, kind="single_label", labels=LABELS, gold=list(gold), answers=said)


def write_run(
    path: Path, predictions: Predictions, *, seed: int = 17, learning_rate: float = 1e-4, private: bool = False,
    system: str = "model", texts: Sequence[str] | None = None, milliseconds: float | None = None,
) -> Path:  # fmt: skip
    """A finished run whose model has given these answers to its test rows."""
    folder = RunFolder(path)
    write_predictions(predictions, folder.predictions(system, "test"))
    recipe: dict[str, Any] = {
        "task": "classify", "data": {"path": f"/data/{path.name}.csv"}, "train": {"seed": seed, "epochs": 3},
        "optimizer": {"name": "adamw", "learning_rate": learning_rate}, "runtime": {"threads": seed},
        "report": {"private": private},
    }  # fmt: skip
    write_json(folder.recipe, recipe)  # JSON is YAML
    write_json(folder.request, {"digest": path.name, "request": {"source_digest": "one"}})
    write_json(
        folder.evidence,
        {
            "system": system, "primary_metric": "accuracy", "headline_metric": "accuracy", "text_unit": "messages",
            "costs": {system: {"megabytes": 90.0, "milliseconds_per_row": milliseconds, "training_seconds": 60.0}},
            "test_ledger": {"times_scored": 2},
        },
    )  # fmt: skip
    ids = predictions.row_ids
    rows = {
        "row_id": ids,
        "text": list(texts) if texts else [f"the text of {row_id}" for row_id in ids],
        "origin": [{"path": f"/data/{path.name}.csv", "line": place + 2} for place in range(len(ids))],
    }
    folder.rows.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(rows), folder.rows)
    write_text(folder.finished, "{}")
    return path

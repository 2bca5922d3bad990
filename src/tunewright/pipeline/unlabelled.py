"""Rows without a label are normal: they get an answer and a confidence, in a file like the one they came from."""

from __future__ import annotations

import csv
import io

from tunewright.core.folder import RunFolder, read_json, write_text
from tunewright.evaluate import read_predictions
from tunewright.pipeline.prepare import Prepared


def predict_unlabelled(prepared: Prepared, folder: RunFolder, *, private: bool = False) -> None:
    """Write `predictions/unlabelled.csv` from the recommended system's predictions; nothing if every row has a label.

    With `private` the texts are left out: file and line say which they are.
    """
    found = folder.predictions(read_json(folder.evidence)["recommended"], "unlabelled")
    if not found.exists():
        return
    predictions = read_predictions(found)
    place_of = {row_id: i for i, row_id in enumerate(prepared.row_ids)}
    origins = prepared.rows.column("origin").to_pylist()
    scores = predictions.table.column("scores").to_pylist()
    answers = predictions.table.column("prediction").to_pylist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row_id", "path", "line", *([] if private else ["text"]), "prediction", "confidence"])
    for i, row_id in enumerate(predictions.row_ids):
        place = place_of[row_id]
        answer = answers[i]
        writer.writerow(
            [
                row_id, origins[place]["path"], origins[place]["line"], *([] if private else [prepared.texts[place]]),
                "|".join(answer) if isinstance(answer, list) else answer,
                "" if scores[i] is None else f"{max(scores[i]):.4f}",
            ]
        )  # fmt: skip
    # With a byte order mark, so that Excel reads Chinese as Chinese.
    write_text(folder.path / "predictions" / "unlabelled.csv", "\ufeff" + text.getvalue())

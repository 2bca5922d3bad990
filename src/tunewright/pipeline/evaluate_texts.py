"""`tunewright evaluate` with a model that writes: its answers to the rows of a file, scored against the file's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.data.shapes import Row, read_found, references
from tunewright.evaluate import Predictions
from tunewright.pipeline.predict_texts import shape_for
from tunewright.serve import WritingPredictor


@dataclass(frozen=True, kw_only=True)
class WrittenRows:
    """The answers of a model to a file's rows, and what became of the rows: read = answered + the two below."""

    predictions: Predictions
    rows: list[Row]
    """Those that were answered."""
    rows_read: int
    unreadable: int
    unlabelled: int


def answer_rows(predictor: WritingPredictor, path: Path, *, text: str | None, label: str | None) -> WrittenRows:
    """Raises DataError where no row of the file has an answer to hold the model's against."""
    read = read_found(shape_for(predictor, path, text=text, label=label))
    labelled = [row for row in read.rows if any(references(row))]
    if not labelled:
        raise DataError(f"{path}: no row has an answer, so there is nothing to score.")
    rows = [replace(row, row_id=row.row_id or str(place)) for place, row in enumerate(labelled)]
    return WrittenRows(
        predictions=predictor.predictions(rows, scored=True), rows=rows, rows_read=read.read,
        unreadable=len(read.refused), unlabelled=len(read.rows) - len(labelled),
    )  # fmt: skip

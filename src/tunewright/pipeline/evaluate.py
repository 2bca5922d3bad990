"""`tunewright evaluate`: a model's scores on a labelled file, with intervals."""

from __future__ import annotations

from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.data.columns import ColumnsConfig, find_columns, to_fields
from tunewright.data.sources import read
from tunewright.evaluate import Score, score
from tunewright.evaluate.test_ledger import record
from tunewright.serve import load
from tunewright.tasks import TASKS

SEED = 17


def evaluate_file(model: Path, path: Path, *, text: str | None = None, label: str | None = None) -> list[Score]:
    """All scores of a bundle on a file. The columns are those of training unless they are named."""
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    predictor = load(model)
    about = predictor.about
    result = read(path)
    names = set(result.table.column_names)

    def column(given: str | None, field: str) -> str | None:
        trained = about.columns.get(field)
        return given or (trained if trained in names else None)

    chosen = ColumnsConfig(
        text=column(text, "text"), text_pair=column(None, "text_pair"), label=column(label, "label"),
        task=TASKS[about.task].kind,
    )  # fmt: skip
    columns = find_columns(result.table, chosen=chosen)
    fields = to_fields(result.table, columns)
    if "label" not in fields.column_names:
        raise DataError(f"{path}: no column with answers was found. Name it with `--label COLUMN`.")
    answers = fields.column("label").to_pylist()
    labelled = fields.filter([answer is not None for answer in answers])
    if not len(labelled):
        raise DataError(f"{path}: column `{columns.label}` is empty on every row, so there is nothing to score.")
    row_ids = labelled.column("row_id").to_pylist()
    predictions = predictor.predictions(
        row_ids,
        labelled.column("text").to_pylist(),
        pairs=labelled.column("text_pair").to_pylist() if "text_pair" in labelled.column_names else None,
        gold=labelled.column("label").to_pylist(),
    )
    record(row_ids, about.recipe_digest)
    return score(predictions, split=path.name, system=about.system, seed=SEED)

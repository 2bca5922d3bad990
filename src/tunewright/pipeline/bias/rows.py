"""The user's own file: its rows with text, what the model says of them, and the groups that its columns name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from tunewright.bundle import About
from tunewright.core.errors import DataError
from tunewright.data.columns import find_columns, to_fields
from tunewright.data.keys import exact_keys
from tunewright.data.language import find_language
from tunewright.data.sources import ReadResult, read
from tunewright.evaluate import Predictions
from tunewright.pipeline.bias.found import FileAccount
from tunewright.pipeline.evaluate import answers_as_trained, columns_as_trained, note_in_test_ledger
from tunewright.pipeline.groups import cells_of
from tunewright.serve import Predictor


@dataclass(frozen=True, kw_only=True)
class FileRows:
    """The rows of a file that have text, with their predictions."""

    account: FileAccount
    raw: pa.Table
    texts: list[tuple[str, ...]]
    predictions: Predictions

    def groups(self, name: str) -> list[str | None]:
        """The cells of a column; None where one is empty."""
        return cells_of(self.raw, name, where=self.account.name)


def read_rows(
    predictor: Predictor, path: Path, *, text: str | None, text_pair: str | None, label: str | None
) -> FileRows:
    """The rows of a file, with or without answers. Raises DataError where no row has text."""
    about, result = predictor.about, read(path)
    chosen = columns_as_trained(result, about, text=text, text_pair=text_pair, label=label)
    # A column that is merely found would be one of the others: without the model's own, the rows have no answers.
    columns = find_columns(result.table, chosen=chosen.model_copy(update={"label": chosen.label or "none"}))
    fields = to_fields(result.table, columns, entries=[])
    has_text = np.array([bool(key) for key in exact_keys(fields)], np.bool_)
    if not has_text.any():
        raise DataError(f"{path}: column `{columns.text}` is empty on every row, so there is nothing to measure.")
    kept = np.flatnonzero(has_text)
    fields, raw = fields.take(kept), result.table.take(kept)
    first = fields.column("text").to_pylist()
    pairs = fields.column("text_pair").to_pylist() if "text_pair" in fields.column_names else None
    answers = fields.column("label").to_pylist() if "label" in fields.column_names else [None] * len(fields)
    gold, _ = answers_as_trained(answers, about.labels)
    row_ids = fields.column("row_id").to_pylist()
    labelled = sum(answer is not None for answer in gold)
    return FileRows(
        account=_account(path, result, first, len(fields), labelled, row_ids, about), raw=raw,
        texts=list(zip(first, pairs, strict=True)) if pairs else [(one,) for one in first],
        predictions=predictor.predictions(row_ids, first, pairs=pairs, gold=gold if labelled else None),
    )  # fmt: skip


def _account(
    path: Path, result: ReadResult, texts: list[str], used: int, labelled: int, row_ids: list[str], about: About
) -> FileAccount:
    return FileAccount(
        name=path.name, rows_read=result.read, rows_used=used, unreadable=len(result.quarantined),
        empty=len(result.table) - used, labelled=labelled, language=find_language(texts)[0],
        times_scored=note_in_test_ledger(row_ids, about) if labelled else None,
    )  # fmt: skip

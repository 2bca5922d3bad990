"""The texts of a file, by the columns that a model was trained on."""

from __future__ import annotations

from pathlib import Path

from tunewright.bundle import About
from tunewright.core.errors import DataError
from tunewright.data.columns import find_columns, to_fields
from tunewright.data.keys import exact_keys
from tunewright.data.sources import read
from tunewright.pipeline.evaluate import columns_as_trained


def read_texts(about: About, path: Path, *, text: str | None, text_pair: str | None) -> dict[str, tuple[str, ...]]:
    """By row id every row that has text, as its text or pair of texts; answers are left alone. Raises DataError where none has."""
    result = read(path)
    chosen = columns_as_trained(result, about, text=text, text_pair=text_pair, label=None)
    columns = find_columns(result.table, chosen=chosen.model_copy(update={"label": chosen.label or "none"}))
    fields = to_fields(result.table, columns, entries=[])
    names = [name for name in ("text", "text_pair") if name in fields.column_names]
    rows = zip(*(fields.column(name).to_pylist() for name in names), strict=True)
    ids = fields.column("row_id").to_pylist()
    found = {
        row_id: tuple(cell or "" for cell in row)
        for row_id, row, key in zip(ids, rows, exact_keys(fields), strict=True)
        if key
    }
    if not found:
        raise DataError(f"{path}: column `{columns.text}` is empty on every row, so there is nothing to ask about.")
    return found

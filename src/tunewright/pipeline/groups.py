"""The groups that `evaluate.groups` names, and columns to slice by: kept with the rows; gaps between groups on the test rows."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tunewright.core.errors import DataError, nearest
from tunewright.data.columns.profile import as_text
from tunewright.data.table import RESERVED
from tunewright.evaluate import FairnessConfig, GroupGaps, Predictions, group_gaps, without_small_names
from tunewright.evaluate.fairness import MEASURED, group_sizes
from tunewright.recipe import Recipe

_PREFIX = "group of "
"""Of the columns in rows.parquet; no field of a task is named so."""


def cells_of(table: pa.Table, name: str, *, where: str) -> list[str | None]:
    """The groups that a column of a raw table gives its rows; None where a cell is empty. Raises DataError without it."""
    columns = [column for column in table.column_names if column not in RESERVED]
    if name not in columns:
        raise DataError(
            f"{where}: there is no column `{name}` to take groups from.{nearest(name, columns)} "
            f"Columns here: {', '.join(columns)}."
        )
    return [as_text(value).strip() or None for value in table.column(name).to_pylist()]


def with_groups(rows: pa.Table, raw: pa.Table, recipe: Recipe) -> pa.Table:
    """The rows with the cells of the named columns of the raw table they came from.

    Raises DataError for a column that can't be one of groups, before hours are spent on training.
    """
    ids = raw.column("row_id").to_pylist()
    settings = recipe.evaluate
    for name in dict.fromkeys((*settings.groups, *settings.slices.columns)):
        cells = cells_of(raw, name, where=recipe.data.path)
        if name in settings.groups:
            group_sizes(name, cells, least=settings.min_group_rows)
        group_of = dict(zip(ids, cells, strict=True))
        column = pa.array([group_of.get(row_id) for row_id in rows.column("row_id").to_pylist()], pa.string())
        rows = rows.append_column(_PREFIX + name, column)
    return rows


def group_cells(rows: pa.Table, names: Sequence[str]) -> dict[str, list[str | None]]:
    """The cells of named columns that are kept with the rows, by the name of the column."""
    return {name: rows.column(_PREFIX + name).to_pylist() for name in dict.fromkeys(names)}


def gaps_in(predictions: Predictions, rows: pa.Table, recipe: Recipe) -> list[GroupGaps]:
    """The gaps of each column that `evaluate.groups` names; of a private run without the names of small groups."""
    settings = recipe.evaluate
    if not settings.groups or predictions.kind not in MEASURED:
        return []
    place = {row_id: i for i, row_id in enumerate(rows.column("row_id").to_pylist())}
    chosen = rows.take(pa.array([place[row_id] for row_id in predictions.row_ids], pa.int64()))
    columns = group_cells(chosen, settings.groups)
    columns = {name: cells for name, cells in columns.items() if any(cell is not None for cell in cells)}
    config = FairnessConfig(min_group_rows=settings.min_group_rows, level=settings.level, seed=settings.seed)
    gaps = group_gaps(predictions, columns, config=config)
    return [without_small_names(one, least=settings.min_group_rows) for one in gaps] if recipe.report.private else gaps

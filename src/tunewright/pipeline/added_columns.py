"""Files that come back with columns added: where they go, what the new columns are called, which column is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError, nearest
from tunewright.data.sources import stored_files
from tunewright.data.table import RESERVED


def require_other_file(output: Path, path: Path) -> None:
    """Raises DataError where the output is the input itself."""
    if output.exists() and output.resolve() in {stored.resolve() for stored in stored_files(path)}:
        raise DataError(f"{output}: this is the input file itself. Give another `--output`.")


def free_name(name: str, columns: Sequence[str]) -> str:
    """A column name that the file does not have yet."""
    while name in columns:
        name += "_2"
    return name


def texts_of_column(table: Any, name: str, path: Path, *, option: str) -> list[str]:
    """The texts of a column, null as empty. Raises DataError where there is no such column."""
    if name not in table.column_names:
        readable = [column for column in table.column_names if column not in RESERVED]
        raise DataError(
            f"{path}: there is no column `{name}`, which the model was trained on.{nearest(name, readable)} "
            f"Columns here: {', '.join(readable)}. Name the right one with `{option} COLUMN`."
        )
    return ["" if value is None else str(value) for value in table.column(name).to_pylist()]

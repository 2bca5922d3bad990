"""Sides that an earlier run, or an earlier `data split`, gave to rows, texts and groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder
from tunewright.core.text import digest
from tunewright.data.keys import exact_keys, group_names
from tunewright.data.marks import side_numbers
from tunewright.data.rows import read_rows

ASSIGNMENT = "assignment.parquet"
"""What `data split` leaves beside its files: `row_id, split, text, group`, the last two as digests."""

ASSIGNMENT_SCHEMA = pa.schema([(name, pa.string()) for name in ("row_id", "split", "text", "group")])


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """What an earlier split says of each row of a table; -1 where it says nothing."""

    row_N: npt.NDArray[np.int8]
    text_N: npt.NDArray[np.int8]
    group_N: npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class EarlierSides:
    """All rows of an earlier split, by id, by text and by group; of several sides of one text the strongest."""

    by_id: dict[str, int]
    by_text: dict[str, int]
    by_group: dict[str, int]

    def of(self, row_ids: Iterable[str], texts: Iterable[str | None], groups: Iterable[str | None]) -> Earlier:
        """What is known of these rows. Texts and groups as digests, None for none: rows without text share nothing."""
        return Earlier(
            row_N=np.array([self.by_id.get(row_id, -1) for row_id in row_ids], np.int8),
            text_N=np.array([-1 if text is None else self.by_text.get(text, -1) for text in texts], np.int8),
            group_N=np.array([-1 if name is None else self.by_group.get(name, -1) for name in groups], np.int8),
        )


def earlier_sides(folder: Path) -> EarlierSides:
    """The sides of a run folder, or of a folder that `data split` wrote. Raises RecipeError for any other."""
    if (folder / ASSIGNMENT).exists():
        old = read_rows(folder / ASSIGNMENT)
    elif RunFolder(folder).rows.exists():
        rows = read_rows(RunFolder(folder).rows)
        old = assignment(
            rows.column("row_id").to_pylist(), rows.column("split").to_pylist(),
            text_digests(rows), group_digests(rows),
        )  # fmt: skip
    else:
        names = f"{RunFolder(folder).rows.relative_to(folder)} nor {ASSIGNMENT}"
        raise RecipeError(
            f"split.from names {folder}, but there is neither {names} in it: not a run folder, nor one of `data split`."
        )
    old = old.filter(pc.is_valid(old.column("split")))
    sides = side_numbers(old.column("split").to_pylist()).tolist()
    return EarlierSides(
        by_id=dict(zip(old.column("row_id").to_pylist(), sides, strict=True)),
        by_text=_strongest(old.column("text").to_pylist(), sides),
        by_group=_strongest(old.column("group").to_pylist(), sides),
    )


def text_digests(fields: pa.Table) -> list[str | None]:
    """A digest of each row's exact key, None for rows without any text."""
    return [digest(key) if key else None for key in exact_keys(fields)]


def group_digests(fields: pa.Table) -> list[str | None]:
    """A digest of each row's group, None for rows without one."""
    return [None if name is None else digest(name) for name in group_names(fields)]


def assignment(
    row_ids: Sequence[str], sides: Sequence[str | None], texts: Sequence[str | None], groups: Sequence[str | None]
) -> pa.Table:
    """The table that `ASSIGNMENT` holds, texts and groups as digests: none of their words stands in it."""
    return pa.table([row_ids, sides, texts, groups], schema=ASSIGNMENT_SCHEMA)


def _strongest(names: Iterable[str | None], sides: Iterable[int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, side in zip(names, sides, strict=True):
        if name is not None and side > found.get(name, -1):
            found[name] = side
    return found

"""What changed between two versions of a data set, row by row.

Rows are matched by a column that names them, else by the row ids that both files bring along, else by what they hold:
identical rows first, then rows with the same text (folded), in their order. What is left on one side was removed or added.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from tunewright.core.errors import DataError, nearest
from tunewright.core.text import fold
from tunewright.data.table import RESERVED

By = Literal["key", "row_id", "text"]


@dataclass(frozen=True, kw_only=True)
class CellChange:
    """One cell of a row that stands in both versions."""

    row_id: str
    """In the second version."""
    key: str
    """What the row was matched by, where a column or the file's own ids named it."""
    before_place: str
    after_place: str
    """Path and line."""
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class OneSided:
    """A row that stands in one version only."""

    row_id: str
    key: str
    place: str
    cells: dict[str, str | None]


@dataclass(frozen=True, kw_only=True)
class Diff:
    """All that differs. `changed` has an entry for each cell, `moved` those of the split column."""

    by: By
    before_rows: int
    after_rows: int
    same_rows: int
    changed_rows: int
    added: list[OneSided]
    removed: list[OneSided]
    changed: list[CellChange]
    moved: list[CellChange]
    new_columns: list[str]
    lost_columns: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether both versions hold the same rows."""
        return not (self.added or self.removed or self.changed or self.moved or self.new_columns or self.lost_columns)

    def to_json(self) -> dict[str, Any]:
        """As plain values, complete."""
        lists = {
            name: [vars(item) for item in getattr(self, name)] for name in ("added", "removed", "changed", "moved")
        }
        return vars(self) | lists


def diff(
    before: pa.Table, after: pa.Table, *, text: str, split: str | None, key: str | None = None, with_ids: bool = False
) -> Diff:
    """Compare two raw tables. `text` and `split` name their columns; `with_ids`: both files bring their row ids along.

    Raises: DataError where the key column is missing, or names two rows with one value.
    """
    old, new = _Side(before), _Side(after)
    by: By = "key" if key else "row_id" if with_ids else "text"
    if key:
        pairs = _by_name(old.keys(key, which="first"), new.keys(key, which="second"))
    elif with_ids:
        pairs = _by_name(old.ids, new.ids)
    else:
        pairs = _by_content(old, new, text=text)
    matched_old, matched_new = set(pairs), set(pairs.values())
    shared = [name for name in old.names if name in new.names]
    columns = [name for name in (text, split) if name in shared] + [n for n in shared if n not in (text, split)]
    changed: list[CellChange] = []
    moved: list[CellChange] = []
    changed_rows: set[int] = set()
    name_of = old.column(key) if key else old.ids if with_ids else [""] * len(old.ids)
    for name in columns:
        cells_old, cells_new = old.column(name), new.column(name)
        for i, j in sorted(pairs.items()):
            if cells_old[i] != cells_new[j]:
                change = CellChange(
                    row_id=new.ids[j], key=name_of[i] or "", before_place=old.place(i), after_place=new.place(j), field=name,
                    before=cells_old[i], after=cells_new[j],
                )  # fmt: skip
                (moved if name == split else changed).append(change)
                changed_rows.add(i)
    return Diff(
        by=by, before_rows=len(old.ids), after_rows=len(new.ids), same_rows=len(pairs) - len(changed_rows),
        changed_rows=len(changed_rows),
        added=[new.one(j, key) for j in range(len(new.ids)) if j not in matched_new],
        removed=[old.one(i, key) for i in range(len(old.ids)) if i not in matched_old],
        changed=changed, moved=moved, new_columns=[name for name in new.names if name not in old.names],
        lost_columns=[name for name in old.names if name not in new.names],
    )  # fmt: skip


class _Side:
    """One version: its ids, places, and columns as text, each made when it is asked for."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.ids: list[str] = table.column("row_id").to_pylist()
        self.names = [name for name in table.column_names if name not in RESERVED]
        self._columns: dict[str, list[str | None]] = {}

    def column(self, name: str) -> list[str | None]:
        if name not in self._columns:
            self._columns[name] = [None if v is None else str(v) for v in self.table.column(name).to_pylist()]
        return self._columns[name]

    def place(self, row: int) -> str:
        origin = self.table.column("origin")[row].as_py()
        return f"{origin['path']}:{origin['line']}"

    def one(self, row: int, key: str | None) -> OneSided:
        cells = {name: self.column(name)[row] for name in self.names}
        return OneSided(row_id=self.ids[row], key=str(cells.get(key or "") or ""), place=self.place(row), cells=cells)

    def keys(self, name: str, *, which: str) -> list[str | None]:
        if name not in self.names:
            raise DataError(
                f"the {which} version has no column `{name}`; it has {', '.join(self.names)}.{nearest(name, self.names)}"
            )
        values = self.column(name)
        twice = [value for value, count in Counter(values).items() if count > 1]
        if twice:
            raise DataError(
                f"column `{name}` of the {which} version names {len(twice):,} values more than once, such as "
                f"{twice[0]!r}: it can't tell rows apart. Name another with `--key`, or leave it out to match by content."
            )
        return values


def _by_name(old: Sequence[str | None], new: Sequence[str | None]) -> dict[int, int]:
    place_of = {name: j for j, name in enumerate(new) if name is not None}
    return {i: place_of[name] for i, name in enumerate(old) if name is not None and name in place_of}


def _by_content(old: _Side, new: _Side, *, text: str) -> dict[int, int]:
    """Identical rows (by their ids, which are digests of all cells), then rows with the same text, in their order."""
    pairs = _by_name(old.ids, new.ids)
    taken = set(pairs.values())
    waiting: dict[str, list[int]] = defaultdict(list)
    texts = new.column(text) if text in new.names else [""] * len(new.ids)
    for j in reversed(range(len(new.ids))):
        if j not in taken and (name := fold(texts[j] or "")):
            waiting[name].append(j)
    for i, cell in enumerate(old.column(text) if text in old.names else []):
        if i not in pairs and waiting.get(name := fold(cell or "")):
            pairs[i] = waiting[name].pop()
    return pairs

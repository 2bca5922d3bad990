"""Rows of any shape out of a file, in passes: each has its identity, and what can't be read is set aside with a reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError
from tunewright.core.text import digest
from tunewright.data.shapes.find import Found, find_shape
from tunewright.data.shapes.records import records
from tunewright.data.shapes.types import FileShape, Refused, Row, Unreadable


@dataclass(frozen=True, kw_only=True)
class ShapeRead:
    """A whole file: its rows, and those that could not be read."""

    found: Found
    rows: list[Row]
    refused: list[Refused]

    @property
    def read(self) -> int:
        """Rows seen: kept + refused."""
        return len(self.rows) + len(self.refused)


def read_shape(
    path: Path, *, shape: str | None = None, dataset: str | None = None, languages: tuple[str, str] | None = None
) -> ShapeRead:
    """All rows of a file in their canonical form. Raises DataError where none can be read."""
    return read_found(find_shape(path, shape=shape, dataset=dataset, languages=languages))


def read_found(found: Found) -> ShapeRead:
    """All rows of a file whose shape is known. Raises DataError where none can be read."""
    rows: list[Row] = []
    refused: list[Refused] = []
    for item in iter_shape(found):
        if isinstance(item, Refused):
            refused.append(item)
        else:
            rows.append(item)
    if not rows:
        first = f" The first: line {refused[0].line}, {refused[0].detail}." if refused else ""
        raise DataError(f"{found.path}: no row could be read as {found.shape.title}, {len(refused)} are broken.{first}")
    return ShapeRead(found=found, rows=rows, refused=refused)


def iter_shape(found: Found) -> Iterator[Row | Refused]:
    """The rows of a file in its order."""
    shape = found.shape
    if isinstance(shape, FileShape):
        yield from _with_ids(shape.read(found.path, found.settings))
        return
    for record in records(found.path):
        if isinstance(record, Refused):
            yield record
            continue
        try:
            row = shape.read(record.values, found.settings)
        except Unreadable as error:
            yield Refused(
                path=str(found.path), line=record.line, reason_code=error.reason_code, detail=error.detail,
                row_id=record.row_id,
            )  # fmt: skip
            continue
        if found.settings.get("cells"):
            row = replace(row, columns={name: value for name, value in row.columns.items() if value != ""})
        yield replace(row, row_id=record.row_id, path=str(found.path), line=record.line)


def _with_ids(rows: Iterator[Row | Refused]) -> Iterator[Row | Refused]:
    """Rows of formats without a place for an id get one from their content; `+k` for the k-th identical row."""
    seen: Counter[str] = Counter()
    for row in rows:
        if isinstance(row, Row) and not row.row_id:
            base = digest(content(row))
            count = seen[base]
            seen[base] += 1
            row = replace(row, row_id=f"{base}+{count}" if count else base)
        yield row


def content(row: Row) -> str:
    """All of a row but its identity and origin, as one text: rows with equal content say the same."""
    values = {f.name: getattr(row, f.name) for f in fields(row) if f.name not in ("row_id", "path", "line")}
    return json.dumps([type(row).__name__, values], ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return vars(value)

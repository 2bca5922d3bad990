"""`tunewright data apply`: put the labels that people decided into the data, with a history of every change.

    applied = apply_labels("reviews.csv", ["relabel.xlsx"], output="reviews.v2.csv")

The output has the format, encoding and layout of the input, and a column `row_id` with the ids of the input's rows: a
row's id is a digest of its cells, so without it a relabelled row would be another row to every later version. The history
is a JSON Lines file beside it; one that the input has is taken along.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError
from tunewright.core.folder import write_text
from tunewright.data.columns import ColumnPlan, ColumnsConfig, find_columns, to_fields
from tunewright.data.edit import has_row_ids, set_cells
from tunewright.data.relabel import Decision, Merged, decisions, merge, refuse
from tunewright.data.sources import LikeWriter, RowChunk, iter_rows, read

HISTORY = ".history.jsonl"
"""Behind the name of a data file: the file of its changes."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What became of the decisions."""

    output: Path
    history: Path
    rows: int
    """Written: all that could be read."""
    unreadable: int
    """Rows of the file that could not be read, and so are not in the output; the file itself keeps them."""
    decided: int
    """Rows of the relabelling files with a new label."""
    changed: int
    confirmed: int
    """The new label is the old one."""
    problems: list[str]
    """Decisions that were not carried out; empty unless `partial`."""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return vars(self) | {"output": str(self.output), "history": str(self.history)}


def apply_labels(
    path: str | Path, relabelled: Sequence[str | Path], *, output: str | Path, label: str | None = None,
    partial: bool = False, new_labels: bool = False, when: datetime | None = None,
) -> Applied:  # fmt: skip
    """Merge relabelling files into a data file by row id.

    A file without labels gets a column for them: `label`, or that name. Raises DataError, and writes nothing, where a row
    has changed since, a label is unknown or two people disagree; with `partial` those are left as they are and listed.
    `new_labels` takes labels that the file does not have yet.
    """
    source, target = Path(path), Path(output)
    if target.resolve() == source.resolve():
        raise DataError(f"{target}: the output would replace the input. Name another file with `--output`.")
    chunks = list(iter_rows(source))
    result = read(source)
    columns, new_column = _find_label(result.table, label)
    decided: list[Decision] = []
    digests: dict[str, str] = {}
    for file in map(Path, relabelled):
        table = read(file)
        digests[file.stem] = table.source.input_digest
        decided += decisions(table.table, path=str(file))
    merged = merge(
        decided, labels=_labels_now(result.table, columns), separator=columns.label_separator,
        known=_known(result.table, columns) | ({d.label for d in decided} if new_labels or new_column else set()),
    )  # fmt: skip
    if merged.problems and not partial:
        raise refuse(merged, path=", ".join(map(str, relabelled)))
    when = when or datetime.now(UTC)
    entries: list[dict[str, Any]] = []
    with LikeWriter(chunks[0].source, target) as writer:
        for chunk in chunks:
            found = list(_changes(chunk, merged, columns))
            new = {place: decision.label for place, decision, before in found if decision.label != before}
            added: dict[str, list[str]] = {}
            if columns.label is not None:
                set_cells(chunk, columns.label, new, separator=columns.label_separator)
            elif new_column is not None:
                added[new_column] = [new.get(place, "") for place in range(len(chunk.table))]
            field = columns.label or new_column or ""
            entries += [_entry(chunk, place, d, before, field, when=when) for place, d, before in found]
            if not has_row_ids(chunk):
                added["row_id"] = chunk.table.column("row_id").to_pylist()
            writer.write(chunk, added)
    for entry in entries:
        entry["input_digest"] = result.source.input_digest
        entry["relabelled_digest"] = (
            next(iter(digests.values())) if len(digests) == 1 else digests.get(entry["who"], "")
        )
    history = target.with_name(target.name + HISTORY)
    write_text(history, _earlier(source) + "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries))
    kinds = Counter(entry["action"] for entry in entries)
    return Applied(
        output=target, history=history, rows=len(result.table), unreadable=len(result.quarantined),
        decided=len(decided),
        changed=kinds["changed"], confirmed=kinds["confirmed"], problems=merged.problems,
    )  # fmt: skip


def _find_label(table: Any, name: str | None) -> tuple[ColumnPlan, str | None]:
    """The columns, and the name that a column of labels gets where the file has none."""
    if name is not None and name not in table.column_names:
        columns = find_columns(table)
        if columns.label is None:
            return columns, name
    columns = find_columns(table, chosen=ColumnsConfig(label=name))  # a name that is misspelt is refused here
    if columns.label is None and "label" in table.column_names:  # with nothing in it
        columns = find_columns(table, chosen=ColumnsConfig(label="label"))
    return columns, None if columns.label is not None else "label"


def _changes(chunk: RowChunk, merged: Merged, columns: ColumnPlan) -> Iterator[tuple[int, Decision, str]]:
    now = _labels_now(chunk.table, columns)
    for place, row_id in enumerate(chunk.table.column("row_id").to_pylist()):
        if row_id in merged.by_row:
            yield place, merged.by_row[row_id], now[row_id]


def _entry(
    chunk: RowChunk, place: int, decision: Decision, before: str, field: str, *, when: datetime
) -> dict[str, Any]:
    origin = chunk.table.column("origin")[place].as_py()
    return {
        "row_id": decision.row_id, "path": origin["path"], "line": origin["line"], "field": field,
        "action": "confirmed" if decision.label == before else "changed", "before": before, "after": decision.label,
        "who": decision.reviewer, "when": when.isoformat(timespec="seconds"), "why": decision.note,
    }  # fmt: skip


def _labels_now(table: Any, columns: ColumnPlan) -> dict[str, str]:
    """The label cell of each row as text, by row id; empty where the file has no labels."""
    if columns.label is None:
        return dict.fromkeys(table.column("row_id").to_pylist(), "")
    values = table.column(columns.label).to_pylist()
    return dict(zip(table.column("row_id").to_pylist(), (_as_text(value, columns) for value in values), strict=True))


def _known(table: Any, columns: ColumnPlan) -> set[str]:
    """All labels of the file, one by one."""
    if columns.label is None:
        return set()
    answers = to_fields(table, columns, entries=[]).column("label").to_pylist()
    known: set[str] = set()
    for answer in answers:
        known.update(answer if isinstance(answer, list) else [] if answer is None else [_as_text(answer, columns)])
    return known


def _as_text(value: Any, columns: ColumnPlan) -> str:
    if isinstance(value, list):
        return (columns.label_separator or ";").join(map(str, value))
    return "" if value is None else str(value)


def _earlier(source: Path) -> str:
    """The history that the input has, so that the output's goes back to the first version."""
    with contextlib.suppress(FileNotFoundError):
        return source.with_name(source.name + HISTORY).read_text(encoding="utf-8")
    return ""

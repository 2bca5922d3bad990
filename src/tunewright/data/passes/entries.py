"""The pass that writes the ledger: what became of each row, with what stood there before and after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tunewright.data.clean import (
    CONTRADICTION_REASONS,
    STEPS,
    chosen_steps,
    chosen_text_steps,
    merge_labels,
    shown,
)
from tunewright.data.keys import label_values
from tunewright.data.ledger import Entry
from tunewright.data.marks import Ints
from tunewright.data.passes.marking import FieldsOnDisk
from tunewright.data.passes.stages import OpenStage, Stages
from tunewright.data.passes.verdicts import CONTRADICTION, EMPTY, OUTVOTED, REPEAT, STAYS, Verdicts
from tunewright.data.split import Placement, leak_entry


def write_entries(fields: FieldsOnDisk, verdicts: Verdicts, placed: Placement | None, stages: Stages) -> None:
    """Add the entries of all stages behind `read`, and close them."""
    steps = chosen_steps(fields.settings.clean)
    columns = stages.open("columns")
    open_stages = {name: stages.open(f"clean.{name}") for name in steps}
    split = stages.open("split") if placed is not None else None
    notes: list[Entry] = []
    for run, table in fields.tables(with_ids=True, notes=notes):
        columns.add(notes)
        notes.clear()
        why = verdicts.why_N[run.first : run.first + run.rows]
        table = _text_entries(fields, table, open_stages)
        if "empty_text" in open_stages:
            open_stages["empty_text"].add([_dropped(table, row, "empty_text", "text") for row in _rows(why == EMPTY)])
        if "label_variants" in open_stages and verdicts.meant:
            some = table.take(np.flatnonzero(why != EMPTY))
            open_stages["label_variants"].add(_staged(merge_labels(some, verdicts.meant).entries, "label_variants"))
        if "label" in table.column_names and verdicts.meant:
            table = merge_labels(table, verdicts.meant).fields
        if "contradictions" in open_stages:
            open_stages["contradictions"].add(_contradictions(fields, table, why))
        if "exact_duplicates" in open_stages:
            open_stages["exact_duplicates"].add(_repeats(fields, table, verdicts, run.first, why))
        if split is not None and placed is not None:
            leaks = placed.leaks.between(run.first, run.first + run.rows)
            split.add([leak_entry(leak, table, leak.place - run.first) for leak in leaks])
    _close(fields, verdicts, placed, columns, open_stages, split)


def _text_entries(fields: FieldsOnDisk, table: pa.Table, open_stages: dict[str, OpenStage]) -> pa.Table:
    for name in chosen_text_steps(fields.settings.clean):
        done = STEPS[name](table, fields.plan.kind, fields.settings.clean)
        open_stages[name].add(_staged(done.entries, name))
        table = done.fields
    return table


def _contradictions(fields: FieldsOnDisk, table: pa.Table, why: Ints) -> list[Entry]:
    rows = _rows((why == CONTRADICTION) | (why == OUTVOTED))
    if not rows:
        return []
    labels = label_values(table, kind=fields.plan.kind)
    return [
        _dropped(
            table, row, CONTRADICTION_REASONS[bool(why[row] == OUTVOTED)], "label", stage="contradictions",
            before=shown(labels[row]),
        )
        for row in rows
    ]  # fmt: skip


def _repeats(fields: FieldsOnDisk, table: pa.Table, verdicts: Verdicts, first: int, why: Ints) -> list[Entry]:
    rows = _rows(why == REPEAT)
    at = int(np.searchsorted(verdicts.repeated, first))
    kept = verdicts.kept_instead[at : at + len(rows)].tolist()
    return [
        _dropped(
            table, row, "exact_duplicate", "duplicate_of", stage="exact_duplicates",
            after=fields.file.row_ids(place, place + 1)[0],
        )
        for row, place in zip(rows, kept, strict=True)
    ]  # fmt: skip


def _dropped(
    table: pa.Table, row: int, reason: str, field: str, *, stage: str | None = None, before: str | None = None,
    after: str | None = None,
) -> Entry:  # fmt: skip
    origin = table.column("origin")[row].as_py()
    action: Literal["dropped"] = "dropped"
    return Entry(
        row_id=table.column("row_id")[row].as_py(), path=origin["path"], line=origin["line"],
        stage=f"clean.{stage or reason}", action=action, reason_code=reason, field=field, before=before, after=after,
    )  # fmt: skip


def _staged(entries: list[Entry], name: str) -> list[Entry]:
    return [replace(entry, stage=f"clean.{name}") for entry in entries]


def _rows(chosen: Any) -> list[int]:
    found: list[int] = np.flatnonzero(chosen).tolist()
    return found


def _close(
    fields: FieldsOnDisk, verdicts: Verdicts, placed: Placement | None, columns: OpenStage,
    open_stages: dict[str, OpenStage], split: OpenStage | None,
) -> None:  # fmt: skip
    rows = fields.file.rows
    columns.close(read=rows, kept=rows)
    gone = {
        "empty_text": (EMPTY,), "contradictions": (CONTRADICTION, OUTVOTED), "exact_duplicates": (REPEAT,),
    }  # fmt: skip
    for name, stage in open_stages.items():
        kept = rows - int(np.isin(verdicts.why_N, gone.get(name, ())).sum())
        stage.close(read=rows, kept=kept)
        rows = kept
    assert rows == int((verdicts.why_N == STAYS).sum())
    if split is not None and placed is not None:
        split.close(read=rows, kept=int((placed.kept_N & (verdicts.why_N == STAYS)).sum()))

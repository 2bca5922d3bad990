"""From the raw file to rows that are trained and tested on: read, find the columns, audit, clean, split, account.

Depends on the recipe's `data`, `clean`, `split` and `task` alone, and on whether the run is private. Written
to the run folder as one piece: `rows.parquet` is
written last, and where it stands with the same key, it is taken as it is.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.core.folder import RunFolder, read_json, write_json, write_text, writing
from tunewright.core.text import digest
from tunewright.data.audit import Audit, audit
from tunewright.data.audit.records import SHOWN_ROWS
from tunewright.data.audit.shapes import audit_rows
from tunewright.data.clean import TEXT_STEPS, chosen_text_steps, clean
from tunewright.data.columns import ColumnPlan, find_columns, to_fields
from tunewright.data.decided import account_for_reading, quarantine_line
from tunewright.data.leave_out import leave_out
from tunewright.data.ledger import Entry, Ledger
from tunewright.data.pii.scrub import scrub
from tunewright.data.shapes import Row, Tagged, answer_fields, rows_of
from tunewright.data.sources import ReadResult, read
from tunewright.data.split import folds, split
from tunewright.data.table import fingerprint
from tunewright.data.times import add_times
from tunewright.pipeline.describe import describe_findings, unread_columns
from tunewright.pipeline.groups import with_groups
from tunewright.pipeline.private import without_group_names, without_raw, without_text
from tunewright.pipeline.request import content_digest
from tunewright.pipeline.shaped import change_texts, find_shaped_task, read_shaped
from tunewright.recipe import Recipe
from tunewright.tasks import ROW_TASKS, SHAPED_TASKS, TASKS, RowTask, TagTask, Task, row_task

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Prepared:
    """The rows of a run, split; `rows` is a fields table with a `split` column, null where a row has no label."""

    rows: pa.Table
    columns: ColumnPlan
    task: Task
    source: dict[str, Any]
    """How the file was read, as plain values."""
    near_groups: list[list[str]]
    """Row ids of texts that are near duplicates: they stay on one side of any split."""
    leaked: dict[str, list[str]]
    """Test rows of a given split whose text stood in train as well: `exact`, and `near` for nearly."""

    @property
    def row_task(self) -> RowTask:
        """The task, where each row has one answer."""
        assert isinstance(self.task, RowTask), f"{self.task.name} has other answers than one a row"
        return self.task

    @cached_property
    def labels(self) -> list[str]:
        """Class names in their fixed order, of spans sorted; none where answers are numbers or texts."""
        if isinstance(self.task, TagTask):
            return sorted({span.label for row in self.shaped if isinstance(row, Tagged) for span in row.spans})
        return self.task.find_labels(self.answers) if isinstance(self.task, RowTask) else []

    @cached_property
    def shaped(self) -> list[Row]:
        """The rows as what they are (pairs, chats, tagged texts...), for tasks whose rows are read by their shape."""
        return rows_of(self.rows)

    @cached_property
    def answers(self) -> list[Any]:
        """The label of each row, None where it has none."""
        answers: list[Any] = self.rows.column("label").to_pylist() if "label" in self.rows.column_names else []
        return answers or [None] * len(self.rows)

    @cached_property
    def texts(self) -> list[str]:
        """The text of each row."""
        return list(self.rows.column("text").to_pylist())

    @cached_property
    def pairs(self) -> list[str] | None:
        """The second text of each row, where the task has one."""
        return list(self.rows.column("text_pair").to_pylist()) if "text_pair" in self.rows.column_names else None

    @cached_property
    def row_ids(self) -> list[str]:
        """The identity of each row."""
        return list(self.rows.column("row_id").to_pylist())

    @property
    def source_fingerprint(self) -> str:
        """Of the content of the file as it was read, before anything was mended: what `data audit` shows."""
        return str(self.source["fingerprint"])

    @cached_property
    def fingerprint(self) -> str:
        """Of the content of all rows that are left."""
        return fingerprint(self.rows)

    def places(self, name: str | None) -> npt.NDArray[np.int64]:
        """Indices of the rows of a split; None for the rows without a label."""
        splits = np.array(self.rows.column("split").to_pylist(), dtype=object)
        return np.flatnonzero([value == name for value in splits])

    def folds(self, rows: npt.NDArray[np.int64], *, k: int, seed: int) -> npt.NDArray[np.int64]:
        """For each of some rows, the part 0..k-1 in which it is held out; groups and duplicates stay together."""
        parts = folds(self.rows.take(rows), kind=self.columns.kind, k=k, seed=seed, near_groups=self.near_groups)
        return np.array(parts, np.int64)

    def labelled(self) -> npt.NDArray[np.int64]:
        """Indices of all rows that have a split."""
        return np.sort(np.concatenate([self.places(name) for name in SPLITS]))


@dataclass(frozen=True)
class Inspected:
    """A file as it was read, what each column is, and the task that it is for."""

    read: ReadResult
    columns: ColumnPlan
    task: Task


def inspect(recipe: Recipe) -> Inspected:
    """Read the file and find its columns; nothing is changed or written. Raises DataError without a column of answers."""
    if find_shaped_task(recipe) is not None:
        read_rows, columns, task = read_shaped(recipe)
        return Inspected(read_rows, columns, TASKS[task])
    return _inspect_table(recipe)


def _inspect_table(recipe: Recipe) -> Inspected:
    result = read(Path(recipe.data.path), config=recipe.data.read)
    chosen = recipe.data.columns
    if recipe.task is not None:
        chosen = chosen.model_copy(update={"task": ROW_TASKS[recipe.task].kind})
    if recipe.split.group_by is not None:
        chosen = chosen.model_copy(update={"group": recipe.split.group_by})
    columns = find_columns(result.table, chosen=chosen)
    if columns.label is None:
        raise DataError(
            f"{recipe.data.path}: no column with answers was found among {', '.join(result.source.header)}. "
            "Name it with `--label COLUMN`."
        )
    return Inspected(result, columns, row_task(columns.kind))


def prepare(recipe: Recipe, folder: RunFolder, *, inspected: Inspected | None = None) -> Prepared:
    """Rows for a recipe with its task and columns named; the folder then has rows, ledger, account, quarantine and audit.

    `inspected` is what `inspect` has read already, if it has.
    """
    source = Path(recipe.data.path)
    private = recipe.report.private
    sections = recipe.model_dump(mode="json", include={"data", "clean", "split", "task"})
    sections |= {"private": True} if private else {}
    kept = (*recipe.evaluate.groups, *recipe.evaluate.slices.columns)
    sections |= {"groups": kept} if kept else {}
    left_out = None if recipe.data.leave_out is None else Path(recipe.data.leave_out)
    contents = [content_digest(path) for path in (source, left_out) if path is not None]
    key = digest(json.dumps(sections, sort_keys=True, ensure_ascii=False), *contents)
    if folder.rows.exists():
        table = pq.read_table(folder.rows)
        if (table.schema.metadata or {}).get(b"tunewright.key") == key.encode():
            about = read_json(folder.path / "data" / "source.json")
            columns = ColumnPlan(**about["columns"])
            task = TASKS[about["task"]]
            return Prepared(table, columns, task, about["source"], about["near_groups"], about["leaked"])

    ledger = Ledger()
    if recipe.task in SHAPED_TASKS:
        inspected = inspected or inspect(recipe)
        read_rows, columns, task = inspected.read, inspected.columns, inspected.task
        account_for_reading(read_rows, ledger)
        shaped = change_texts(rows_of(read_rows.table), recipe.clean, ledger)
        fields = answer_fields(shaped)
        found = audit(fields, kind="text", config=recipe.data.audit)
        found = replace(found, findings=[*found.findings, *audit_rows(shaped)])
        settings = recipe.clean.model_copy(update=dict.fromkeys(TEXT_STEPS, False))  # done already, in whole rows
    else:
        read_rows = inspected.read if inspected else read(source, config=recipe.data.read)
        account_for_reading(read_rows, ledger)
        columns = find_columns(read_rows.table, chosen=recipe.data.columns)
        task = row_task(columns.kind)
        fields = _fields(read_rows, columns, ledger)
        if recipe.split.by_time is not None:
            fields, _ = add_times(fields, read_rows.table, name=recipe.split.by_time)
        found = audit(
            fields, kind=columns.kind, config=recipe.data.audit, others=unread_columns(read_rows.table, columns)
        )
        settings = recipe.clean
    if recipe.split.given == "ignore" and "split" in fields.column_names:
        fields = fields.drop_columns(["split"])
    cleaned = clean(fields, kind=columns.kind, config=settings, ledger=ledger)
    rows = split(cleaned, kind=columns.kind, config=recipe.split, near_groups=found.near_groups, ledger=ledger)
    if left_out is not None:
        rows = leave_out(rows, left_out, ledger=ledger)

    quarantined = read_rows.quarantined
    if private:
        ledger.entries = without_text(ledger.entries)
        quarantined = [without_raw(row) for row in quarantined]
        rows = without_group_names(rows)
    elif recipe.clean.scrub:
        ledger.entries = [_scrubbed(entry) for entry in ledger.entries]
        quarantined = [replace(row, raw=scrub(row.raw), detail=scrub(row.detail)) for row in quarantined]
    rows = with_groups(rows, read_rows.table, recipe)
    ledger.write(ledger_path=folder.ledger, account_path=folder.account)
    write_text(folder.quarantine, "".join(quarantine_line(row) for row in quarantined))
    described = _plain(asdict(read_rows.source)) | {"fingerprint": fingerprint(fields)}
    findings = describe_findings(found.findings, fields, texts=False, most_rows=SHOWN_ROWS)
    write_json(folder.audit, found.to_json() | {"findings": findings, "fingerprint": described["fingerprint"]})
    leaked = _leaked_test_rows(found)
    write_json(
        folder.path / "data" / "source.json",
        {
            "source": described,
            "columns": _plain(asdict(columns)),
            "task": task.name,
            "near_groups": found.near_groups,
            "leaked": leaked,
        },
    )
    rows = rows.replace_schema_metadata({"tunewright.key": key})
    with writing(folder.rows) as aside:
        pq.write_table(rows, aside)
    return Prepared(rows, columns, task, described, found.near_groups, leaked)


def _leaked_test_rows(found: Audit) -> dict[str, list[str]]:
    between = ("train", "test")
    exact = found.overlaps[between].row_ids[1] if between in found.overlaps else []
    near = found.near_overlaps[between][1] if between in found.near_overlaps else []
    return {"exact": exact, "near": near}


def text_steps(recipe: Recipe) -> tuple[str, ...]:
    """Names of the recipe's cleaning steps that change texts: stored in the bundle, repeated by `predict`."""
    return tuple(chosen_text_steps(recipe.clean))


def _fields(read_rows: ReadResult, columns: ColumnPlan, ledger: Ledger) -> pa.Table:
    notes: list[Entry] = []
    fields = to_fields(read_rows.table, columns, entries=notes)
    ledger.close_stage("columns", read=len(fields), kept=len(fields), entries=notes)
    return fields


def _scrubbed(entry: Entry) -> Entry:
    """An entry whose raw rows and cells hold no personal data that has a format."""
    if entry.before is None or entry.stage not in ("read", "columns"):
        return entry
    return replace(entry, before=scrub(entry.before))


def _plain(value: Any) -> Any:
    """Nested tuples as lists, so that a value reads back from JSON as it was."""
    return json.loads(json.dumps(value, ensure_ascii=False, default=list))

"""Pass 2: each run becomes numbers. What is small stays in memory, what is not goes into columns on disk.

Letters: N rows, A distinct answers as they are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tunewright.core.text import digest_bytes
from tunewright.data.clean import STEPS, chosen_text_steps
from tunewright.data.columns import ColumnPlan, comma_signs, to_fields
from tunewright.data.decided import DataSettings
from tunewright.data.keys import exact_keys, given_splits, group_names
from tunewright.data.ledger import Entry
from tunewright.data.marks import SIDES, UNDATED, cluster_order, group_order, side_numbers
from tunewright.data.passes.disk import DIGEST, DiskColumn, as_digests
from tunewright.data.passes.reading import FileOnDisk, Run
from tunewright.data.times import TimeReader, check_time_column

_NO_NAME = digest_bytes("")


@dataclass(kw_only=True)
class Marked:
    """The rows of a file as numbers."""

    keys: DiskColumn
    """Digests of exact keys as the text was read: what the audit compares."""
    clean_keys: DiskColumn
    """The same after the steps that change text; the same column where there are none."""
    orders: DiskColumn
    """Where each row's cluster stands in the split, if the cluster has the row's name."""
    groups: DiskColumn | None
    """Digests of the names of groups; rows without one have that of the empty string."""
    group_orders: DiskColumn | None
    blank_N: npt.NDArray[np.bool_]
    """Rows without any text, as read."""
    clean_blank_N: npt.NDArray[np.bool_]
    """Rows without any text after the steps that change text."""
    written_N: npt.NDArray[np.int32]
    """The number of each row's answer as it is written; -1 without one."""
    written: list[Any]
    """The answers as they are written: strings, or tuples of strings in their order; empty for a regression."""
    value_N: npt.NDArray[np.float64] | None
    """The values of a regression."""
    given_N: npt.NDArray[np.int8] | None

    @property
    def no_group_digest(self) -> npt.NDArray[Any]:
        """What stands in `groups` for a row without a group."""
        digest: npt.NDArray[Any] = as_digests(_NO_NAME)[0]
        return digest

    @property
    def no_group(self) -> str:
        """The same as hex digits."""
        return _NO_NAME.hex()


@dataclass(kw_only=True)
class FieldsOnDisk:
    """The fields tables of a file's runs."""

    file: FileOnDisk
    plan: ColumnPlan
    settings: DataSettings
    commas: dict[str, bool] = field(default_factory=dict)

    def tables(self, *, with_ids: bool = False, notes: list[Entry] | None = None) -> Iterator[tuple[Run, pa.Table]]:
        """Each run's fields; `notes` collects the cells that should be numbers and are none."""
        ignored = self.settings.split is not None and self.settings.split.given == "ignore"
        for run, raw in self.file.tables(with_ids=with_ids):
            entries: list[Entry] = [] if notes is None else notes
            fields = to_fields(raw, self.plan, entries=entries, commas=self.commas)
            yield run, fields.drop_columns(["split"]) if ignored and "split" in fields.column_names else fields

    def look_at_numbers(self) -> None:
        """Find which columns of numbers write 4,5; a regression is the only task that asks."""
        names = {self.plan.weight}
        if self.plan.kind == "regression":
            names |= {self.plan.label, self.plan.baseline}
        for name in names - {None}:
            assert name is not None
            comma = point = False
            for _, raw in self.file.tables():
                some_comma, some_point = comma_signs(raw, name)
                comma, point = comma or some_comma, point or some_point
            self.commas[name] = comma and not point


def mark_rows(fields: FieldsOnDisk, *, folder: Path) -> Marked:
    """All rows as numbers."""
    settings, rows = fields.settings, fields.file.rows
    text_steps = chosen_text_steps(settings.clean)
    seed = 0 if settings.split is None else settings.split.seed
    keys = DiskColumn(folder / "keys", DIGEST)
    clean_keys = DiskColumn(folder / "clean_keys", DIGEST) if text_steps else keys
    grouped, regression = fields.plan.group is not None, fields.plan.kind == "regression"
    marked = Marked(
        keys=keys, clean_keys=clean_keys, orders=DiskColumn(folder / "orders", np.uint64),
        groups=DiskColumn(folder / "groups", DIGEST) if grouped else None,
        group_orders=DiskColumn(folder / "group_orders", np.uint64) if grouped else None,
        blank_N=np.zeros(rows, bool), clean_blank_N=np.zeros(rows, bool), written_N=np.full(rows, -1, np.int32),
        written=[], value_N=np.full(rows, np.nan) if regression else None,
        given_N=np.full(rows, -1, np.int8) if fields.plan.split is not None else None,
    )  # fmt: skip
    number_of: dict[Any, int] = {}
    for run, table in fields.tables():
        place = slice(run.first, run.first + run.rows)
        raw_keys = exact_keys(table)
        keys.append(_digests(raw_keys))
        marked.blank_N[place] = [not key for key in raw_keys]
        for name in text_steps:
            table = STEPS[name](table, fields.plan.kind, settings.clean).fields
        final_keys = exact_keys(table) if text_steps else raw_keys
        if text_steps:
            clean_keys.append(_digests(final_keys))
        marked.clean_blank_N[place] = [not key for key in final_keys]
        if settings.split is not None:
            marked.orders.append(np.array([cluster_order(seed, key) for key in final_keys], np.uint64))
        if marked.groups is not None and marked.group_orders is not None:
            names = group_names(table)
            marked.groups.append(_digests([name or "" for name in names]))
            marked.group_orders.append(np.array([group_order(seed, name or "") for name in names], np.uint64))
        if "label" in table.column_names:
            _mark_answers(table, place, marked, number_of)
        if marked.given_N is not None:
            marked.given_N[place] = side_numbers(given_splits(table) or [None] * run.rows)
    marked.written = list(number_of)
    if marked.given_N is not None and not (marked.given_N >= 0).any():
        marked.given_N = None
    return marked


def read_times(fields: FieldsOnDisk, name: str) -> tuple[npt.NDArray[np.int64], str]:
    """The time of each row, and what was decided about day and month. Raises RecipeError where there is no such column."""
    reader = TimeReader()
    for _, raw in fields.file.tables():
        check_time_column(raw.column_names, name)
        reader.look(raw.column(name).to_pylist())
    time_N = np.full(fields.file.rows, UNDATED, np.int64)
    for run, raw in fields.file.tables():
        time_N[run.first : run.first + run.rows] = reader.times(raw.column(name).to_pylist())
    return time_N, reader.reason


def _mark_answers(table: pa.Table, place: slice, marked: Marked, number_of: dict[Any, int]) -> None:
    values = table.column("label").to_pylist()
    if marked.value_N is not None:
        marked.value_N[place] = [np.nan if value is None else value for value in values]
        marked.written_N[place] = [-1 if value is None else 0 for value in values]
        return
    answers = [tuple(value) if isinstance(value, list) else value for value in values]
    marked.written_N[place] = [
        -1 if answer is None else number_of.setdefault(answer, len(number_of)) for answer in answers
    ]


def _digests(keys: list[str]) -> npt.NDArray[Any]:
    return as_digests(b"".join([digest_bytes(key) for key in keys]))


def open_rows(given_N: npt.NDArray[np.int8] | None, rows: int) -> npt.NDArray[np.bool_]:
    """Which rows are in train or in no given split: those that cleaning may drop."""
    return np.ones(rows, bool) if given_N is None else given_N <= SIDES.index("train")

"""What reading, cleaning and splitting made of a file: a verdict for each row, in the order of the file.

Made in memory by `decide_in_memory`, for big files by `data/passes/`; what is written from it can't tell which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from tunewright.core.config import Config
from tunewright.core.folder import write_text
from tunewright.core.text import digest
from tunewright.data.audit import AuditConfig
from tunewright.data.clean import CleanConfig, chosen_text_steps, run_steps
from tunewright.data.columns import ColumnPlan, ColumnsConfig, find_columns, to_fields
from tunewright.data.earlier import group_digests, text_digests
from tunewright.data.keys import exact_keys, texts
from tunewright.data.ledger import Entry, Ledger, StageAccount
from tunewright.data.marks import marks, row_order, side_numbers
from tunewright.data.near import near_places
from tunewright.data.sources import Note, Quarantined, ReadConfig, ReadResult, SourceFormat, read
from tunewright.data.split import SplitConfig, fold_numbers, split, subset_sizes
from tunewright.data.times import add_times


class DataSettings(Config):
    """Everything that decides what becomes of a file's rows."""

    read: ReadConfig = ReadConfig()
    """How the file is read."""
    columns: ColumnsConfig = ColumnsConfig()
    """Which column is what."""
    audit: AuditConfig = AuditConfig()
    """What near duplicates are."""
    clean: CleanConfig = CleanConfig()
    """What is mended."""
    split: SplitConfig | None = None
    """How rows are divided; None: they are not."""
    folds: int | None = Field(default=None, ge=2)
    """Divide into this many parts for cross-validation, and not into sides."""
    subsets: tuple[int, ...] = ()
    """Sizes of nested parts of train, as for a learning curve."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The verdicts, and what is needed to write rows back as they were."""

    path: Path
    source: SourceFormat
    columns: ColumnPlan
    accounts: list[StageAccount]
    kept_N: npt.NDArray[np.bool_]
    """Which of the rows that could be read stay."""
    side_N: npt.NDArray[np.int8]
    """The side of each row; -1 for rows without a label, for dropped ones, and everywhere if nothing was divided."""
    fold_N: npt.NDArray[np.int16] | None
    """The fold of each row, -1 for none; None if no folds were asked for."""
    subset_N: npt.NDArray[np.int64] | None
    """The smallest subset that each row is in, 0 for none; None if no subsets were asked for."""
    meant: dict[str, str]
    """Spellings of labels that are merged, and what they become."""
    text_steps: tuple[str, ...]
    """Steps that change texts."""
    row_ids: Callable[[int, int], list[str]]
    """The ids of a range of rows."""
    keys: Callable[[int, int], tuple[list[str | None], list[str | None]]]
    """Digests of text and group of a range of rows, by which a later split knows them again."""
    fingerprint: str
    """Of the content of all rows, whatever the path and the order."""
    blank_lines: int = 0
    said: tuple[str, ...] = field(default=())
    """What a person should be told of how it was done."""


def decide_in_memory(path: Path, *, settings: DataSettings, ledger_path: Path, quarantine_path: Path) -> Decided:
    """Read, find the columns, clean, and divide if asked to. Writes the ledger and the rows that can't be read.

    Raises: DataError where the file can't be read, or has too few rows for the sides that were asked for.
    """
    result = read(path, config=settings.read)
    ledger = Ledger()
    account_for_reading(result, ledger)
    columns = find_columns(result.table, chosen=settings.columns)
    notes: list[Entry] = []
    fields = to_fields(result.table, columns, entries=notes)
    ledger.close_stage("columns", read=len(fields), kept=len(fields), entries=notes)
    said = []
    if settings.split is not None and settings.split.by_time is not None:
        fields, reason = add_times(fields, result.table, name=settings.split.by_time)
        said = [reason] if reason else []
    if settings.split is not None and settings.split.given == "ignore" and "split" in fields.column_names:
        fields = fields.drop_columns(["split"])
    near = near_groups_of(fields, settings.audit) if settings.split is not None else []
    ids: list[str] = fields.column("row_id").to_pylist()
    cleaned = run_steps(fields, kind=columns.kind, config=settings.clean, ledger=ledger)
    kept = cleaned.fields
    if settings.split is not None and settings.folds is None:
        kept = split(kept, kind=columns.kind, config=settings.split, near_groups=near, ledger=ledger)
    place = {row_id: number for number, row_id in enumerate(ids)}
    places = np.array([place[row_id] for row_id in kept.column("row_id").to_pylist()], np.int64)
    kept_N = np.zeros(len(ids), bool)
    kept_N[places] = True
    side_N = np.full(len(ids), -1, np.int8)
    fold_N, subset_N = None, None
    if settings.split is not None:
        seed = settings.split.seed
        row_marks = marks(kept, kind=columns.kind, near_groups=near, seed=seed)
        if settings.folds is not None:
            fold_N = np.full(len(ids), -1, np.int16)
            fold_N[places] = fold_numbers(row_marks, kind=columns.kind, k=settings.folds)
        else:
            side_N[places] = side_numbers(kept.column("split").to_pylist())
        if settings.subsets:
            order_N = np.array([row_order(seed, row_id) for row_id in kept.column("row_id").to_pylist()], np.uint64)
            subset_N = np.zeros(len(ids), np.int64)
            subset_N[places] = subset_sizes(
                row_marks, side_N[places], order_N, kind=columns.kind, sizes=settings.subsets
            )
    ledger.write(ledger_path=ledger_path, account_path=None)
    write_text(quarantine_path, "".join(quarantine_line(row) for row in result.quarantined))
    return Decided(
        path=path, source=result.source, columns=columns, accounts=ledger.accounts, kept_N=kept_N, side_N=side_N,
        fold_N=fold_N, subset_N=subset_N,
        meant=cleaned.meant, text_steps=tuple(chosen_text_steps(settings.clean)), row_ids=lambda low, high: ids[low:high],
        keys=_keys_of(kept, ids), fingerprint=fingerprint_of(ids), blank_lines=result.blank_lines, said=tuple(said),
    )  # fmt: skip


def near_groups_of(fields: pa.Table, config: AuditConfig) -> list[list[str]]:
    """Row ids of each cluster of near duplicates, as the audit finds them."""
    threshold = config.near_threshold if config.near_duplicates else None
    ids = fields.column("row_id").to_pylist()
    return [
        [ids[place] for place in group] for group in near_places(texts(fields), exact_keys(fields), threshold=threshold)
    ]


def account_for_reading(result: ReadResult, ledger: Ledger) -> None:
    """The ledger's first stage: what was kept, what could not be read, and what is to be known of kept rows."""
    entries = [*map(quarantine_entry, result.quarantined), *map(note_entry, result.notes)]
    ledger.close_stage("read", read=result.read, kept=len(result.table), entries=entries)


def quarantine_entry(row: Quarantined) -> Entry:
    """The ledger's entry for a row that could not be read."""
    return Entry(
        row_id=None, path=row.path, line=row.line, stage="read", action="quarantined", reason_code=row.reason_code,
        before=row.raw,
    )  # fmt: skip


def note_entry(note: Note) -> Entry:
    """The ledger's entry for what a reader noticed about a row that it kept."""
    return Entry(
        row_id=None, path=note.path, line=note.line, stage="read", action="noted", reason_code=note.code,
        before=note.detail,
    )  # fmt: skip


def quarantine_line(row: Quarantined) -> str:
    """A row that could not be read as a line of JSON."""
    return json.dumps(asdict(row), ensure_ascii=False) + "\n"


def fingerprint_of(row_ids: Sequence[str]) -> str:
    """`table.fingerprint` of row ids."""
    return digest(*sorted(row_ids))


def _keys_of(kept: pa.Table, ids: Sequence[str]) -> Callable[[int, int], tuple[list[str | None], list[str | None]]]:
    key_of = dict(
        zip(
            kept.column("row_id").to_pylist(),
            zip(text_digests(kept), group_digests(kept), strict=True),
            strict=True,
        )
    )

    def keys(low: int, high: int) -> tuple[list[str | None], list[str | None]]:
        found = [key_of.get(row_id, (None, None)) for row_id in ids[low:high]]
        return [text for text, _ in found], [group for _, group in found]

    return keys

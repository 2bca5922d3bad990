"""Big files: read, cleaned, divided and written with a few numbers a row in memory, however long the texts are.

    1. reading.py    the file once, front to back, into runs on disk; row ids as digests; an even sample for its columns
    2. marking.py    each run as numbers: digests of texts and groups on disk, answers in memory
    3. verdicts.py   rows with one text, grouped by digest: what cleaning drops
    4. bands.py      near duplicates through MinHash bands on disk, compared exactly
    5. placing.py    marks of all rows; `data/split.py` decides on them as it does in memory
    6. entries.py    the ledger, stage by stage
    7. data/write_back.py copies the rows that stay from the input

About 120 bytes a row are in memory at the peak: 986 MB above the libraries for 5.9 million rows (lab/LOG.md). The verdicts are
those of `decide_in_memory`: a law of the tests. What may differ: columns are found on an even sample, and of two texts at the
very threshold of near duplicates 1 pair in 20,000 is missed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tunewright.core.text import measured
from tunewright.data.clean import chosen_text_steps
from tunewright.data.columns import find_columns
from tunewright.data.decided import DataSettings, Decided
from tunewright.data.earlier import earlier_sides
from tunewright.data.marks import Marks, row_order
from tunewright.data.passes.disk import Limits, hex_digests, parts_of
from tunewright.data.passes.entries import write_entries
from tunewright.data.passes.marking import FieldsOnDisk, Marked, mark_rows, read_times
from tunewright.data.passes.placing import digests_of, earlier_of, make_marks
from tunewright.data.passes.reading import FileOnDisk, read_to_disk
from tunewright.data.passes.stages import Stages
from tunewright.data.passes.verdicts import STAYS, Verdicts, decide_cleaning
from tunewright.data.split import Placement, check_columns, fold_numbers, place, subset_sizes

__all__ = ["Limits", "OnDisk", "decide_in_passes", "pass_over"]


@dataclass(frozen=True, kw_only=True)
class OnDisk:
    """A file after all passes but the last."""

    fields: FieldsOnDisk
    marked: Marked
    verdicts: Verdicts
    marks: Marks | None
    """None where nothing is divided."""
    placed: Placement | None
    stages: Stages
    said: tuple[str, ...]


def decide_in_passes(
    path: Path, *, settings: DataSettings, ledger_path: Path, quarantine_path: Path, folder: Path,
    limits: Limits | None = None,
) -> Decided:  # fmt: skip
    """`decide_in_memory` for a file of any size. `folder` is for what is only needed on the way, about twice the file.

    Raises: DataError where the file can't be read, or has too few rows for the sides that were asked for; FolderError
    where the disk is full.
    """
    limits = limits or Limits()
    done = pass_over(path, settings=settings, quarantine_path=quarantine_path, folder=folder, limits=limits)
    done.stages.write(ledger_path)
    file, verdicts, placed = done.fields.file, done.verdicts, done.placed
    kept_N = verdicts.why_N == STAYS
    side_N = np.full(file.rows, -1, np.int8)
    if placed is not None:
        kept_N &= placed.kept_N
        side_N[kept_N] = placed.side_N[kept_N]
    fold_N, subset_N = _folds_and_subsets(done, side_N, limits)

    def keys(low: int, high: int) -> tuple[list[str | None], list[str | None]]:
        texts, groups = digests_of(done.marked, low, high)
        kept = kept_N[low:high].tolist()
        return (
            [text if is_in else None for text, is_in in zip(texts, kept, strict=True)],
            [group if is_in else None for group, is_in in zip(groups, kept, strict=True)],
        )

    return Decided(
        path=path, source=file.source, columns=done.fields.plan, accounts=done.stages.accounts, kept_N=kept_N,
        side_N=side_N, fold_N=fold_N, subset_N=subset_N, meant=verdicts.meant,
        text_steps=tuple(chosen_text_steps(settings.clean)), row_ids=file.row_ids, keys=keys,
        fingerprint=_fingerprint(file, limits), blank_lines=file.blank_lines, said=done.said,
    )  # fmt: skip


def pass_over(path: Path, *, settings: DataSettings, quarantine_path: Path, folder: Path, limits: Limits) -> OnDisk:
    """Passes 1 to 6: what becomes of each row, with the ledger's stages closed."""
    stages = Stages(folder)
    file, sample = read_to_disk(
        path, config=settings.read, folder=folder, quarantine_path=quarantine_path, stages=stages, limits=limits
    )
    plan = find_columns(sample, chosen=settings.columns)
    said = [f"read in passes: the columns were found by {len(sample):,} of {file.rows:,} rows"]
    del sample
    fields = FieldsOnDisk(file=file, plan=plan, settings=settings)
    fields.look_at_numbers()
    time_N = None
    if settings.split is not None and settings.split.by_time is not None:
        time_N, reason = read_times(fields, settings.split.by_time)
        said += [reason] if reason else []
    marked = mark_rows(fields, folder=folder)
    verdicts = decide_cleaning(fields, marked, limits=limits)
    marks = placed = None
    if settings.split is not None:
        check_columns(settings.split, ["group" if plan.group else "", "time" if time_N is not None else ""])
        marks = make_marks(fields, marked, verdicts, time_N, folder=folder, limits=limits)
        if settings.folds is None:
            earlier = None
            if settings.split.from_run is not None:
                old = earlier_sides(Path(settings.split.from_run))
                earlier = earlier_of(old, fields, marked, limits=limits)
            placed = place(marks, kind=plan.kind, config=settings.split, earlier=earlier)
    write_entries(fields, verdicts, placed, stages)
    return OnDisk(
        fields=fields, marked=marked, verdicts=verdicts, marks=marks, placed=placed, stages=stages, said=tuple(said)
    )


def _folds_and_subsets(
    done: OnDisk, side_N: npt.NDArray[np.int8], limits: Limits
) -> tuple[npt.NDArray[np.int16] | None, npt.NDArray[np.int64] | None]:
    settings, kind = done.fields.settings, done.fields.plan.kind
    fold_N = subset_N = None
    if done.marks is not None and settings.folds is not None:
        fold_N = fold_numbers(done.marks, kind=kind, k=settings.folds)
    if done.marks is not None and settings.subsets and settings.split is not None:
        file, seed = done.fields.file, settings.split.seed
        order_N = np.zeros(file.rows, np.uint64)
        for low in range(0, file.rows, limits.rows_per_part):
            ids = file.row_ids(low, min(low + limits.rows_per_part, file.rows))
            order_N[low : low + len(ids)] = [row_order(seed, row_id) for row_id in ids]
        subset_N = subset_sizes(done.marks, side_N, order_N, kind=kind, sizes=settings.subsets)
    return fold_N, subset_N


def _fingerprint(file: FileOnDisk, limits: Limits) -> str:
    """`table.fingerprint` of all rows: a digest of the sorted ids, sorted part by part."""
    hasher = hashlib.blake2b(digest_size=16)
    for places, digests in parts_of(file.digests, limits):
        names = hex_digests(digests)
        for row in np.flatnonzero(file.repeat_N[places]).tolist():
            names[row] += f"+{file.repeat_N[places[row]]}"
        hasher.update(measured(sorted(names)))
    return hasher.hexdigest()

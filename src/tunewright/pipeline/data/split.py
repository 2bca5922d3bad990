"""`tunewright data split`: a file in; train, validation and test out, with a manifest by which a later split goes on.

Or one file with a column `fold` for cross-validation, or a train file whose column `subset` names nested subsets.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from tunewright.core.errors import DataError
from tunewright.core.folder import discard, read_json, write_json, write_text, writing
from tunewright.core.text import digest
from tunewright.data.decided import DataSettings, Decided
from tunewright.data.earlier import ASSIGNMENT, ASSIGNMENT_SCHEMA, assignment
from tunewright.data.ledger import StageAccount
from tunewright.data.marks import SIDES, Ints, side_names
from tunewright.data.write_back import write_back
from tunewright.pipeline.data.decide import Workspace, decide
from tunewright.pipeline.data.settings import data_settings

_UNLABELLED = len(SIDES)
_ROWS_AT_A_TIME = 65_536
MANIFEST = "manifest.json"
UNFINISHED = ".unfinished"


@dataclass(frozen=True, kw_only=True)
class SplitFile:
    """What dividing a file made."""

    folder: Path
    rows: dict[str, int]
    """Rows of each file."""
    manifest: dict[str, Any]
    accounts: list[StageAccount]
    said: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """One object for `--json`: the manifest and where it is."""
        return {"folder": str(self.folder), **self.manifest}


def split_file(
    path: Path, *, output: Path, text: str | None = None, text_pair: str | None = None, label: str | None = None,
    task: str | None = None, group: str | None = None, by_time: str | None = None, test: float | None = None,
    validation: float | None = None, seed: int | None = None, from_run: Path | None = None, given: str | None = None,
    folds: int | None = None, subsets: Sequence[int] = (), cleans: bool = False, overrides: Sequence[str] = (),
    with_row_id: bool = True,
) -> SplitFile:  # fmt: skip
    """Write the sides of a file, in its own format, with the manifest and what became of each row.

    `cleans`: clean first, as `run` does. Raises DataError where there are too few rows, or the file can't be read.
    """
    settings = data_settings(
        overrides, columns={"text": text, "text_pair": text_pair, "label": label, "task": task, "group": group},
        split={
            "test": test, "validation": validation, "seed": seed, "by_time": by_time, "given": given,
            "from": None if from_run is None else str(from_run),
        },
        cleans=cleans, folds=folds, subsets=subsets,
    )  # fmt: skip
    _check_folder(output)
    with _unfinished(output), Workspace(output) as workspace:
        remove_torn_files(output)
        decided = decide(path, settings=settings, workspace=workspace)
        names, output_N = _outputs(decided)
        rows = write_back(
            decided, {number: output / f"{name}{path.suffix}" for number, name in names.items()}, output_N=output_N,
            settings=settings, with_row_id=with_row_id,
            added=lambda first, places: _columns(decided, first, places),
        )  # fmt: skip
        digest_of_assignment = _write_assignment(decided, output / ASSIGNMENT)
        with writing(output / "ledger.parquet") as aside:
            aside.write_bytes(workspace.ledger.read_bytes())
        workspace.keep_quarantine(output / "quarantine.jsonl", decided)
        manifest: dict[str, Any] = {
            "format": 1,
            "input": {"name": path.name, "digest": decided.source.input_digest, "fingerprint": decided.fingerprint},
            "files": {f"{name}{path.suffix}": rows[number] for number, name in names.items()},
            "assignment": {"file": ASSIGNMENT, "digest": digest_of_assignment},
            "columns": _named_columns(decided),
            "settings": _plain_settings(settings),
            "stages": [asdict(stage) for stage in decided.accounts],
            "notes": list(decided.said),
        }
        # Written last: a folder with a manifest is a whole one.
        write_json(output / MANIFEST, manifest)
    return SplitFile(
        folder=output, rows={name: rows[number] for number, name in names.items()}, manifest=manifest,
        accounts=decided.accounts, said=decided.said,
    )  # fmt: skip


@contextlib.contextmanager
def _unfinished(folder: Path) -> Iterator[None]:
    """Inside, a mark says that the folder is ours though it has no manifest yet: who is killed may begin again there."""
    mark = folder / UNFINISHED
    write_text(mark, "")
    try:
        yield
        discard(mark)
    except BaseException:
        if [one.name for one in folder.iterdir()] == [UNFINISHED]:
            discard(mark)
        raise


def remove_torn_files(folder: Path) -> None:
    """Remove what a process that was killed was in the middle of writing."""
    for aside in folder.glob(".*.part"):
        if aside.is_file():
            discard(aside)


def _check_folder(folder: Path) -> None:
    """A folder that is there must be empty, or one of an earlier `data split`, which is then replaced."""
    if folder.is_file():
        raise DataError(f"{folder}: this is a file. `--output` names a folder.")
    if not folder.exists():
        return
    others = [one.name for one in folder.iterdir() if not one.name.startswith(".")]
    ours = (MANIFEST, ASSIGNMENT, UNFINISHED)
    if others and not any((folder / name).exists() for name in ours):
        raise DataError(
            f"{folder}: the folder holds other files ({', '.join(sorted(others)[:3])}). Name a new or an empty one."
        )
    if (folder / MANIFEST).exists():
        earlier = read_json(folder / MANIFEST)
        discard(folder / MANIFEST)
        for name in earlier["files"]:
            discard(folder / Path(name).name)


def _outputs(decided: Decided) -> tuple[dict[int, str], Ints]:
    """Names of the files that get rows, and the number of each row's file."""
    if decided.fold_N is not None:
        names, output_N = {0: "folds"}, np.where(decided.kept_N, 0, -1)
    else:
        numbers = np.where(decided.side_N >= 0, decided.side_N, _UNLABELLED)
        names, output_N = {**dict(enumerate(SIDES)), _UNLABELLED: "unlabelled"}, np.where(decided.kept_N, numbers, -1)
    # A file without rows would be no file of its format.
    return {number: name for number, name in names.items() if (output_N == number).any()}, output_N


def _columns(decided: Decided, first: int, places: Ints) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    if decided.fold_N is not None:
        found["fold"] = [None if fold < 0 else fold for fold in decided.fold_N[first + places].tolist()]
    if decided.subset_N is not None:
        found["subset"] = [size or None for size in decided.subset_N[first + places].tolist()]
    return found


def _write_assignment(decided: Decided, path: Path) -> str:
    """Write which row is where; a digest that says whether two splits are the same, whatever the order of the file."""
    total = 0
    with writing(path) as aside, pq.ParquetWriter(aside, ASSIGNMENT_SCHEMA) as writer:
        for low in range(0, len(decided.kept_N), _ROWS_AT_A_TIME):
            high = min(low + _ROWS_AT_A_TIME, len(decided.kept_N))
            ids, kept = decided.row_ids(low, high), decided.kept_N[low:high].tolist()
            sides = side_names(decided.side_N[low:high])
            if decided.fold_N is not None:
                folds = decided.fold_N[low:high].tolist()
                total += sum(
                    int(digest(one, str(fold)), 16) for one, fold, is_in in zip(ids, folds, kept, strict=True) if is_in
                )
            else:
                total += sum(
                    int(digest(one, str(side)), 16) for one, side, is_in in zip(ids, sides, kept, strict=True) if is_in
                )
            texts, groups = decided.keys(low, high)
            writer.write_table(
                assignment(
                    ids, [side if is_in else None for side, is_in in zip(sides, kept, strict=True)], texts, groups
                )
            )
    return f"{total % 2**128:032x}"


def _named_columns(decided: Decided) -> dict[str, Any]:
    plan = decided.columns
    parts = ("text", "text_pair", "label", "group", "weight", "split", "kind")
    return {part: getattr(plan, part) for part in parts if getattr(plan, part) is not None}


def _plain_settings(settings: DataSettings) -> dict[str, Any]:
    tree = settings.model_dump(mode="json", include={"split", "clean", "folds", "subsets"})
    # Where an earlier split lies is of this machine and not of the settings.
    if tree["split"]["from_run"] is not None:
        tree["split"]["from_run"] = Path(tree["split"]["from_run"]).name
    return dict(tree)

"""Train, validation and test: sides that share no text, keep groups whole, and don't depend on the order of the file.

Units (`data/units.py`) are ordered by hash(seed, key) within a class and cut by share. Where goals conflict: groups,
then duplicates, then strata, then sizes. Splits that the file gives are taken; what *train* shares with them exactly is
dropped from train, near duplicates are reported (`near_leaks`). A new run may keep the sides of an earlier one
(`from_run`) and place only the rows that are new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
from pydantic import AliasChoices, Field, model_validator

from tunewright.core.config import Config
from tunewright.core.errors import RecipeError
from tunewright.core.folder import RunFolder
from tunewright.data.cut import cut
from tunewright.data.keys import Kind, Side, exact_keys, given_splits, group_names
from tunewright.data.leaks import Leaks, strengthen
from tunewright.data.ledger import Ledger
from tunewright.data.rows import read_rows
from tunewright.data.table import set_column
from tunewright.data.units import Marks, marks, units


class SplitConfig(Config):
    """How rows are divided. Shares are of the labelled rows."""

    validation: float = Field(default=0.1, ge=0, lt=1)
    """Share of rows that choose the best epoch and the temperature."""
    test: float = Field(default=0.2, ge=0, lt=1)
    """Share of rows that are scored once, at the end; .2 keeps the interval narrow on the small sets people have."""
    seed: int = 17
    """Another seed gives another split; the same seed gives the same one on any machine."""
    group_by: str | None = None
    """Column whose equal values stay on one side (a customer, a document)."""
    given: Literal["use", "ignore"] = "use"
    """Splits that the file gives: take them, or divide all rows anew."""
    from_run: str | None = Field(default=None, validation_alias=AliasChoices("from_run", "from"))
    """Folder of an earlier run: each row it knew keeps its side, only new rows are placed."""
    exact_leaks: Literal["drop", "keep"] = "drop"
    """Rows of train whose text also stands in validation or test."""
    near_leaks: Literal["report", "drop"] = "report"
    """Rows of train that nearly repeat a row of a given validation or test split."""

    @model_validator(mode="after")
    def _leaves_something_to_train_on(self) -> SplitConfig:
        if self.validation + self.test >= 1:
            raise ValueError(
                f"split.validation ({self.validation}) and split.test ({self.test}) leave nothing to train on; "
                "their sum must be below 1"
            )
        return self


def split(
    fields: pa.Table, *, kind: Kind, config: SplitConfig, near_groups: Sequence[Sequence[str]], ledger: Ledger
) -> pa.Table:
    """The table with its column `split` filled (null for rows without a label) and the leaks taken out of train.

    Raises: DataError when there are too few rows or units to fill every side that was asked for.
    """
    if config.group_by is not None and "group" not in fields.column_names:
        raise RecipeError(f"split.group_by names {config.group_by!r}, but the rows carry no group column.")
    row_marks = marks(fields, kind=kind, near_groups=near_groups)
    labelled = [place for place, label in enumerate(row_marks.label) if label is not None]
    sides, wanted = _fixed_sides(fields, row_marks, labelled, config=config)
    leaks = Leaks(fields, row_marks)
    if config.exact_leaks == "drop":
        leaks.drop(sides, labelled, by=row_marks.key, reason="exact_leak")
    if config.near_leaks == "drop":
        leaks.drop(sides, labelled, by=row_marks.cluster, reason="near_leak")
    else:
        leaks.note(sides, labelled)
    open_places = [place for place in labelled if sides[place] is None and place not in leaks.dropped]
    # After an earlier run a single new row must not be made to fill all sides again.
    must_fill = config.from_run is None and bool(open_places)
    placed = cut(row_marks, open_places, shares=wanted, kind=kind, seed=config.seed, must_fill=must_fill)
    for place, side in placed.items():
        sides[place] = side
    # Without groups duplicates are one unit and can't part; with groups one text may stand in several of them.
    if any(row_marks.group[place] is not None for place in open_places):
        leaks.drop(sides, open_places, by=row_marks.cluster, reason="duplicate_across_groups")
    kept = [place for place in range(len(fields)) if place not in leaks.dropped]
    result = set_column(fields, "split", pa.array(sides, pa.string())).take(pa.array(kept, pa.int64()))
    ledger.close_stage("split", read=len(fields), kept=len(result), entries=leaks.entries)
    return result


def folds(fields: pa.Table, *, kind: Kind, k: int, seed: int, near_groups: Sequence[Sequence[str]] = ()) -> list[int]:
    """The fold (0 to k - 1) of each row for cross-validation, -1 for rows without a label; units as in `split`."""
    row_marks = marks(fields, kind=kind, near_groups=near_groups)
    labelled = [place for place, label in enumerate(row_marks.label) if label is not None]
    fold_of_row = [-1] * len(fields)
    rows_of_fold = [0] * k
    rows_of_stratum: Counter[tuple[str, int]] = Counter()
    for unit in units(row_marks, labelled, kind=kind, seed=seed):
        fold = min(range(k), key=lambda fold: (rows_of_stratum[unit.stratum, fold], rows_of_fold[fold], fold))
        rows_of_stratum[unit.stratum, fold] += len(unit.rows)
        rows_of_fold[fold] += len(unit.rows)
        for place in unit.rows:
            fold_of_row[place] = fold
    return fold_of_row


def _fixed_sides(
    fields: pa.Table, marks: Marks, labelled: list[int], *, config: SplitConfig
) -> tuple[list[Side | None], dict[Side, float]]:
    """The sides that are settled beforehand (None: still to be placed), and the shares to cut from the rest.

    Where the file gives splits, a row without one counts as train, and a side that is missing is cut from train.
    """
    wanted: dict[Side, float] = {"test": config.test, "validation": config.validation}
    if config.from_run is not None:
        return _sides_of_run(fields, marks, labelled, run=Path(config.from_run)), wanted
    given = given_splits(fields) if config.given == "use" else None
    if given is None:
        return [None] * len(fields), wanted
    sides: list[Side | None] = [None] * len(fields)
    for place in labelled:
        sides[place] = given[place] or "train"
    present = {sides[place] for place in labelled}
    wanted = {side: share for side, share in wanted.items() if share and side not in present}
    if wanted:
        sides = [None if side == "train" else side for side in sides]
    return sides, wanted


def _sides_of_run(fields: pa.Table, marks: Marks, labelled: list[int], *, run: Path) -> list[Side | None]:
    """Old rows keep their side; a new row whose text, cluster or group has a side already goes there."""
    path = RunFolder(run).rows
    if not path.exists():
        raise RecipeError(f"split.from names {run}, but there is no {path.relative_to(run)} in it: not a run folder.")
    old = read_rows(path)
    side_of_id: dict[str, Side] = {}
    side_of_name: dict[str, Side] = {}
    for row_id, key, group, side in zip(
        old.column("row_id").to_pylist(),
        exact_keys(old),
        group_names(old),
        old.column("split").to_pylist(),
        strict=True,
    ):
        if side is not None:
            side_of_id[row_id] = side
            strengthen(side_of_name, f"text {key}", side)
            if group is not None:
                strengthen(side_of_name, f"group {group}", side)
    sides: list[Side | None] = [None] * len(fields)
    for place in labelled:
        known = side_of_id.get(marks.row_id[place])
        if known is not None:
            sides[place] = known
            strengthen(side_of_name, f"cluster {marks.cluster[place]}", known)
            if marks.group[place] is not None:
                strengthen(side_of_name, f"group {marks.group[place]}", known)
    for place in labelled:
        if sides[place] is None:
            # A row of a group goes where its group is, even if its text stands elsewhere: groups come first.
            grouped = marks.group[place] is not None
            names = (
                [f"group {marks.group[place]}"]
                if grouped
                else [f"text {marks.key[place]}", f"cluster {marks.cluster[place]}"]
            )
            sides[place] = next((side_of_name[name] for name in names if name in side_of_name), None)
    return sides

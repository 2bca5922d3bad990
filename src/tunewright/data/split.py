"""Train, validation and test: sides that share no text, keep groups whole, and don't depend on the order of the file.

Units (`data/units.py`) are ordered by hash(seed, key) within a class and cut by share, or rows are cut by their time
(`by_time`). Where goals conflict: groups, then duplicates, then strata, then sizes. Splits that the file gives are
taken; what *train* shares with them exactly is dropped from train, near duplicates are reported (`near_leaks`). A new
run may keep the sides of an earlier one (`from_run`) and place only the rows that are new.

`place` decides, over marks; `split` does it to a table; `fold_numbers` and `subset_order` divide in other ways.

Letters: N rows, K distinct texts, G groups, P rows that are placed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import AliasChoices, Field, model_validator

from tunewright.core.config import Config
from tunewright.core.errors import RecipeError
from tunewright.data.cut import cut
from tunewright.data.earlier import Earlier, earlier_sides, group_digests, text_digests
from tunewright.data.keys import Kind, Side
from tunewright.data.leaks import Leak, Leaks
from tunewright.data.ledger import Entry, Ledger
from tunewright.data.marks import SIDES, UNDATED, Ints, Marks, marks, side_names
from tunewright.data.table import set_column
from tunewright.data.time_cut import cut_by_time
from tunewright.data.units import units


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
    by_time: str | None = None
    """Column of dates or times: the newest rows are test, those before them validation, as when a model meets the
    future. Rows of one time stay together; rows without a readable one go to train."""
    given: Literal["use", "ignore"] = "use"
    """Splits that the file gives: take them, or divide all rows anew."""
    from_run: str | None = Field(default=None, validation_alias=AliasChoices("from_run", "from"))
    """Folder of an earlier run or of `data split`: each row it knew keeps its side, only new rows are placed."""
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


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The side of each row, and the rows that leak."""

    side_N: npt.NDArray[np.int8]
    """-1 for rows without a label."""
    leaks: Leaks

    @property
    def kept_N(self) -> npt.NDArray[np.bool_]:
        """Which rows stay."""
        return ~self.leaks.dropped_N


def split(
    fields: pa.Table, *, kind: Kind, config: SplitConfig, near_groups: Sequence[Sequence[str]], ledger: Ledger
) -> pa.Table:
    """The table with its column `split` filled (null for rows without a label) and the leaks taken out of train.

    Raises: DataError when there are too few rows or units to fill every side that was asked for.
    """
    check_columns(config, fields.column_names)
    earlier = None
    if config.from_run is not None:
        earlier = earlier_sides(Path(config.from_run)).of(
            fields.column("row_id").to_pylist(), text_digests(fields), group_digests(fields)
        )
    row_marks = marks(fields, kind=kind, near_groups=near_groups, seed=config.seed)
    placed = place(row_marks, kind=kind, config=config, earlier=earlier)
    kept = pa.array(np.flatnonzero(placed.kept_N))
    result = set_column(fields, "split", pa.array(side_names(placed.side_N), pa.string())).take(kept)
    entries = [leak_entry(leak, fields, leak.place) for leak in placed.leaks]
    ledger.close_stage("split", read=len(fields), kept=len(result), entries=entries)
    return result


def place(marks: Marks, *, kind: Kind, config: SplitConfig, earlier: Earlier | None = None) -> Placement:
    """The side of each row, by what is given, by what an earlier run said, and for the rest by cutting.

    Raises: DataError when there are too few rows or units to fill every side that was asked for.
    """
    labelled = marks.labelled
    side_N, wanted = _fixed_sides(marks, labelled, config=config, earlier=earlier)
    leaks = Leaks(len(side_N))
    cluster_N = marks.cluster_N
    if config.exact_leaks == "drop":
        leaks.drop(side_N, labelled, by=marks.key_N, reason="exact_leak")
    if config.near_leaks == "drop":
        leaks.drop(side_N, labelled, by=cluster_N, reason="near_leak")
    else:
        leaks.note(side_N, labelled, by=cluster_N, reason="near_leak")
    open_places = labelled[(side_N[labelled] < 0) & ~leaks.dropped_N[labelled]]
    # After an earlier run a single new row must not be made to fill all sides again.
    must_fill = config.from_run is None and len(open_places) > 0
    if config.by_time is not None:
        _place_by_time(marks, side_N, open_places, shares=wanted, must_fill=must_fill, leaks=leaks)
        return Placement(side_N=side_N, leaks=leaks)
    places, sides = cut(marks, open_places, shares=wanted, kind=kind, seed=config.seed, must_fill=must_fill)
    side_N[places] = sides
    # Without groups duplicates are one unit and can't part; with groups one text may stand in several of them.
    if (marks.group_N[open_places] >= 0).any():
        leaks.drop(side_N, open_places, by=cluster_N, reason="duplicate_across_groups", ours=True)
    return Placement(side_N=side_N, leaks=leaks)


def fold_numbers(marks: Marks, *, kind: Kind, k: int) -> npt.NDArray[np.int16]:
    """The fold (0 to k - 1) of each row for cross-validation, -1 for rows without a label; units as in `place`."""
    fold_N = np.full(len(marks.key_N), -1, np.int16)
    all_units = units(marks, marks.labelled, kind=kind)
    rows_of_fold = [0] * k
    rows_of_stratum: Counter[tuple[int, int]] = Counter()
    fold_U = np.zeros(len(all_units), np.int16)
    sizes, strata = all_units.size_U.tolist(), all_units.stratum_U.tolist()
    for unit, (size, stratum) in enumerate(zip(sizes, strata, strict=True)):
        fold = min(range(k), key=lambda fold: (rows_of_stratum[stratum, fold], rows_of_fold[fold], fold))
        rows_of_stratum[stratum, fold] += size
        rows_of_fold[fold] += size
        fold_U[unit] = fold
    fold_N[all_units.rows_P] = all_units.spread(fold_U)
    return fold_N


def folds(fields: pa.Table, *, kind: Kind, k: int, seed: int, near_groups: Sequence[Sequence[str]] = ()) -> list[int]:
    """`fold_numbers` of a table."""
    found: list[int] = fold_numbers(
        marks(fields, kind=kind, near_groups=near_groups, seed=seed), kind=kind, k=k
    ).tolist()
    return found


def subset_sizes(
    marks: Marks, side_N: Ints, order_N: Ints, *, kind: Kind, sizes: Sequence[int]
) -> npt.NDArray[np.int64]:
    """For each row of train the smallest of the nested subsets that it is in, 0 for none and for all other rows.

    Raises RecipeError where train has fewer rows than a subset.
    """
    train = np.flatnonzero(side_N == SIDES.index("train"))
    if not sizes or min(sizes) < 1 or max(sizes) > len(train):
        raise RecipeError(
            f"subsets of {', '.join(map(str, sizes))} rows can't be taken: train has {len(train):,}. "
            "Give sizes from 1 to that number."
        )
    order = subset_order(marks, train, order_N[train], kind=kind)
    found: npt.NDArray[np.int64] = np.zeros(len(side_N), np.int64)
    for size in sorted(sizes, reverse=True):
        found[order[:size]] = size
    return found


def subset_order(marks: Marks, places: Ints, order_P: Ints, *, kind: Kind) -> npt.NDArray[np.int64]:
    """These rows in an order of which every beginning has the shares of the whole, so that subsets can be nested.

    `order_P` is a random number of each row. The r-th of a class with m rows stands at (r + 1/2) / m.
    """
    by_hash: npt.NDArray[np.int64] = places.astype(np.int64)[np.argsort(order_P, kind="stable")]
    alone = Marks(
        key_N=np.arange(len(by_hash)), answer_N=marks.answer_N[by_hash], group_N=np.full(len(by_hash), -1),
        answers=marks.answers, value_N=None if marks.value_N is None else marks.value_N[by_hash],
        cluster_K=np.arange(len(by_hash)), order_K=np.arange(len(by_hash), dtype=np.uint64),
        order_G=np.zeros(0, np.uint64), given_N=None,
    )  # fmt: skip
    stratum = units(alone, np.arange(len(by_hash)), kind=kind).stratum_U
    counts = np.bincount(stratum)
    by_stratum = np.argsort(stratum, kind="stable")
    rank = np.arange(len(stratum)) - np.repeat(np.cumsum(counts) - counts, counts)
    position = np.empty(len(stratum))
    position[by_stratum] = (rank + 0.5) / np.repeat(counts, counts)
    return by_hash[np.argsort(position, kind="stable")]


def check_columns(config: SplitConfig, names: Sequence[str]) -> None:
    """Raises RecipeError where the split needs a column that the fields don't have."""
    if config.group_by is not None and "group" not in names:
        raise RecipeError(f"split.group_by names {config.group_by!r}, but the rows carry no group column.")
    if config.by_time is not None and "time" not in names:
        raise RecipeError(f"split.by_time names {config.by_time!r}, but the rows carry no column of times.")


def leak_entry(leak: Leak, fields: pa.Table, row: int) -> Entry:
    """The ledger's entry for a leak that stands in this row of the table."""
    origin = fields.column("origin")[row].as_py()
    return Entry(
        row_id=fields.column("row_id")[row].as_py(), path=origin["path"], line=origin["line"], stage="split",
        action=leak.action, reason_code=leak.reason, field="split", before=leak.before, after=leak.after,
    )  # fmt: skip


def _fixed_sides(
    marks: Marks, labelled: Ints, *, config: SplitConfig, earlier: Earlier | None
) -> tuple[npt.NDArray[np.int8], dict[Side, float]]:
    """The sides that are settled beforehand (-1: still to be placed), and the shares to cut from the rest.

    Where the file gives splits, a row without one counts as train, and a side that is missing is cut from train.
    """
    wanted: dict[Side, float] = {"test": config.test, "validation": config.validation}
    side_N: npt.NDArray[np.int8] = np.full(len(marks.key_N), -1, np.int8)
    if earlier is not None:
        side_N[labelled] = _sides_of_earlier(marks, labelled, earlier)
        return side_N, wanted
    if marks.given_N is None or config.given == "ignore":
        return side_N, wanted
    side_N[labelled] = np.maximum(marks.given_N[labelled], 0)
    present = set(np.unique(side_N[labelled]).tolist())
    wanted = {side: share for side, share in wanted.items() if share and SIDES.index(side) not in present}
    if wanted:
        side_N[side_N == 0] = -1
    return side_N, wanted


def _sides_of_earlier(marks: Marks, labelled: Ints, earlier: Earlier) -> npt.NDArray[np.int8]:
    """Old rows keep their side; a new row whose text, cluster or group has a side already goes there."""
    known, group = earlier.row_N[labelled], marks.group_N[labelled]
    cluster = marks.cluster_K[marks.key_N[labelled]]
    side_K = np.full(len(marks.order_K), -1, np.int8)
    np.maximum.at(side_K, cluster, known)
    # The last place is for rows without a group, which -1 finds.
    side_G = np.full(len(marks.order_G) + 1, -1, np.int8)
    np.maximum.at(side_G, group, np.maximum(known, earlier.group_N[labelled]))
    # A row of a group goes where its group is, even if its text stands elsewhere: groups come first.
    by_text = np.where(earlier.text_N[labelled] >= 0, earlier.text_N[labelled], side_K[cluster])
    new = np.where(group >= 0, side_G[group], by_text)
    found: npt.NDArray[np.int8] = np.where(known >= 0, known, new).astype(np.int8)
    return found


def _place_by_time(
    marks: Marks, side_N: Ints, places: Ints, *, shares: dict[Side, float], must_fill: bool, leaks: Leaks
) -> None:
    assert marks.time_N is not None
    undated = places[marks.time_N[places] == UNDATED]
    side_N[undated] = 0
    leaks.add("noted", "undated", undated, side_N[undated], side_N[undated])
    dated = places[marks.time_N[places] != UNDATED]
    side_N[dated] = cut_by_time(marks.time_N[dated], shares=shares, must_fill=must_fill)
    # The past keeps neither what the future repeats nor the customers that the future is tested on.
    grouped = places[marks.group_N[places] >= 0]
    leaks.drop(side_N, grouped, by=marks.group_N, reason="group_across_time", ours=True)
    leaks.drop(side_N, places, by=marks.cluster_N, reason="duplicate_across_time", ours=True)

"""Rows that are not to be trained on, named in a file by their row ids: taken out of train, and left where they are tested on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tunewright.core.errors import DataError
from tunewright.data.ledger import Entry, Ledger
from tunewright.data.sources import read
from tunewright.data.table import given_row_ids

STAGE = "leave_out"


def leave_out(rows: pa.Table, path: Path, *, ledger: Ledger) -> pa.Table:
    """The split table without the training rows that the file names; closes a stage of the ledger.

    Raises DataError where the file names no row of the table.
    """
    named = set(given_row_ids(read(path).table))
    ids, sides = rows.column("row_id").to_pylist(), rows.column("split").to_pylist()
    if not named & set(ids):
        raise DataError(
            f"{path}: none of its rows is in the data. Expected a column `row_id` with ids of this file's rows, as "
            "`tunewright label` and `tunewright improve` write them; `--set data.leave_out=null` trains on all rows."
        )
    gone = np.array([side == "train" and row_id in named for row_id, side in zip(ids, sides, strict=True)])
    places = np.flatnonzero(gone)
    origins = rows.column("origin").take(pa.array(places)).to_pylist()
    entries = [
        Entry(
            row_id=ids[place], path=origin["path"], line=origin["line"], stage=STAGE, action="dropped",
            reason_code="left_out",
        )
        for place, origin in zip(places.tolist(), origins, strict=True)
    ]  # fmt: skip
    kept = rows.take(pa.array(np.flatnonzero(~gone)))
    ledger.close_stage(STAGE, read=len(rows), kept=len(kept), entries=entries)
    return kept

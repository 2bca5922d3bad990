"""Some of a run's rows: evenly spaced, without the test split, or in an order of which each beginning is like the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tunewright.data.marks import marks, row_order
from tunewright.data.split import subset_order
from tunewright.pipeline.prepare import Prepared

Rows = npt.NDArray[np.int64]


def evenly_spaced(places: Rows, most: int) -> Rows:
    """So many of the places at most, first and last included; the same ones each time."""
    chosen: Rows = places[np.unique(np.linspace(0, len(places) - 1, min(most, len(places))).round().astype(np.int64))]
    return chosen


def without_test(prepared: Prepared) -> Prepared:
    """The rows that may choose a model or a setting: what is not there can't be looked at."""
    kept = np.flatnonzero([split != "test" for split in prepared.rows.column("split").to_pylist()])
    return replace(prepared, rows=prepared.rows.take(pa.array(kept)), leaked={})


def nested_order(prepared: Prepared, places: Rows, *, seed: int) -> Rows:
    """These places in an order of which every beginning has about the classes of the whole (`data.split.subset_order`).

    It depends on the rows and the seed, not on where the rows stand in the file.
    """
    row_marks = marks(prepared.rows, kind=prepared.row_task.kind, near_groups=prepared.near_groups, seed=seed)
    order_P = np.array([row_order(seed, prepared.row_ids[place]) for place in places], np.uint64)
    return subset_order(row_marks, places, order_P, kind=prepared.row_task.kind)

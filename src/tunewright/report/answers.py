"""What the page draws from predictions/*.parquet: counts in bins, never rows, so that 100,000 cost no more than 100."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tunewright.report.run import Run

BINS = 20
GRID = 26


@dataclass(frozen=True, kw_only=True)
class Confidences:
    """How many answers were right and wrong in each bin of confidence."""

    edges: tuple[float, ...]
    right: tuple[int, ...]
    wrong: tuple[int, ...]

    @property
    def n(self) -> int:
        """Answers counted."""
        return sum(self.right) + sum(self.wrong)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """True against predicted numbers, counted in the cells of a square grid from `low` to `high`."""

    low: float
    high: float
    counts: tuple[tuple[int, ...], ...]
    n: int


def confidences(run: Run, *, system: str, labels: list[str]) -> Confidences | None:
    """The confidences of one system on the test split; None where its file is missing or holds no scores.

    Single label: the score of the answer. Multi-label: every pair of row and label, by how sure its yes or no was.
    """
    table = _read(run.folder.predictions(system, "test"), ["gold", "prediction", "scores"])
    if table is None or table.num_rows == 0:
        return None
    scores_NC = _matrix(table.column("scores"))
    if scores_NC is None:
        return None
    if run.kind == "multi_label":
        gold_NC = _membership(table.column("gold"), labels, scores_NC.shape)
        if gold_NC is None:
            return None
        sure = np.maximum(scores_NC, 1 - scores_NC).ravel()
        right = ((scores_NC >= 0.5) == gold_NC).ravel()
    else:
        sure = scores_NC.max(axis=1)
        right = pc.equal(table.column("gold"), table.column("prediction")).to_numpy()
    low = 0.5 if run.kind == "multi_label" else 1.0 / scores_NC.shape[1]
    edges = np.linspace(low if low >= 0.2 else 0.0, 1.0, BINS + 1)
    sure = np.clip(sure, edges[0], 1.0)
    return Confidences(
        edges=tuple(edges.tolist()),
        right=tuple(np.histogram(sure[right], bins=edges)[0].tolist()),
        wrong=tuple(np.histogram(sure[~right], bins=edges)[0].tolist()),
    )


def agreement(run: Run, *, system: str) -> Agreement | None:
    """The grid for a regression; None where the file is missing."""
    table = _read(run.folder.predictions(system, "test"), ["gold", "prediction"])
    if table is None or table.num_rows == 0:
        return None
    gold = table.column("gold").to_numpy().astype(np.float64)
    predicted = table.column("prediction").to_numpy().astype(np.float64)
    low, high = float(min(gold.min(), predicted.min())), float(max(gold.max(), predicted.max()))
    edges = np.linspace(low, high if high > low else low + 1.0, GRID + 1)
    counts = np.histogram2d(gold, predicted, bins=(edges, edges))[0].astype(int)
    return Agreement(low=low, high=float(edges[-1]), counts=tuple(map(tuple, counts.tolist())), n=len(gold))


def _read(path: Path, columns: list[str]) -> pa.Table | None:
    """The columns over rows that have gold; None for a file that is missing or is no predictions file."""
    if not path.exists():
        return None
    try:
        table = pq.read_table(path, columns=columns)
        return table.filter(pc.is_valid(table.column("gold")))
    except (pa.ArrowException, OSError, KeyError):
        return None


def _matrix(column: pa.ChunkedArray) -> npt.NDArray[np.float64] | None:
    """(rows, classes) of a column of lists; None where lists are missing or of different lengths."""
    if column.null_count or not pa.types.is_list(column.type):
        return None
    flat = pc.list_flatten(column).to_numpy().astype(np.float64)
    if len(flat) == 0 or len(flat) % len(column) or pc.count_distinct(pc.list_value_length(column)).as_py() != 1:
        return None
    matrix = flat.reshape(len(column), -1)
    return matrix if bool(np.isfinite(matrix).all()) else None


def _membership(column: pa.ChunkedArray, labels: list[str], shape: tuple[int, ...]) -> npt.NDArray[Any] | None:
    """Which labels each row truly has, as (rows, classes) of booleans."""
    if len(labels) != shape[1] or not pa.types.is_list(column.type):
        return None
    position = pc.index_in(pc.list_flatten(column), value_set=pa.array(labels, pa.string()))
    known = pc.is_valid(position).to_numpy()
    row = pc.list_parent_indices(column.combine_chunks()).to_numpy()
    has = np.zeros(shape, dtype=bool)
    has[row[known], pc.drop_null(position).to_numpy().astype(np.int64)] = True
    return has

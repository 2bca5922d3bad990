"""Scores of rows that were made elsewhere, by COMET, by people: joined by `row_id`, and then tested like any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from tunewright.core.errors import DataError
from tunewright.evaluate import paired
from tunewright.evaluate.compare import Comparison, compared
from tunewright.evaluate.score import Score
from tunewright.metrics import intervals
from tunewright.metrics.metric import Better, Floats, finite

RowScores = Mapping[str, float]
"""Row id to number."""


def read_row_scores(path: Path, *, row_ids: Collection[str]) -> dict[str, dict[str, float]]:
    """The columns of numbers of a file (CSV, JSON Lines, Excel, ...) that has a column `row_id`, by their names.

    Rows that are not among `row_ids` are left out, and so are empty cells. Raises `DataError` where no row is known, as
    in a file without ids or with one twice, or where no column has only numbers.
    """
    from tunewright.data.sources import read  # brings the readers of tables with it

    table = read(path).table
    names = [name for name in table.column_names if name not in ("row_id", "origin")]
    ids: list[str] = table.column("row_id").to_pylist()
    known = [place for place, row_id in enumerate(ids) if row_id in row_ids]
    if not known:
        raise DataError(
            f"{path}: none of its {len(ids):,} rows has a `row_id` of these predictions. A column `row_id` with the ids of "
            "the predictions file, each once, is needed."
        )
    found: dict[str, dict[str, float]] = {}
    for name in names:
        cells = table.column(name).to_pylist()
        numbers = {ids[place]: _number(cells[place]) for place in known if str(cells[place] or "").strip()}
        if numbers and not any(np.isnan(number) for number in numbers.values()):
            found[name] = numbers
    if not found:
        raise DataError(
            f"{path}: no column has only numbers; the columns are {', '.join(f'`{name}`' for name in names)}"
        )
    return found


def score_joined(
    scores: RowScores, *, metric: str, split: str, system: str, seed: int, level: float = 0.95, resamples: int = 1000
) -> Score:
    """Their mean, with the bootstrap interval (BCa) over rows."""
    values_N = np.array(list(scores.values()), np.float64)
    interval = intervals.no_interval("there are no rows")
    if len(values_N):
        each = np.ones(len(values_N), np.int64)
        interval = intervals.bca(intervals.mean_of(values_N), each, seed=seed, resamples=resamples, level=level)
    return Score(
        metric=metric,
        value=finite(values_N.mean()) if len(values_N) else None,
        low=interval.low,
        high=interval.high,
        level=level,
        interval_method=interval.method,
        n=len(values_N),
        split=split,
        slice=None,
        system=system,
        signature="mean of scores made elsewhere",
        reason=interval.reason,
    )


def compare_joined(
    a: RowScores,
    b: RowScores,
    *,
    metric: str,
    better: Better,
    seed: int,
    system_a: str = "a",
    system_b: str = "b",
    level: float = 0.95,
    resamples: int = 10_000,
) -> Comparison:
    """Compare two systems by their rows' scores, over the rows that have one for both. Raises `DataError` without any."""
    row_ids = sorted(a.keys() & b.keys())
    if not row_ids:
        raise DataError(f"`{metric}`: no row has a score for both `{system_a}` and `{system_b}`")
    a_N, b_N = (np.array([scores[row_id] for row_id in row_ids], np.float64) for scores in (a, b))
    test = paired.mean_test(a_N - b_N, seed=seed, level=level, resamples=resamples)
    return compared(
        test, metric=metric, systems=(system_a, system_b), difference=_difference(a_N, b_N), level=level, n=len(row_ids),
        n_changed=int((a_N != b_N).sum()), better=better, reason="there are no rows",
    )  # fmt: skip


def _difference(a_N: Floats, b_N: Floats) -> float:
    return float(a_N.mean() - b_N.mean())


def _number(cell: object) -> float:
    try:
        return float(str(cell).strip())
    except ValueError:
        return float("nan")

"""The table that every stage takes and returns, and the identity of a row.

A *raw table* is what a reader returns: `row_id`, `origin` (path, line) and the file's own columns, as text wherever the
file is text. A *fields table* has `row_id`, `origin` and the task's fields under fixed names (`FIELDS`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow as pa

from tunewright.core.text import digest

ORIGIN = pa.struct([("path", pa.string()), ("line", pa.int64())])

FIELDS = {
    "text": "the text to judge",
    "text_pair": "the second text of a pair",
    "label": "the answer: a string, a list of strings, or a number; null where a row has none",
    "group": "rows of one group never stand on two sides of a split",
    "weight": "how much the row counts in training",
    "split": "train, validation or test, where the file says so",
    "time": "when the row was made, in microseconds since 1970; only where the split is by time",
    "baseline": "the answer of whatever is used today",
}
"""The names that a fields table may have besides `row_id` and `origin`."""

RESERVED = ("row_id", "origin")


class Uncounted(Counter[str]):
    """A counter that stays empty: for files with more rows than can be counted in memory.

    Every row then gets its bare digest; which are identical is found by grouping them on disk.
    """

    def __setitem__(self, key: str, value: int) -> None:
        pass


def row_ids(rows: Iterable[Sequence[str]], *, seen: Counter[str] | None = None) -> list[str]:
    """blake2b-128 over all cells of each row, with `+k` for the k-th identical row (the first has none).

    Pass the same `seen` counter for the chunks of one data set, so that `+k` counts across them.
    """
    seen = Counter() if seen is None else seen
    ids = []
    for cells in rows:
        base = digest(*cells)
        count = seen[base]
        seen[base] += 1
        ids.append(f"{base}+{count}" if count else base)
    return ids


def id_order(row_id: str) -> tuple[str, int]:
    """What row ids sort by: the digest, then which of the identical rows it is."""
    digest_of_cells, _, count = row_id.partition("+")
    return digest_of_cells, int(count or 0)


def origins(paths: Sequence[str], lines: Sequence[int]) -> pa.Array:
    """The `origin` column: where each row starts, as a path and a physical line counted from 1."""
    return pa.StructArray.from_arrays([pa.array(paths, pa.string()), pa.array(lines, pa.int64())], fields=list(ORIGIN))


def set_column(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The table with a column replaced, or added at its end."""
    if name in table.column_names:
        return table.set_column(table.column_names.index(name), name, values)
    return table.append_column(name, values)


def fingerprint(table: pa.Table) -> str:
    """A digest of the content, whatever the order of rows or the path: sorted row ids, 32 hex digits."""
    return digest(*sorted(table.column("row_id").to_pylist()))

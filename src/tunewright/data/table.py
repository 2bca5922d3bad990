"""The table that every stage takes and returns, and the identity of a row.

A *raw table* is what a reader returns: `row_id`, `origin` (path, line) and the file's own columns, as text wherever the
file is text. A *fields table* has `row_id`, `origin` and the task's fields under fixed names (`FIELDS`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

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
    """A digest of the content, whatever the order of rows or the path, 32 hex digits: row ids, texts and answers.

    Texts and answers are in it by themselves: a file may bring its row ids along, and keeps them when a label changes.
    """
    ids = table.column("row_id").to_pylist()
    order = pa.array(sorted(range(len(ids)), key=ids.__getitem__), pa.int64())
    names = [name for name in ("row_id", "text", "text_pair", "label") if name in table.column_names]
    return digest(*(part for name in names for part in (name, *_bytes_of(table.column(name).take(order)))))


def _bytes_of(column: pa.ChunkedArray) -> tuple[bytes, bytes]:
    """The length of each cell (-1 for none) and all cells one after the other."""
    if pa.types.is_list(column.type):
        cells = [None if cell is None else json.dumps(cell, ensure_ascii=False) for cell in column.to_pylist()]
        column = pa.chunked_array([pa.array(cells, pa.string())])
    text = column.cast(pa.large_binary() if pa.types.is_binary(column.type) else pa.large_string()).combine_chunks()
    lengths = pc.fill_null(pc.binary_length(text), -1).to_numpy(zero_copy_only=False)
    data = pc.fill_null(text, "")
    return lengths.astype("<i8").tobytes(), "".join(data.to_pylist()).encode("utf-8", "surrogatepass")


def given_row_ids(table: pa.Table) -> list[str]:
    """The ids of a file's own column `row_id`, one for each row of it.

    A reader takes such a column as identities where they are all different; where two people judged one row they are not, and
    the column stands beside the reader's own ids.
    """
    column = table.column("row_id_2" if "row_id_2" in table.column_names else "row_id")
    return [str(row_id or "").strip() for row_id in column.to_pylist()]

"""`tunewright data diff A B`: what changed between two versions of a data set, and the fingerprint of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunewright.data.columns import ColumnsConfig, find_columns, to_fields
from tunewright.data.diff import Diff, diff
from tunewright.data.sources import ReadResult, read
from tunewright.data.table import fingerprint


@dataclass(frozen=True, kw_only=True)
class FilesDiff:
    """The differences of two files or folders."""

    diff: Diff
    before_fingerprint: str
    after_fingerprint: str
    """Of row ids, texts and answers, whatever the path and the order of rows: equal means the same content."""

    def to_json(self, *, private: bool = False) -> dict[str, Any]:
        """As plain values, complete; a private one holds no cell."""
        value = self.diff.to_json()
        if private:
            for kind in ("added", "removed", "changed", "moved"):
                hidden = {"cells", "key"} if kind in ("added", "removed") else {"before", "after", "key"}
                value[kind] = [{k: v for k, v in row.items() if k not in hidden} for row in value[kind]]
        return {"before_fingerprint": self.before_fingerprint, "after_fingerprint": self.after_fingerprint} | value


def diff_files(
    before: str | Path, after: str | Path, *, key: str | None = None, text: str | None = None, label: str | None = None
) -> FilesDiff:
    """Compare two versions; `key` names a column whose values tell rows apart.

    Raises DataError where a file can't be read, or the key is missing or names two rows with one value.
    """
    results = [read(Path(path)) for path in (before, after)]
    plans = [find_columns(result.table, chosen=ColumnsConfig(text=text, label=label)) for result in results]
    old, new = (result.table for result in results)
    prints = [
        fingerprint(to_fields(result.table, plan, entries=[])) for result, plan in zip(results, plans, strict=True)
    ]
    found = diff(
        old, new, text=plans[0].text, split=plans[0].split or plans[1].split, key=key,
        with_ids=all(map(_brings_ids, results)),
    )  # fmt: skip
    return FilesDiff(diff=found, before_fingerprint=prints[0], after_fingerprint=prints[1])


def _brings_ids(result: ReadResult) -> bool:
    """Whether the row ids were taken from the file and are not made of its cells."""
    return "row_id" in result.source.header and "row_id_2" not in result.table.column_names

"""Several files as one set of rows: each file's name may say its split, and no two rows have one id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from tunewright.core.text import digest
from tunewright.data.sources import ReadResult, read
from tunewright.data.sources.assemble import concat
from tunewright.data.sources.folder import split_of
from tunewright.data.table import set_column


def read_several(paths: Sequence[Path]) -> ReadResult:
    """All rows of some files or folders. Where each file's name says a split, a column `split` has it."""
    results = [read(path) for path in paths]
    if len(results) == 1:
        return results[0]
    splits = [None if path.is_dir() else split_of(path, path.parent) for path in paths]
    tables = [result.table for result in results]
    if all(splits):
        tables = [
            table if "split" in table.column_names else set_column(table, "split", pa.array([split] * len(table)))
            for table, split in zip(tables, splits, strict=True)
        ]
    whole = concat(tables)
    seen: Counter[str] = Counter()
    ids = []
    for row_id in whole.column("row_id").to_pylist():
        base = row_id.partition("+")[0]
        ids.append(f"{base}+{seen[base]}" if seen[base] else base)
        seen[base] += 1
    source = results[0].source
    return ReadResult(
        table=set_column(whole, "row_id", pa.array(ids, pa.string())),
        quarantined=[bad for result in results for bad in result.quarantined],
        source=replace(source, input_digest=digest(*(result.source.input_digest for result in results))),
        blank_lines=sum(result.blank_lines for result in results),
    )

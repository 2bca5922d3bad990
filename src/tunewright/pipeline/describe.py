"""Findings and suspects as plain values with the places of their rows, for audit.json, `--json` and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tunewright.data.audit import Finding
from tunewright.data.audit.suspects import Suspects
from tunewright.data.columns import ColumnPlan
from tunewright.data.table import RESERVED

TEXTS = ("text", "text_pair")
EXAMPLES = 3
"""Rows shown of each finding."""


def unread_columns(table: pa.Table, columns: ColumnPlan) -> dict[str, list[str]]:
    """The columns of the file that no part of the task reads, as text."""
    used = {
        columns.text,
        columns.text_pair,
        columns.label,
        columns.group,
        columns.weight,
        columns.split,
        columns.baseline,
    }
    names = [name for name in table.column_names if name not in used and name not in RESERVED]
    return {name: ["" if value is None else str(value) for value in table.column(name).to_pylist()] for name in names}


def describe_findings(
    findings: Sequence[Finding], fields: pa.Table, *, texts: bool, most_rows: int | None
) -> list[dict[str, Any]]:
    """Findings as plain values, each with a few rows as examples; with their texts and labels only if that is wanted.

    Without `most_rows` all row ids are there, and beside each its place.
    """
    place_of = {row_id: place for place, row_id in enumerate(fields.column("row_id").to_pylist())}
    described = []
    for finding in findings:
        plain = finding.to_json(most_rows=most_rows)
        places = [place_of[row_id] for row_id in plain["row_ids"]]
        if most_rows is None:
            found = fields.column("origin").take(pa.array(places, pa.int64())).to_pylist()
            plain["places"] = [f"{origin['path']}:{origin['line']}" for origin in found]
        best = [place_of[row_id] for row_id in finding.examples] or places[:EXAMPLES]
        plain["examples"] = [_example(fields, place, texts=texts) for place in best]
        described.append(plain)
    return described


def describe_suspects(suspects: Suspects, fields: pa.Table | None, *, most: int | None = None) -> dict[str, Any]:
    """Suspects as plain values, with their texts where the fields are given."""
    plain = suspects.to_json(most=most)
    if fields is not None:
        place_of = {row_id: place for place, row_id in enumerate(fields.column("row_id").to_pylist())}
        for suspect in plain["found"]:
            place = place_of[suspect["row_id"]]
            suspect.update({name: fields.column(name)[place].as_py() for name in TEXTS if name in fields.column_names})
    return plain


def _example(fields: pa.Table, place: int, *, texts: bool) -> dict[str, Any]:
    origin = fields.column("origin")[place].as_py()
    names = [name for name in (*TEXTS, "label") if texts and name in fields.column_names]
    where = {"row_id": fields.column("row_id")[place].as_py(), "path": origin["path"], "line": origin["line"]}
    return where | {name: fields.column(name)[place].as_py() for name in names}

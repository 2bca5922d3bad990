"""The table in which people correct labels, and what became of it: rows out, decisions back in, each by its row id.

    row_id, text, label, suggested, confidence, why, new_label, note

Only `new_label` and `note` are read again (and `reviewer`, where somebody adds it). A row that is left empty stays as it
is; one whose new label is the old one is confirmed.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tunewright.core.errors import DataError, nearest
from tunewright.core.folder import write_bytes
from tunewright.core.text import fold
from tunewright.data.audit.records import Audit
from tunewright.data.audit.suspects import Suspects
from tunewright.data.labels import typos, variants
from tunewright.data.sources.excel import write_xlsx
from tunewright.data.table import given_row_ids

HEADER = ("row_id", "text", "label", "suggested", "confidence", "why", "new_label", "note")
SUSPECTED, TWO_LABELS, SPELLING = "suspected", "two labels", "spelling"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST_CHARACTERS = 32_000
"""A cell of Excel holds 32,767; a longer text is cut in the table, never in the data."""
_MOST_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """One row whose label somebody should look at."""

    row_id: str
    text: str
    label: str
    suggested: str = ""
    confidence: float | None = None
    why: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Relabelling:
    """All rows in doubt: suspected labels first, the surest at the top, then texts with two labels, then spellings."""

    rows: list[Doubt]
    labels: list[str]
    """What a label can be; empty where a row may have several."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a person decided about one row."""

    row_id: str
    label: str
    note: str
    reviewer: str


def relabelling(fields: pa.Table, *, audit: Audit, suspects: Suspects | None, separator: str | None) -> Relabelling:
    """The rows of a fields table whose labels are in doubt."""
    ids: list[str] = fields.column("row_id").to_pylist()
    place_of = {row_id: place for place, row_id in enumerate(ids)}
    values: list[Any] = fields.column("label").to_pylist() if "label" in fields.column_names else [None] * len(fields)
    shown = [_shown(value, separator) for value in values]
    texts = _texts(fields)
    why: dict[str, list[str]] = {}
    suggested: dict[str, str] = {}
    confidence: dict[str, float] = {}
    for suspect in suspects.found if suspects else ():
        why.setdefault(suspect.row_id, []).append(SUSPECTED)
        suggested[suspect.row_id] = _shown(suspect.suggested, separator)
        confidence[suspect.row_id] = suspect.confidence
    for group in audit.contradictions:
        majority = _majority([shown[place_of[row_id]] for row_id in group])
        for row_id in group:
            why.setdefault(row_id, []).append(TWO_LABELS)
            if majority and shown[place_of[row_id]] != majority:
                suggested.setdefault(row_id, majority)
    counts = Counter(value for value in values if isinstance(value, str))
    meant = _meant(counts)
    for place, value in enumerate(values):
        if isinstance(value, str) and value in meant:
            why.setdefault(ids[place], []).append(SPELLING)
            suggested.setdefault(ids[place], meant[value])
    rows = [
        Doubt(
            row_id=row_id, text=texts[place_of[row_id]], label=shown[place_of[row_id]],
            suggested=suggested.get(row_id, ""), confidence=confidence.get(row_id), why=tuple(reasons),
        )
        for row_id, reasons in why.items()
    ]  # fmt: skip
    several = any(isinstance(value, list) for value in values)
    return Relabelling(rows=rows, labels=[] if several else sorted(label for label in counts if label not in meant))


def write_relabelling_file(relabelling: Relabelling, path: Path) -> None:
    """A workbook with a list to choose the label from, or a CSV that Excel opens rightly (UTF-8 with its mark).

    Raises: DataError for another ending, and where the file exists: what people have decided is nowhere else.
    """
    if path.exists():
        raise DataError(f"{path}: this file exists, and it may hold decisions. Give another name, or move it away.")
    cells = [_cells(row) for row in relabelling.rows]
    if path.suffix.lower() == ".xlsx":
        choices = {"new_label": relabelling.labels} if relabelling.labels else None
        widths = {"row_id": 12, "text": 80, "label": 20, "suggested": 20, "why": 20, "new_label": 20, "note": 30}
        write_xlsx(path, HEADER, cells, choices=choices, widths=widths)
    elif path.suffix.lower() == ".csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(HEADER)
        # A cell that begins like a formula would be run by Excel; the apostrophe says that it is text.
        writer.writerows([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in cells)
        write_bytes(path, b"\xef\xbb\xbf" + out.getvalue().encode("utf-8"))
    else:
        raise DataError(f"{path}: a relabelling file ends in .xlsx or .csv, not in `{path.suffix}`.")


def decisions(table: pa.Table, *, path: str) -> list[Decision]:
    """The rows of a relabelling file that were decided: those with a new label.

    Raises: DataError where it has no such columns.
    """
    names = [name for name in table.column_names if name not in ("row_id", "origin")]
    ids = given_row_ids(table)
    if "new_label" not in names:
        raise DataError(
            f"{path}: no column `new_label` was found among {', '.join(names)}. A relabelling file has the columns "
            f"{', '.join(HEADER)}; `tunewright data audit FILE --relabel {Path(path).name}` writes one."
        )
    columns = {
        name: table.column(name).to_pylist() if name in names else [""] * len(ids)
        for name in ("new_label", "note", "reviewer")
    }
    return [
        Decision(
            row_id=row_id, label=_plain(label), note=_plain(note),
            reviewer=_plain(reviewer) or Path(path).stem,
        )
        for row_id, label, note, reviewer in zip(ids, *columns.values(), strict=True)
        if _plain(label)
    ]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Merged:
    """All decisions put together: one for each row, and what can't be carried out."""

    by_row: dict[str, Decision]
    conflicts: list[str]
    not_found: list[str]
    unknown: list[str]
    """A sentence for each problem, with the row and what was found."""

    @property
    def problems(self) -> list[str]:
        """All sentences."""
        return [*self.not_found, *self.conflicts, *self.unknown]


def merge(decided: Sequence[Decision], *, labels: Mapping[str, str], separator: str | None, known: set[str]) -> Merged:
    """Check the decisions against the data: `labels` is each row's label now, by row id; `known` are the labels there are."""
    by_row: dict[str, Decision] = {}
    conflicts: dict[str, str] = {}
    not_found: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for decision in decided:
        row_id, other = decision.row_id, by_row.get(decision.row_id)
        if row_id not in labels:
            not_found[row_id] = f"row {row_id}: not in the file; it was changed since, or belongs to another file"
        elif other is not None and other.label != decision.label:
            conflicts[row_id] = (
                f"row {row_id}: {other.reviewer} says `{other.label}`, {decision.reviewer} says `{decision.label}`"
            )
        else:
            parts = [part.strip() for part in decision.label.split(separator)] if separator else [decision.label]
            for part in parts:
                if part not in known and decision.label != labels[row_id]:
                    unknown[row_id] = f"row {row_id}: `{part}` is no label of this file.{nearest(part, known)}"
            by_row.setdefault(row_id, decision)
    refused = conflicts.keys() | unknown.keys()
    return Merged(
        by_row={row_id: decision for row_id, decision in by_row.items() if row_id not in refused},
        conflicts=list(conflicts.values()), not_found=list(not_found.values()), unknown=list(unknown.values()),
    )  # fmt: skip


def refuse(merged: Merged, *, path: str) -> DataError:
    """The error that lists what can't be carried out."""
    shown = "\n  ".join(merged.problems[:_MOST_SHOWN])
    more = f"\n  and {len(merged.problems) - _MOST_SHOWN:,} more" if len(merged.problems) > _MOST_SHOWN else ""
    return DataError(
        f"{path}: {len(merged.problems):,} decisions can't be carried out, so nothing was written.\n  {shown}{more}\n"
        "Correct them there. `--partial` carries out the others and lists these; `--new-labels` takes labels that the "
        "file does not have yet."
    )


def _meant(counts: Counter[str]) -> dict[str, str]:
    """Labels that are written otherwise than they are meant, by what they mean: other case or space, or a typing error."""
    found = {spelling.written: spelling.meant for spelling in variants(counts)}
    commonest = {fold(label): found.get(label, label) for label in sorted(counts, key=lambda label: counts[label])}
    wrong = {spelling.written: commonest[spelling.meant] for spelling in typos(counts)}
    return found | {label: wrong[fold(label)] for label in counts if fold(label) in wrong}


def _cells(row: Doubt) -> list[str]:
    text = row.text if len(row.text) <= _MOST_CHARACTERS else row.text[:_MOST_CHARACTERS] + "…"
    sure = "" if row.confidence is None else f"{row.confidence:.2f}"
    return [row.row_id, text, row.label, row.suggested, sure, "; ".join(row.why), "", ""]


def _shown(value: Any, separator: str | None) -> str:
    """A label as the file writes it."""
    if value is None:
        return ""
    return (separator or ";").join(value) if isinstance(value, list) else str(value)


def _texts(fields: pa.Table) -> list[str]:
    first = [text or "" for text in fields.column("text").to_pylist()]
    if "text_pair" not in fields.column_names:
        return first
    return [f"{a}\n—\n{b or ''}" for a, b in zip(first, fields.column("text_pair").to_pylist(), strict=True)]


def _majority(labels: Sequence[str]) -> str:
    most = max(set(labels), key=lambda label: (labels.count(label), label))
    return most if 2 * labels.count(most) > len(labels) else ""


def _plain(value: Any) -> str:
    """A cell as people mean it: without space around it, and without the apostrophe that keeps Excel from computing."""
    text = "" if value is None else str(value).strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text

"""JSON Lines: one object a line. A line that is no object is set aside, the others are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.data.sources.json_text import DECODER, check_object, explain
from tunewright.data.sources.lines import Line, physical_lines, strip_end
from tunewright.data.sources.types import NativeRows, Quarantined, ReadConfig, Scan, SourceFormat

_LAYOUT = "\ufeff\x1e"
"""What may stand before an object and is no part of it: a byte order mark where files were joined, and the record
separator of JSON text sequences (RFC 7464)."""


def detect(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """The encoding is all there is to find; the columns come with the rows."""
    if not scan.sample.strip():
        raise DataError(f"{path}: the file is empty. A JSON Lines file has one object a line.")
    return SourceFormat(
        kind="jsonl", encoding=scan.encoding, newline=scan.newline, reasons=scan.reasons,
        input_digest=scan.digest, bom=scan.bom,
    )  # fmt: skip


def rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The rows in chunks; `raws` keeps each line as it stands, so that it can be written back to the letter."""
    chunk = NativeRows()
    for line in physical_lines(path, encoding=source.encoding, newline=source.newline, bom=source.bom):
        text = strip_end(line.text)
        if not text.strip():
            chunk.blank_lines += 1
            continue
        record = (line.reason, line.problem) if line.problem else parse_object(text)
        if isinstance(record, dict):
            chunk.lines.append(line.number)
            chunk.records.append(record)
            chunk.raws.append(text)
        else:
            chunk.quarantined.append(_aside(path, line, *record))
        if len(chunk.lines) + len(chunk.quarantined) >= rows_per_chunk:
            yield chunk
            chunk = NativeRows()
    yield chunk


def parse_object(text: str) -> dict[str, object] | tuple[str, str]:
    """The object, or (reason code, detail)."""
    text = text.lstrip(_LAYOUT)
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        return explain(error, text, one_line=True)
    return check_object(value, text)


def _aside(path: Path, line: Line, reason: str, detail: str) -> Quarantined:
    return Quarantined(
        path=str(path), line=line.number, byte_start=line.start, byte_end=line.end,
        reason_code=reason, detail=detail, raw=strip_end(line.text),
    )  # fmt: skip

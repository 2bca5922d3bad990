"""JSON Lines: one object a line. A line that is no object is set aside, the others are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError
from tunewright.data.sources.lines import Line, physical_lines, strip_end
from tunewright.data.sources.types import NativeRows, Quarantined, ReadConfig, Scan, SourceFormat


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
        record = ("undecodable_bytes", line.problem) if line.problem else parse_object(text)
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
    try:
        value = DECODER.decode(text)
    except _DuplicateKey as error:
        return "duplicate_key", f"the key `{error}` stands twice, with one meaning lost"
    except (ValueError, RecursionError) as error:
        return "bad_json", f"not JSON: {error}"
    return check_object(value, text)


def check_object(value: object, text: str) -> dict[str, object] | tuple[str, str]:
    """The value if it is an object whose strings are Unicode text, else (reason code, detail)."""
    if not isinstance(value, dict):
        return "not_an_object", f"a row is a JSON object with a name for each value; this is a {_NAMES[type(value)]}"
    if "\0" in text or _RISKY.search(text):
        strings = "".join(_strings(value))
        if any(0xD800 <= ord(char) <= 0xDFFF for char in strings):
            return "lone_surrogate", "half of a surrogate pair (\\ud800 to \\udfff) is no character"
        if "\0" in strings:
            return "nul_character", "the row holds a NUL character, a sign of a damaged file"
    return value


_RISKY = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
"""Escapes that may stand for no character; the text is looked at closely only where one occurs."""


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


class _DuplicateKey(ValueError):
    """A key that an object has twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKey(next(name for name in names if names.count(name) > 1))
    return found


DECODER = json.JSONDecoder(object_pairs_hook=_unique, strict=False)
_NAMES = {list: "list", str: "string", int: "number", float: "number", bool: "true or false", type(None): "null"}


def _aside(path: Path, line: Line, reason: str, detail: str) -> Quarantined:
    return Quarantined(
        path=str(path), line=line.number, byte_start=line.start, byte_end=line.end,
        reason_code=reason, detail=detail, raw=strip_end(line.text),
    )  # fmt: skip

"""JSON: a list of objects (also one wrapped in an object, or columns as lists). Read whole, object by object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.data.sources.jsonl import DECODER, check_object
from tunewright.data.sources.lines import BOMS
from tunewright.data.sources.types import NativeRows, Quarantined, ReadConfig, Scan, SourceFormat

_SPACE = re.compile(r"\s*")
_NEXT_OBJECT = re.compile(r"\}\s*,\s*(?=\{)")
_WRAPPERS = ("data", "rows", "examples", "items", "records", "results", "train")


def detect(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """The encoding is all there is to find."""
    if not scan.sample.strip():
        raise DataError(f"{path}: the file is empty. A JSON file has a list of objects, one a row.")
    return SourceFormat(
        kind="json", encoding=scan.encoding, newline=scan.newline, reasons=scan.reasons,
        input_digest=scan.digest, bom=scan.bom,
    )  # fmt: skip


def rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The rows in chunks. The text of the file is in memory as a whole."""
    data = path.read_bytes()[len(BOMS[source.encoding]) if source.bom else 0 :]
    try:
        text = data.decode(source.encoding)
    except UnicodeDecodeError as error:
        line = 1 + data[: error.start].count(b"\n")
        raise DataError(
            f"{path}:{line}: byte {error.start} is not {source.encoding}. "
            "Give the right one with --set data.read.encoding=NAME."
        ) from error
    start = _SPACE.match(text).end()  # type: ignore[union-attr]  # matches always
    if text.startswith("{", start):
        pairs: Iterator[_Row | Quarantined] = _wrapped(path, text, start)
    else:
        pairs = _elements(path, text, start, source.encoding)
    chunk = NativeRows()
    for row in pairs:
        if isinstance(row, Quarantined):
            chunk.quarantined.append(row)
        else:
            line, record, raw = row
            chunk.lines.append(line)
            chunk.records.append(record)
            chunk.raws.append(raw)
        if len(chunk.lines) + len(chunk.quarantined) >= rows_per_chunk:
            yield chunk
            chunk = NativeRows()
    yield chunk


_Row = tuple[int, dict[str, object], str]


def _elements(path: Path, text: str, at: int, encoding: str) -> Iterator[_Row | Quarantined]:
    """Each element of the list that starts at `at`. After a broken one, reading goes on at the next object."""
    if not text.startswith("[", at):
        raise DataError(f"{path}: a JSON file starts with `[` or `{{`. This one starts with {text[at : at + 1]!r}.")
    line, counted = 1, 0
    at = _skip(text, at + 1)
    while at < len(text) and text[at] != "]":
        line += text.count("\n", counted, at)
        counted = at
        try:
            value, end = DECODER.raw_decode(text, at)
            found = check_object(value, text[at:end])
        except (ValueError, RecursionError) as error:
            after = _NEXT_OBJECT.search(text, at)
            end = after.start() + 1 if after else len(text.rstrip().rstrip("]"))
            found = ("bad_json", f"not JSON: {error}")
        end = max(end, at + 1)
        if isinstance(found, dict):
            yield line, found, text[at:end]
        else:
            before = len(text[:at].encode(encoding))
            yield Quarantined(
                path=str(path), line=line, byte_start=before, byte_end=before + len(text[at:end].encode(encoding)),
                reason_code=found[0], detail=found[1], raw=text[at:end],
            )  # fmt: skip
        at = _skip(text, end)
        if text.startswith(",", at):
            at = _skip(text, at + 1)


def _wrapped(path: Path, text: str, at: int) -> Iterator[_Row | Quarantined]:
    """Rows of `{"data": [...]}`, or of columns `{"text": [...], "label": [...]}`."""
    try:
        value, _ = DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: not JSON: {error}. If each line is an object of its own, use --set data.read.format=jsonl."
        ) from None
    lists = {name: part for name, part in value.items() if isinstance(part, list)}
    inner = next((lists[name] for name in (*_WRAPPERS, *lists) if name in lists and _all_objects(lists[name])), None)
    if inner is None and lists and len({len(part) for part in lists.values()}) == 1 and len(lists) == len(value):
        inner = [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]
    if inner is None:
        raise DataError(
            f"{path}: found one JSON object with the keys {', '.join(list(value)[:10])}, but no rows. "
            "Accepted: a list of objects, such a list under one key, or one list a column, all of one length."
        )
    for number, record in enumerate(inner, start=1):
        yield number, record, json.dumps(record, ensure_ascii=False)


def _all_objects(values: list[object]) -> bool:
    return bool(values) and all(isinstance(value, dict) for value in values)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at

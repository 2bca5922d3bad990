"""JSON: a list of objects (also one wrapped in an object), columns as lists, or objects one after another.

The file is read whole, element by element. After a broken element, reading goes on at the next object that has names in
common with it or with the rows before: an object inside the broken one must not be taken for a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tunewright.core.errors import DataError
from tunewright.data.sources.json_text import DECODER, LOOSE_DECODER, check_object, explain, json_text
from tunewright.data.sources.marked_text import Places, decode_marked, has_marks, show_marks
from tunewright.data.sources.types import NativeRows, Quarantined, ReadConfig, Scan, SourceFormat

_SPACE = re.compile(r"[\s\x1e\ufeff]*")
_CANDIDATE = re.compile(r"[,\n}\]]\s*(?=\{)")
_FIRST_NAME = re.compile(r'\{\s*"([^"\\]*)"')
_ROWS_OF_NAME = re.compile(r'"[^"\\]*"\s*:\s*(?=\[\s*\{)')
_WRAPPERS = ("data", "rows", "examples", "items", "records", "results", "train")
_MOST_WORK = 1 << 26
"""Characters that may be looked at for the end of one broken element."""


class _Row(NamedTuple):
    """An element of the list: where it stands, and the object or what is wrong with it."""

    start: int
    end: int
    found: dict[str, object] | tuple[str, str]
    line: int | None = None
    """Where rows are made of columns, the number of the row."""


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
    text = decode_marked(path.read_bytes(), source.encoding)
    places = Places(text, source.encoding)
    marked = has_marks(text)
    start = _skip(text, 0)
    chunk = NativeRows()
    for row in _wrapped(path, text, start) if text.startswith("{", start) else _sequence(path, text, start):
        found = row.found
        if marked and has_marks(text, row.start, row.end):
            found = ("undecodable_bytes", f"some bytes of this row are not {source.encoding}")
        place = places.of(row.start)
        if isinstance(found, dict):
            chunk.lines.append(row.line or place.line)
            chunk.records.append(found)
            chunk.raws.append(text[row.start : row.end] if row.line is None else json_text(found))
        else:
            chunk.quarantined.append(
                Quarantined(
                    path=str(path), line=row.line or place.line, byte_start=place.byte, byte_end=places.of(row.end).byte,
                    reason_code=found[0], detail=found[1], raw=show_marks(text[row.start : row.end]),
                )
            )  # fmt: skip
        if len(chunk.lines) + len(chunk.quarantined) >= rows_per_chunk:
            yield chunk
            chunk = NativeRows()
    yield chunk


def _wrapped(path: Path, text: str, at: int) -> Iterator[_Row]:
    """Rows of `{"data": [...]}`, of columns `{"text": [...], "label": [...]}`, or objects one after another."""
    try:
        value, end = DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        inside = _ROWS_OF_NAME.search(text, at)
        if inside is None or _CANDIDATE.search(text, at, inside.start()):
            yield from _sequence(path, text, at)
        else:
            # What stands around the broken list is not looked at: its rows are what a person wants back.
            yield from _elements(text, inside.end(), [])
        return
    if _skip(text, end) < len(text):
        yield from _sequence(path, text, at)
        return
    lists = {name: part for name, part in value.items() if isinstance(part, list)}
    name = next((name for name in (*_WRAPPERS, *lists) if name in lists and _all_objects(lists[name])), None)
    if name is not None:
        yield from _elements(text, _start_of(text, at, name), [])
        return
    for number, record in enumerate(_from_columns(path, value), start=1):
        yield _Row(at, end, check_object(record, text), number)


def _from_columns(path: Path, value: dict[str, object]) -> list[dict[str, object]]:
    """Rows of one list a column, or of one object a column, whose names are the row's (as pandas writes it)."""
    parts = list(value.values())
    if parts and all(isinstance(part, dict) and list(part) == list(parts[0]) for part in parts):  # type: ignore[call-overload]
        names = list(parts[0])  # type: ignore[call-overload]
        return [{column: part[name] for column, part in value.items()} for name in names]  # type: ignore[index]
    lists = {name: part for name, part in value.items() if isinstance(part, list)}
    lengths = {name: len(part) for name, part in lists.items()}
    if lists and len(lists) == len(value) and len(set(lengths.values())) == 1:
        return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]
    if len(lists) > 1 and len(set(lengths.values())) > 1:
        found = ", ".join(f"`{name}` {length}" for name, length in list(lengths.items())[:10])
        raise DataError(
            f"{path}: found one list a column, of different lengths: {found}. Which values belong together can't be "
            "known then; make them equally long, or write a list of objects, one a row."
        )
    raise DataError(
        f"{path}: found one JSON object with the keys {', '.join(list(value)[:10])}, but no rows. "
        "Accepted: a list of objects, such a list under one key, or one list a column, all of one length."
    )


def _sequence(path: Path, text: str, at: int) -> Iterator[_Row]:
    """Lists of objects or objects alone, one after another; as a rule it is one list."""
    if text[at : at + 1] not in ("[", "{"):
        raise DataError(f"{path}: a JSON file starts with `[` or `{{`. This one starts with {text[at : at + 1]!r}.")
    names: list[str] = []
    while at < len(text):
        if text[at] == "[":
            last = at
            for row in _elements(text, at, names):
                yield row
                last = row.end
            at = _skip(text, last + (last == at))
            at = _skip(text, at + 1) if text.startswith("]", at) else at
            continue
        if text[at] != "{":
            detail = "text after the end of the list; a JSON file has one list of objects"
            end = _CANDIDATE.search(text, at)
            yield _Row(at, stop := end.end() if end else len(text), ("after_the_end", detail))
            at = _skip(text, stop)
            continue
        row = _element(text, at, names)
        yield row
        at = _skip(text, row.end)
        at = _skip(text, at + 1) if text.startswith(",", at) else at


def _elements(text: str, at: int, names: list[str]) -> Iterator[_Row]:
    """Each element of the list that starts at `at`."""
    at = _skip(text, at + 1)
    while at < len(text) and text[at] != "]":
        row = _element(text, at, names)
        yield row
        at = _skip(text, row.end)
        at = _skip(text, at + 1) if text.startswith(",", at) else at
    if at >= len(text):
        detail = "the list is not closed, as in a file that was cut off; rows may be missing from here on"
        yield _Row(len(text), len(text), ("unclosed_list", detail))


def _element(text: str, at: int, names: list[str]) -> _Row:
    """The element that starts at `at`, whole or broken. `names` gathers those of the first good row."""
    try:
        value, end = DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        end = max(_end_of_broken(text, at, names), at + 1)
        return _Row(at, end, explain(error, text, one_line=False))
    found = check_object(value, text[at:end])
    if isinstance(found, dict) and not names:
        names.extend(found)
    return _Row(at, end, found)


def _end_of_broken(text: str, at: int, names: list[str]) -> int:
    """Where a broken element ends: at its own end if it has one, else before the next object that is a row."""
    try:
        return LOOSE_DECODER.raw_decode(text, at)[1]
    except (ValueError, RecursionError):
        pass
    own = _FIRST_NAME.match(text, at)
    known = {*names, *([own[1]] if own else [])}
    closed = _closing_brace(text, at) if text[at] == "{" else 0
    if closed and text[_skip(text, closed) : _skip(text, closed) + 1] in (",", "]"):
        return closed
    looked_at = at
    for candidate in _CANDIDATE.finditer(text, at + 1):
        try:
            value, end = LOOSE_DECODER.raw_decode(text, candidate.end())
        except ValueError as error:
            looked_at += getattr(error, "pos", candidate.end()) - candidate.end()
        except RecursionError:
            looked_at += 1000
        else:
            if not known or not known.isdisjoint(value):
                return len(text[: candidate.end()].rstrip().removesuffix(",").rstrip())
            looked_at += end - candidate.end()
        if looked_at - at > _MOST_WORK:
            break
    return len(text.rstrip().removesuffix("]").rstrip())


_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|["{}\[\]]')


def _closing_brace(text: str, at: int) -> int:
    """Behind the brace that closes the object, its strings passed over; 0 where quotes or brackets don't fit."""
    opened = []
    for token in _TOKEN.finditer(text, at):
        sign = token[0]
        if sign in "{[":
            opened.append(sign)
        elif sign in "}]":
            if not opened or opened.pop() + sign not in ("{}", "[]"):
                return 0
            if not opened:
                return token.end()
        elif sign == '"' or not opened:
            return 0
    return 0


def _start_of(text: str, at: int, name: str) -> int:
    """Where the value of a key starts in an object that is known to be whole."""
    at = _skip(text, at + 1)
    while True:
        key, at = LOOSE_DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == name:
            return at
        at = _skip(text, _skip(text, LOOSE_DECODER.raw_decode(text, at)[1]) + 1)


def begins_object(text: str) -> bool:
    """Whether a text starts with a whole object."""
    at = _skip(text, 0)
    try:
        return text.startswith("{", at) and isinstance(LOOSE_DECODER.raw_decode(text, at)[0], dict)
    except (ValueError, RecursionError):
        return False


def _all_objects(values: list[object]) -> bool:
    return bool(values) and all(isinstance(value, dict) for value in values)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at

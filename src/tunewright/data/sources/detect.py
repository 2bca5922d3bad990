"""Which format a file is in: each format is asked, those that are no text by the first bytes, the others by the first
lines. What a file is called decides only where its content leaves a choice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tunewright.core.errors import DataError, nearest
from tunewright.core.sentence import Sentence
from tunewright.data.sources.encoding import scan
from tunewright.data.sources.json_array import begins_object
from tunewright.data.sources.jsonl import parse_object
from tunewright.data.sources.types import Kind, Look, ReadConfig, Scan, Source

_HEAD_BYTES = 1 << 16


def find_format(path: Path, config: ReadConfig, sources: Mapping[str, Source]) -> tuple[Kind, Scan]:
    """The format and what one pass over the bytes found."""
    if config.format is not None and config.format not in sources:
        accepted = ", ".join(sources)
        raise DataError(
            f"data.read.format: there is no format `{config.format}`.{nearest(config.format, sources)} "
            f"The formats are: {accepted}."
        )
    with path.open("rb") as file:
        look = Look(path=path, head=file.read(_HEAD_BYTES))
    asked = sources.get(config.format or "")
    binary = [source for source in sources.values() if not source.is_text]
    kind, reason = _ask(look, [asked] if asked else binary, is_asked=asked is not None)
    if kind is not None and not sources[kind].is_text:
        return kind, _scan_bytes(path, Sentence("format {kind}: {reason}", kind=kind, reason=reason))
    found = scan(path, encoding=config.encoding)
    if kind is None:
        look = Look(path=path, head=look.head, sample=found.sample)
        kind, reason = _ask(look, [source for source in sources.values() if source.is_text])
    assert kind is not None, "the last text format takes any text"
    found.reasons.insert(0, Sentence("format {kind}: {reason}", kind=kind, reason=reason))
    return kind, found


def _ask(look: Look, sources: list[Source], *, is_asked: bool = False) -> tuple[Kind | None, str]:
    """The first format that says the file is its own, and why."""
    if is_asked:
        return sources[0].name, Sentence("as asked for")
    for source in sources:
        reason = source.recognise(look)
        if reason is not None:
            return source.name, reason
    return None, ""


def is_parquet(look: Look) -> str | None:
    """Parquet by its first four bytes."""
    return Sentence("its first bytes") if look.head.startswith(b"PAR1") else None


def is_jsonl(look: Look) -> str | None:
    """JSON Lines: lines that are objects; of a single one in a `.json` file, the ending says that it is the whole."""
    suffix = look.path.suffix.lower()
    if _starts_list(look):
        return None
    lines = _first_lines(look)
    objects = any(isinstance(parse_object(line.strip()), dict) for line in lines)
    if suffix == ".json" and (len(lines) < 2 or not isinstance(parse_object(lines[0].strip()), dict)):
        objects = False  # one object, or one over several lines that holds others
    if look.sample.lstrip().startswith("{") and objects:
        return Sentence("its lines are JSON objects")
    if lines and not objects and begins_object(look.sample):
        return None  # an object over several lines, or several on one: objects one after another
    return Sentence("by its ending") if suffix in (".jsonl", ".ndjson") else None


def is_json(look: Look) -> str | None:
    """JSON: a list, or an object over several lines."""
    if _starts_list(look):
        return Sentence("it starts with a list")
    if look.sample.lstrip().startswith("{"):
        return Sentence("it starts with an object")
    return Sentence("by its ending") if look.path.suffix.lower() == ".json" else None


def is_tsv(look: Look) -> str | None:
    """TSV by the ending; in other files the delimiter is found with the columns."""
    return Sentence("rows of text") if look.path.suffix.lower() in (".tsv", ".tab") else None


def is_rows_of_text(look: Look) -> str | None:
    """Whatever else is text: CSV with a delimiter that is found with the columns."""
    return Sentence("rows of text")


def _starts_list(look: Look) -> bool:
    """Whether the text is a JSON list, and not a CSV whose first cell starts with a bracket."""
    lines = _first_lines(look)
    return look.sample.lstrip().startswith("[") and not (lines and parse_array(lines[0]))


def _first_lines(look: Look) -> list[str]:
    return [line for line in look.sample.lstrip().split("\n", 20)[:20] if line.strip()]


def parse_array(line: str) -> bool:
    """Whether a first line such as `[tag],text` only looks like the start of a JSON list."""
    rest = line.lstrip()[1:].lstrip()
    return bool(rest) and rest[0] not in '{["-0123456789tfn]'


def _scan_bytes(path: Path, reason: str) -> Scan:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    return Scan(
        digest=found, size=path.stat().st_size, encoding="utf-8", bom=False, newline="\n", sample="", reasons=[reason]
    )

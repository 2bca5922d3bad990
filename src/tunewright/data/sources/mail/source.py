"""E-mails as rows: a message in a file of its own (`.eml`, Maildir), or many in one (`.mbox`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.data.sources.mail.message import KNOWN_HEADERS, Unreadable, read_mail
from tunewright.data.sources.mail.threads import thread_of
from tunewright.data.sources.types import Look, NativeRows, Note, Quarantined, ReadConfig, Scan, SourceFormat

COLUMNS = ["subject", "text", "from", "to", "date", "message_id", "references", "thread", "attachments"]
_BETWEEN = re.compile(rb"From \S.*\d{1,2}:\d{2}.*\d{4}")
"""The line between two messages of an mbox file: a sender and a time."""
_HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]*):")
_MAX_BYTES = 256 << 20
_SHOWN = 2000


def is_mbox(look: Look) -> str | None:
    """mbox: a line `From sender time`, and a header below it."""
    if look.head.startswith(b"!BDN"):
        raise DataError(f"{look.path}: this is a data file of Outlook (.pst). Export the folder as .eml or .mbox.")
    first, _, rest = look.head.lstrip(b"\r\n").partition(b"\n")
    if _BETWEEN.match(first) and _HEADER.match(rest.lstrip(b">")):
        return Sentence("it starts with the line that stands before each message of an mbox file")
    return None


def is_eml(look: Look) -> str | None:
    """A message: its first lines are headers, and several of them such as only e-mails have."""
    head = re.split(rb"\r?\n\r?\n", look.head.lstrip(b"\xef\xbb\xbf"), maxsplit=1)[0]
    lines = [line for line in re.split(rb"\r?\n", head) if line and line[:1] not in b" \t"]
    names = [match[1].decode().lower() for line in lines if (match := _HEADER.match(line))]
    known = len(KNOWN_HEADERS & set(names))
    if names and len(names) >= 0.9 * len(lines) and known >= 3:
        return Sentence("its first lines are the headers of an e-mail")
    return Sentence("by its ending") if look.path.suffix.lower() == ".eml" else None


def detect_mbox(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """The columns of every mail are the same."""
    return SourceFormat(kind="mbox", header=COLUMNS, reasons=scan.reasons, input_digest=scan.digest)


def detect_eml(path: Path, scan: Scan, config: ReadConfig) -> SourceFormat:
    """The columns of every mail are the same."""
    if not scan.size:
        raise DataError(f"{path}: the file is empty. An e-mail has headers, a blank line, and a text.")
    return SourceFormat(kind="eml", header=COLUMNS, reasons=scan.reasons, input_digest=scan.digest)


class _Part(NamedTuple):
    """The bytes of one message and where they stand."""

    line: int
    start: int
    end: int
    data: bytes
    too_long: bool = False


def mbox_rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The messages in chunks, one after the other in memory."""
    chunk = NativeRows()
    with path.open("rb") as file:
        for part in _messages(file):
            _add(chunk, part, path)
            if len(chunk.lines) + len(chunk.quarantined) >= rows_per_chunk:
                yield chunk
                chunk = NativeRows()
    yield chunk


def eml_rows(path: Path, source: SourceFormat, rows_per_chunk: int) -> Iterator[NativeRows]:
    """The one message."""
    chunk = NativeRows()
    size = path.stat().st_size
    data = b"" if size > _MAX_BYTES else path.read_bytes()
    _add(chunk, _Part(1, 0, size, data, size > _MAX_BYTES), path)
    yield chunk


def _messages(lines: Iterator[bytes]) -> Iterator[_Part]:
    """Cut at each `From ` line that follows a blank one; `>From ` inside a message is such a line, made harmless."""
    gathered: list[bytes] = []
    at = size = 0
    line_of_first, start = 1, 0
    after_blank = True
    begun = False
    for number, line in enumerate(lines, start=1):
        if after_blank and line.startswith(b"From ") and _BETWEEN.match(line):
            if begun:
                yield _Part(line_of_first, start, at, b"".join(gathered), size > _MAX_BYTES)
            gathered, size, begun = [], 0, True
            line_of_first, start = number, at
        elif begun or line.strip():
            begun = True
            size += len(line)
            if size <= _MAX_BYTES:
                gathered.append(line[1:] if re.match(rb">+From ", line) else line)
        at += len(line)
        after_blank = not line.strip()
    if begun:
        yield _Part(line_of_first, start, at, b"".join(gathered), size > _MAX_BYTES)


def _add(chunk: NativeRows, part: _Part, path: Path) -> None:
    try:
        if part.too_long:
            raise Unreadable("too_long", f"the message is longer than {_MAX_BYTES >> 20} MiB")
        mail = read_mail(part.data)
    except Unreadable as error:
        chunk.quarantined.append(
            Quarantined(
                path=str(path), line=part.line, byte_start=part.start, byte_end=part.end,
                reason_code=error.reason_code, detail=str(error),
                raw=part.data[:_SHOWN].decode("utf-8", "backslashreplace"),
            )
        )  # fmt: skip
        return
    columns = mail.columns
    thread = thread_of(str(columns["message_id"]), str(columns["references"]), str(columns["subject"]))
    record: dict[str, object] = {name: thread if name == "thread" else columns[name] for name in COLUMNS}
    if "labels" in columns:
        record["labels"] = columns["labels"]
    chunk.lines.append(part.line)
    chunk.records.append(record)
    for code, detail in mail.problems:
        chunk.notes.append(Note(path=str(path), line=part.line, code=code, detail=detail))

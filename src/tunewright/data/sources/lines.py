"""Physical lines of a file: what an editor numbers, with the bytes each one spans.

Only line feeds end a line (carriage returns where a file has no line feed). The other characters that Unicode calls
line breaks occur inside texts, and cutting there would move every later line number.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BLOCK = 1 << 20

BOMS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


class Line(NamedTuple):
    """One physical line with its terminator, if it has one."""

    number: int
    start: int
    end: int
    text: str
    problem: str = ""
    """Why the bytes are no text in the file's encoding; then `text` shows those bytes as `\\xNN`."""


def physical_lines(path: Path, *, encoding: str, newline: str, bom: bool) -> Iterator[Line]:
    """Decode a file line by line, so that one bad byte spoils one line."""
    position = len(BOMS[encoding]) if bom else 0
    terminator = ("\r" if newline == "\r" else "\n").encode(encoding)
    with path.open("rb") as file:
        file.seek(position)
        pieces = file if terminator == b"\n" else _cut(iter(lambda: file.read(BLOCK), b""), terminator)
        for number, data in enumerate(pieces, start=1):
            end = position + len(data)
            try:
                yield Line(number, position, end, data.decode(encoding))
            except UnicodeDecodeError as error:
                shown = data.decode(encoding, "backslashreplace")
                wrong = data[error.start : error.start + 4].hex(" ")
                problem = f"bytes {wrong} at byte {position + error.start} of the file are not {encoding}"
                yield Line(number, position, end, shown, problem)
            position = end


def _cut(blocks: Iterator[bytes], terminator: bytes) -> Iterator[bytes]:
    """Cut at a terminator of one or two bytes; two-byte units are found at even offsets only."""
    unit = len(terminator)
    rest = b""
    for block in blocks:
        looked_at = max(0, len(rest) - unit + 1) // unit * unit
        rest += block
        start = 0
        while (at := _find(rest, terminator, max(start, looked_at))) >= 0:
            yield rest[start : at + unit]
            start = at + unit
        rest = rest[start:]
    if rest:
        yield rest


def _find(data: bytes, terminator: bytes, start: int) -> int:
    at = data.find(terminator, start)
    while at % len(terminator) and at >= 0:
        at = data.find(terminator, at + 1)
    return at


def strip_end(text: str) -> str:
    """The line without its terminator: one of CR LF, LF or CR."""
    if text.endswith("\n"):
        text = text[:-1]
    return text[:-1] if text.endswith("\r") else text

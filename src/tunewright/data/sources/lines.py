"""Physical lines of a file: what an editor numbers, with the bytes each one spans.

Only line feeds end a line (carriage returns where a file has no line feed). The other characters that Unicode calls
line breaks occur inside texts, and cutting there would move every later line number.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tunewright.data.sources.common import COMMON_SIMPLIFIED, COMMON_TRADITIONAL

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
    reason: str = ""
    """The code of that: `undecodable_bytes`, or `other_encoding` where the line is text in UTF-8 instead."""


class Block(NamedTuple):
    """Some physical lines as bytes, each with its line feed; the last one of a file may lack it."""

    number: int
    """Of its first line, from 1."""
    start: int
    """The byte of the file that it starts with."""
    data: bytes


def line_blocks(path: Path, *, skip: int = 0, size: int = BLOCK // 4) -> Iterator[Block]:
    """A file that ends its lines with LF as blocks of whole lines, each of about `size` bytes, behind `skip` bytes."""
    number, position = 1, skip
    with path.open("rb") as file:
        file.seek(skip)
        while data := file.read(size):
            if not data.endswith(b"\n"):
                data += file.readline()
            yield Block(number, position, data)
            number += data.count(b"\n")
            position += len(data)


def physical_lines(path: Path, *, encoding: str, newline: str, bom: bool) -> Iterator[Line]:
    """Decode a file line by line, so that one bad byte spoils one line."""
    start = len(BOMS[encoding]) if bom else 0
    terminator = ("\r" if newline == "\r" else "\n").encode(encoding)
    with path.open("rb") as file:
        file.seek(start)
        pieces = file if terminator == b"\n" else _cut(iter(lambda: file.read(BLOCK), b""), terminator)
        yield from decoded_lines(pieces, first=1, start=start, encoding=encoding, bom=bom)


def decoded_lines(pieces: Iterable[bytes], *, first: int, start: int, encoding: str, bom: bool) -> Iterator[Line]:
    """Lines as text: the number of the first one, and the byte of the file that it starts with, are given."""
    position = start
    for number, data in enumerate(pieces, start=first):
        end = position + len(data)
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            shown = data.decode(encoding, "backslashreplace")
            wrong = data[error.start : error.start + 4].hex(" ")
            problem = f"bytes {wrong} at byte {position + error.start} of the file are not {encoding}"
            yield Line(number, position, end, shown, problem, "undecodable_bytes")
        else:
            if encoding != "utf-8" and is_utf8_instead(data, text, encoding):
                problem = f"the line is UTF-8, the file {encoding}; files of two encodings were joined here"
                yield Line(number, position, end, data.decode("utf-8"), problem, "other_encoding")
            elif number == 1 and bom:
                yield Line(number, position, end, text.lstrip("\ufeff"))
            else:
                yield Line(number, position, end, text)
        position = end


def is_utf8_instead(data: bytes, text: str, encoding: str) -> bool:
    """Whether a line decodes in a legacy encoding, and yet can hardly be anything but UTF-8.

    In 8-bit encodings letters hardly ever stand so that they are valid UTF-8. In Chinese ones a short text does once in
    thousands, so several characters are asked for, and that the text as it was decoded is of uncommon characters. A wide
    character weighs two, and so does a letter between ASCII letters: `schöne` is no Chinese. In UTF-16 it takes a dozen
    ideographs whose bytes are all ASCII.
    """
    if encoding.startswith("utf-16"):
        body = data[:-2] if text.endswith("\n") else data
        return len(body) >= 24 and b"\0" not in body and decodes(body, "utf-8")
    if data.isascii() or not decodes(data, "utf-8"):
        return False
    if encoding not in _WIDE:
        return True
    found = data.decode("utf-8")
    if sum(1 + (char > "\u0800") for char in found if char > "\x7f") + len(_BETWEEN.findall(found)) < 5:
        return False
    wide = [char for char in text if ord(char) > 127]
    common = COMMON_TRADITIONAL if encoding == "big5" else COMMON_SIMPLIFIED
    return sum(char in common for char in wide) < 0.4 * len(wide)


_BETWEEN = re.compile("(?<=[A-Za-z])[\u0080-\u07ff]+(?=[A-Za-z])")
_WIDE = ("gb18030", "gbk", "gb2312", "big5", "big5hkscs", "cp932", "shift_jis", "euc_jp", "cp949", "euc_kr")


def decodes(data: bytes, encoding: str) -> bool:
    """Whether all of the bytes are text in an encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


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

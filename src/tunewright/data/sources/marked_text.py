"""Places in a text that was decoded as a whole: the line and the byte of a character, and the bytes that are no text.

A byte that can't be decoded becomes a character of its own (U+DC00 and the byte), which no decoder gives for anything
else. So one bad byte spoils one row, and the bytes of every other row can still be counted.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

_MARK = re.compile("[\udc00-\udcff]")


class Place(NamedTuple):
    """Where a character stands: physical line from 1, byte from 0."""

    line: int
    byte: int


class Places:
    """Finds places in rising order, so that a file is counted through once."""

    def __init__(self, text: str, encoding: str) -> None:
        self._text = text
        self._encoding = encoding
        self._newline = "\n" if "\n" in text else "\r"
        self._at, self._line, self._byte = 0, 1, 0

    def of(self, at: int) -> Place:
        """The place of the character at an index; smaller ones than before start again."""
        if at < self._at:
            self._at, self._line, self._byte = 0, 1, 0
        self._line += self._text.count(self._newline, self._at, at)
        part = self._text[self._at : at]
        text = _MARK.sub("", part)
        self._byte += len(text.encode(self._encoding)) + len(part) - len(text)
        self._at = at
        return Place(self._line, self._byte)


def decode_marked(data: bytes, encoding: str) -> str:
    """All bytes as text, those that are none as marks. A byte order mark stays U+FEFF, so that bytes can be counted."""
    return data.decode(encoding, _HANDLER)


def has_marks(text: str, start: int = 0, end: int | None = None) -> bool:
    """Whether some bytes of this part were no text."""
    return _MARK.search(text, start, len(text) if end is None else end) is not None


def show_marks(text: str) -> str:
    r"""The text with each byte that is none written as `\xNN`."""
    return _MARK.sub(lambda mark: f"\\x{ord(mark[0]) - 0xDC00:02x}", text)


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


_HANDLER = "tunewright.mark"
codecs.register_error(_HANDLER, _mark)

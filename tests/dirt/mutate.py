"""Damage to bytes, as fuzzing does it: cut, flip, splice, repeat, and signs that parsers trip over."""

from __future__ import annotations

import codecs
import random

SIGNS = [
    b'"', b'""', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\\", b'\\"', b"\x00", b"\x1a", b"\x1e", b" ",
    b"{", b"}", b"[", b"]", b":", b"#", b"sep=;\n", b"null", b"NaN", b"-Infinity", b"1e999", b"1" * 400, b"9" * 5000,
    b"\\ud800", b"\\u0000", b"[" * 300, b'{"a":' * 300, b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, "中".encode(), "中文".encode("gb18030"), "é".encode("cp1252"),
    "中\n".encode("utf-16-le"), "\u2028".encode(), "\ufeff".encode(), b"text,label\n", b"label,text\n", b"row_id", b"origin",
    b'{"data": [', b'{"text": "a"}', b"PAR1", b"<html>", b"PK\x03\x04", b"\x1f\x8b",
]  # fmt: skip


def mutate(data: bytes, rng: random.Random, *, other: bytes) -> bytes:
    """The bytes after one to five changes."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        at = rng.randrange(len(found) + 1)
        end = min(len(found), at + rng.choice((1, 2, 5, 20, 200)))
        change = rng.randrange(8)
        if change == 0:
            found[at:end] = b""
        elif change == 1 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif change == 2 and at < len(found):
            found[at] = rng.randrange(256)
        elif change == 3:
            found[at:at] = rng.choice(SIGNS)
        elif change == 4:
            found[at:end] = rng.choice(SIGNS)
        elif change == 5:
            found[at:at] = bytes(found[at:end]) * rng.choice((1, 2, 10))
        elif change == 6:
            start = rng.randrange(len(other) + 1)
            found[at:end] = other[start : start + rng.choice((5, 50, 500))]
        elif change == 7:
            found = found[:at]
    return bytes(found)

"""Which encoding a file is in, from its bytes: a byte order mark, valid UTF-8, zero bytes, then how plausible the
characters would be.

GB18030, Big5 and the Western encodings accept nearly any bytes, so "it decodes" proves nothing. What tells them apart:
in Western text bytes above 127 stand alone between letters, in Chinese text they come in pairs; and in real Chinese a
few hundred characters make up much of any text.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from tunewright.core.errors import DataError
from tunewright.core.sentence import Sentence
from tunewright.data.sources.common import COMMON_SIMPLIFIED, COMMON_TRADITIONAL
from tunewright.data.sources.lines import BLOCK, BOMS, decodes
from tunewright.data.sources.types import Scan

_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or another ZIP archive; save the sheet as CSV UTF-8 and read that",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV UTF-8 and read that",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"%PDF": "a PDF; export its text first",
    b"{\\rtf": "a document in RTF; save it as plain text",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3\x00": "an SQLite data base; export the table as CSV",
    b"\x7fELF": "a program",
    b"BZh": "compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "compressed with xz; unpack it first",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"\x89HDF": "an HDF5 file; export the table as CSV or Parquet",
    b"\xff\xfe\x00\x00": "UTF-32; save it as UTF-8",
    b"\x00\x00\xfe\xff": "UTF-32; save it as UTF-8",
}

_OTHERS = ("cp1251", "cp1253", "cp1255", "cp1256", "koi8_r", "cp932", "euc_jp", "cp949")
"""Further encodings that leave ASCII as it is; anything stranger must be asked for."""

_HIGH = re.compile(rb"[\x80-\xff]+")
_LINE_END = re.compile(r"\r?\n|\r")
_QUOTED = re.compile(r'"[^"]*"')


@dataclass
class _Bytes:
    """What is gathered in one pass over a file."""

    head: bytes = b""
    odd_lines: bytearray = field(default_factory=bytearray)
    """Lines with bytes above 127, up to a limit."""
    size: int = 0
    is_utf8: bool = True
    is_ascii: bool = True


def scan(path: Path, *, encoding: str | None) -> Scan:
    """Read a file once: digest, encoding, newline, and a decoded sample from its start."""
    hasher = hashlib.blake2b(digest_size=16)
    seen = _Bytes()
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            hasher.update(block)
            _gather(seen, block, decoder)
    seen.is_utf8 = seen.is_utf8 and _ends_well(decoder)
    for magic, what in _NOT_TEXT.items():
        if seen.head.startswith(magic):
            raise DataError(f"{path}: this is not a text file but {what}.")
    bom = next((name for name, mark in BOMS.items() if seen.head.startswith(mark)), None)
    found, reason = _choose(seen, bom=bom, chosen=encoding, path=path)
    has_bom = bom == found
    body = seen.head[len(BOMS[found]) :] if has_bom else seen.head
    sample = _decode_sample(body, found, whole=seen.size <= len(seen.head))
    reasons = [reason]
    if has_bom and sample.startswith("\ufeff"):
        sample = sample.lstrip("\ufeff")
        reasons.append(
            Sentence("the byte order mark stands there more than once, as where files were joined; it is left out")
        )
    return Scan(
        digest=hasher.hexdigest(), size=seen.size, encoding=found, bom=has_bom, newline=_newline(sample), sample=sample,
        reasons=reasons,
    )  # fmt: skip


def _newline(sample: str) -> str:
    """What lines end with, outside quotes: old spreadsheets on Macs end rows with CR and break cells with LF."""
    bare = _QUOTED.sub("", sample)
    counted = bare if "\n" in bare or "\r" in bare else sample
    pairs, feeds, returns = counted.count("\r\n"), counted.count("\n"), counted.count("\r")
    first = _LINE_END.search(counted)
    if first is not None and first[0] == "\r" and returns - pairs > feeds:
        return "\r"
    return "\r\n" if 2 * pairs > feeds else "\n"


def _gather(seen: _Bytes, block: bytes, decoder: codecs.IncrementalDecoder) -> None:
    seen.size += len(block)
    if len(seen.head) < BLOCK:
        seen.head += block[: BLOCK - len(seen.head)]
    if not block.isascii():
        seen.is_ascii = False
        if len(seen.odd_lines) < BLOCK // 4:
            odd = [line for line in block.split(b"\n")[:20000] if not line.isascii()]
            # The first and the last line of a block may be cut inside a character.
            seen.odd_lines += b"\n".join(odd[1:-1] if len(odd) > 4 else odd)[: BLOCK // 4] + b"\n"
    if seen.is_utf8:
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            seen.is_utf8 = False


def _ends_well(decoder: codecs.IncrementalDecoder) -> bool:
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _choose(seen: _Bytes, *, bom: str | None, chosen: str | None, path: Path) -> tuple[str, str]:
    if chosen is not None:
        return _named(chosen, bom, path), Sentence("encoding {encoding}: as asked for", encoding=chosen)
    if bom is not None:
        return bom, Sentence("encoding {encoding}: the file starts with its byte order mark", encoding=bom)
    wide = _utf16_without_mark(seen.head)
    if wide is not None:
        return wide, Sentence("encoding {encoding}: every second byte of the Latin characters is zero", encoding=wide)
    if seen.is_utf8:
        if seen.is_ascii:
            return "utf-8", Sentence("encoding utf-8: ASCII only")
        return "utf-8", Sentence("encoding utf-8: all bytes are valid UTF-8")
    lines = [line for line in bytes(seen.odd_lines).split(b"\n") if line]
    others = [line for line in lines if not decodes(line, "utf-8")]
    valid = len(lines) - len(others)
    if valid >= max(1, len(others)):
        return "utf-8", Sentence(
            "encoding utf-8: {valid} of {total} non-ASCII lines are valid; the others are quarantined",
            valid=valid, total=len(lines),
        )  # fmt: skip
    # Lines that are valid UTF-8 by chance are rare, so these tell nothing about the encoding of the others.
    name, why = _legacy(others)
    if not valid:
        return name, why
    return name, Sentence(
        "{why}; {valid} of {total} non-ASCII lines are UTF-8, and are quarantined where that is certain",
        why=why, valid=valid, total=len(lines),
    )  # fmt: skip


def _named(encoding: str, bom: str | None, path: Path) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise DataError(
            f"{path}: there is no encoding `{encoding}`. Usual ones: utf-8, gb18030, big5, utf-16, cp1252, latin-1."
        ) from None
    if name == "utf-16":
        return bom if bom in ("utf-16-le", "utf-16-be") else "utf-16-le"
    return {"utf-8-sig": "utf-8", "gbk": "gb18030", "gb2312": "gb18030"}.get(name, name)


def _utf16_without_mark(head: bytes) -> str | None:
    """UTF-16 by a line feed that is two bytes wide at an even place, unless most pairs of bytes read as ASCII."""
    start = head[: 1 << 16]
    # A block of zeros is what a crash leaves in a file; no character of UTF-16 text is two zeros.
    pairs = [pair for i in range(0, len(start), 2) if (pair := start[i : i + 2]) != b"\0\0"]
    ascii_pairs = sum(32 <= pair[0] < 127 and 32 <= pair[-1] < 127 for pair in pairs)
    if ascii_pairs > 0.4 * len(pairs):
        return None
    return "utf-16-le" if b"\n\0" in pairs else "utf-16-be" if b"\0\n" in pairs else None


def _legacy(lines: list[bytes]) -> tuple[str, str]:
    """GB18030, Big5, cp1252 or another 8-bit encoding, by what its characters would be."""
    data = b"\n".join(lines)
    high = sum(byte > 127 for byte in data)
    alone = sum(
        byte > 127 and (i == 0 or data[i - 1] < 128) and (i + 1 == len(data) or data[i + 1] < 128)
        for i, byte in enumerate(data)
    )
    if alone >= 0.5 * high and _plausible(lines, "gb18030", COMMON_SIMPLIFIED, needed=0.99) < 0.5:
        name = _western(data)
        return name, Sentence(
            "encoding {encoding}: {alone} of {high} non-ASCII bytes stand alone between Latin letters",
            encoding=name, alone=alone, high=high,
        )  # fmt: skip
    scores = {
        "gb18030": _plausible(lines, "gb18030", COMMON_SIMPLIFIED),
        "big5": _plausible(lines, "big5", COMMON_TRADITIONAL),
    }
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= 0.08:
        return best, Sentence(
            "encoding {encoding}: {share:.0%} of its characters would be common Chinese ones, signs or accented letters",
            encoding=best, share=scores[best],
        )  # fmt: skip
    other = _ask_charset_normalizer(data)
    if other is not None:
        return other, Sentence("encoding {encoding}: the likeliest by its letters", encoding=other)
    if max(scores.values()) > 0 and not _many_odd_runs(data):
        return best, Sentence("encoding {encoding}: the bytes come in pairs as in Chinese", encoding=best)
    name = _western(data)
    return name, Sentence("encoding {encoding}: no other encoding fits", encoding=name)


def _many_odd_runs(data: bytes) -> bool:
    """Whether bytes above 127 often stand in odd numbers: in Chinese text they come in pairs."""
    runs = _HIGH.findall(data)
    return sum(len(run) % 2 for run in runs) >= 0.25 * len(runs)


def _western(data: bytes) -> str:
    return "cp1252" if decodes(data, "cp1252") else "latin-1"


def _plausible(lines: list[bytes], encoding: str, common: frozenset[str], *, needed: float = 0.9) -> float:
    """Share of the non-ASCII characters that are common ones; 0 where fewer lines than `needed` decode at all.

    Signs and accented letters count as common: bytes of another encoding would nearly always become rare ideographs.
    """
    good = [line.decode(encoding) for line in lines if decodes(line, encoding)]
    if len(good) < needed * len(lines):
        return 0.0
    chars = [char for text in good for char in text if ord(char) > 127]
    plausible = sum(char in common or ord(char) < 0x3100 or ord(char) >= 0xFF00 for char in chars)
    return (0.001 + plausible) / (0.001 + len(chars))


def _ask_charset_normalizer(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data[: BLOCK // 16], cp_isolation=list(_OTHERS)).best()
    return None if best is None else codecs.lookup(best.encoding).name


def _decode_sample(body: bytes, encoding: str, *, whole: bool) -> str:
    text = body.decode(encoding, "replace")
    if whole:
        return text
    cut = max(text.rfind("\n"), text.rfind("\r"))
    return text[: cut + 1] if cut >= 0 else text

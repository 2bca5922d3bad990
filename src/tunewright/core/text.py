"""Keys of texts: what counts as the same text, and how alike two texts are. Chinese and English are equals."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence


def fold(text: str) -> str:
    """The text with compatibility forms, case and runs of space folded: two texts with one fold are *exact duplicates*.

    NFKC turns full-width letters and digits into ordinary ones; traditional and simplified characters stay apart.
    """
    # `split` without an argument cuts at the same characters as the pattern `\s`, in a quarter of the time.
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def squeeze(text: str) -> str:
    """The fold without any space: the string over which near duplicates compare character 5-grams."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def ngrams(text: str, *, n: int = 5) -> set[str]:
    """All character n-grams of the squeezed text; a text shorter than `n` is its own only n-gram."""
    folded = squeeze(text)
    return {folded[i : i + n] for i in range(len(folded) - n + 1)} or {folded}


def digest(*parts: str | bytes) -> str:
    """blake2b-128 of the parts, each with its length in front, as 32 hex digits."""
    return hashlib.blake2b(measured(parts), digest_size=16).hexdigest()


def digest_bytes(*parts: str | bytes) -> bytes:
    """`digest` as its 16 bytes."""
    return hashlib.blake2b(measured(parts), digest_size=16).digest()


def measured(parts: Sequence[str | bytes]) -> bytes:
    """The parts one after the other, each with its length in front: what a digest is made of."""
    pieces = []
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        pieces += [len(data).to_bytes(8, "little"), data]
    return b"".join(pieces)


def printable(text: str) -> str:
    """The text with control characters and the marks that turn writing around as `\\xNN` or `\\uNNNN`; line ends and tabs stay."""
    return "".join(
        char if char in "\n\t" or not _is_control(char) else char.encode("unicode_escape").decode() for char in text
    )


def _is_control(char: str) -> bool:
    return unicodedata.category(char) == "Cc" or char in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def is_cjk(char: str) -> bool:
    """Whether the character is a Han ideograph (any plane), kana or hangul: text that is not cut by spaces."""
    code = ord(char)
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x3FFFF
        or 0xF900 <= code <= 0xFAFF
        or 0x3040 <= code <= 0x30FF
        or 0xAC00 <= code <= 0xD7AF
    )

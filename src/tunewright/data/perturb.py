"""Changes to a text that should not change its answer: what people's keyboards and programs do to texts all the time.

Each takes a text and gives it changed, or None where it has nothing to change. Which letter is hit depends on the text alone:
the same rows are asked about the same texts tomorrow.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from tunewright.core.scripts import other_variant
from tunewright.core.text import is_cjk

_WORD = re.compile(r"[A-Za-z]{4,}")
_END = re.compile(r"[.!?。！？…]+\s*$")
_FULL = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_HALF = {wide: code for code, wide in _FULL.items()}


def other_case(text: str) -> str:
    """All small letters; all capitals where there are no others."""
    return text.lower() if text != text.lower() else text.upper()


def other_punctuation(text: str) -> str | None:
    """Without the mark at its end; with one where there is none."""
    if not text.strip():
        return None
    bare = _END.sub("", text)
    return bare if bare != text else text.rstrip() + ("。" if is_cjk(text.rstrip()[-1]) else ".")


def typo(text: str) -> str | None:
    """Two neighbouring letters changed places, inside one word of Latin letters."""
    words = list(_WORD.finditer(text))
    if not words:
        return None
    turn = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    for step in range(len(words)):
        word = words[(turn + step) % len(words)]
        for place in range(word.start() + 1, word.end() - 1):
            if text[place] != text[place + 1]:
                return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return None


def other_width(text: str) -> str | None:
    """Of texts with Chinese, Japanese or Korean: letters, digits and marks in half width; in full width where none is full."""
    if not any(map(is_cjk, text)):
        return None
    half = text.translate(_HALF)
    return half if half != text else text.translate(_FULL)


def other_chinese(text: str) -> str | None:
    """Simplified characters for traditional ones, or the other way round: those that have one counterpart and no other."""
    return other_variant(text)


def more_space(text: str) -> str | None:
    """One more space at the one nearest to the middle; where there is none, in the middle of Chinese, Japanese or Korean: within
    a single word of letters it would be an error of spelling.
    """
    if " " not in text and not any(map(is_cjk, text)):
        return None
    middle = len(text) // 2
    spaces = [place for place, char in enumerate(text) if char == " "]
    place = min(spaces, key=lambda at: abs(at - middle)) if spaces else middle
    return text[:place] + " " + text[place:]


PERTURBATIONS: dict[str, Callable[[str], str | None]] = {
    "case": other_case, "punctuation": other_punctuation, "typos": typo, "width": other_width, "chinese": other_chinese,
    "space": more_space,
}  # fmt: skip


def perturbed(text: str, name: str) -> str | None:
    """The text after one of `PERTURBATIONS`; None where that changes nothing."""
    changed = PERTURBATIONS[name](text)
    return None if changed is None or changed == text else changed

"""Texts cut into what overlap is counted in: words, and single characters of scripts that put no space between words."""

from __future__ import annotations

import re
import unicodedata

_ALONE = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Han of all planes and kana; hangul has spaces."""
_WORD = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])[^\W_])+")
_PIECE = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])\w)+|[^\w\s]")


def words(text: str) -> list[str]:
    """Folded words (NFKC, case): runs of letters and digits, and each Han character or kana alone; no punctuation."""
    return _WORD.findall(_folded(text))


def pieces(text: str) -> list[str]:
    """As `words`, with each sign that is neither letter, digit nor space as a piece of its own."""
    return _PIECE.findall(_folded(text))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()

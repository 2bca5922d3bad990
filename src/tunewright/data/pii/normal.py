"""A text as the detectors see it: full-width characters, odd dashes and spaces as the plain ones, one for one.

One character always becomes one character, so a place in the normal text is the same place in the text as written.
"""

from __future__ import annotations

_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PLAIN |= dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"), ord(" "))
_PLAIN |= dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\u30fc"), ord("-"))
_PLAIN |= {start + digit: ord("0") + digit for start in (0x0660, 0x06F0, 0x0966) for digit in range(10)}
"""Also Arabic, Persian and Devanagari digits: a number is a number."""


def normal(text: str) -> str:
    """The text with plain digits, dashes and spaces; as long as it was."""
    return text if text.isascii() else text.translate(_PLAIN)

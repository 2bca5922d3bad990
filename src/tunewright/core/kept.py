"""What a translation keeps as it is: numbers, addresses, tags and placeholders."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_DIGITS = re.compile(r"(?<!\d)\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,:']\d+)*")
"""`1 000 000,50` and `1,000.50` and `12:30`, but not the two numbers of `in 2024 3 cats`."""
_ADDRESS = re.compile(r"https?://[^\s<>\"'，。、）)]+|www\.[^\s<>\"'，。、）)]+|[\w.+-]+@[\w-]+\.[\w.-]+\w")
_PLACEHOLDER = re.compile(
    r"</?\d+/?>|\{\{?\s*[\w.]+\s*\}?\}|\$\{[\w.]+\}|%(?:\(\w+\))?[-+0#]?\d*\.?\d*[sdifgxX@]\b|%\d+\$[sd@]|&[a-z]+;"
)


def numbers_in(text: str) -> Counter[str]:
    """The digits of each number, whatever stands between them and however wide they are; not those of placeholders."""
    folded = unicodedata.normalize("NFKC", _PLACEHOLDER.sub(" ", text))
    return Counter("".join(char for char in match if char.isdigit()) for match in _DIGITS.findall(folded))


def addresses_in(text: str) -> Counter[str]:
    """Web and mail addresses."""
    return _marks(_ADDRESS, text)


def placeholders_in(text: str) -> Counter[str]:
    """Inline tags (`<1>`), placeholders (`{name}`, `%s`, `${x}`) and entities (`&nbsp;`)."""
    return _marks(_PLACEHOLDER, text)


def _marks(pattern: re.Pattern[str], text: str) -> Counter[str]:
    return Counter(match.rstrip(".,;:") for match in pattern.findall(text))

"""Characters that XML can't hold, as Excel writes them: `_x000D_` is a carriage return, `_x005F_` an underscore."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MEANT = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_MARKS = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def to_xml(text: str) -> str:
    """The text as the content of an element, so that `from_xml` (and Excel) gives back every character."""
    text = _MEANT.sub("_x005F_", text)
    text = _NOT_IN_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    return re.sub("[&<>]", lambda match: _MARKS[match[0]], text)


def from_xml(text: str) -> str:
    """The text that an element's content stands for."""
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    # A character beyond 16 bits may be written as its two halves.
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")

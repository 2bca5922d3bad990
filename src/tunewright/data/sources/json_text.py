"""JSON in and out to the letter: a number keeps its digits, a key that stands twice is noticed, and what is wrong with
a broken text is said with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MOST_NESTED = 200
"""Deeper nesting is no data: it is set aside before it can exhaust the stack of any later stage."""


class Exact(float):
    """A number whose text is not what Python would write for it: `1.10`, `1e5`, more digits than a double has."""

    text: str

    def __new__(cls, text: str) -> Exact:
        """The number with its text."""
        number = super().__new__(cls, text)
        number.text = text
        return number


class DuplicateKey(ValueError):
    """A key that an object has twice."""


def json_text(value: object) -> str:
    """A value as JSON, numbers to the letter."""
    if isinstance(value, Exact):
        return value.text
    if isinstance(value, (dict, list)) and _holds_exact(value):
        if isinstance(value, dict):
            pairs = (f"{json.dumps(name, ensure_ascii=False)}: {json_text(part)}" for name, part in value.items())
            return "{" + ", ".join(pairs) + "}"
        return "[" + ", ".join(map(json_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False, default=str)


def explain(error: Exception, text: str, *, one_line: bool) -> tuple[str, str]:
    """Reason code and detail of what the decoder found wrong in `text`."""
    if isinstance(error, DuplicateKey):
        return "duplicate_key", f"the key `{error}` stands twice, with one meaning lost"
    if isinstance(error, RecursionError):
        return TOO_DEEP
    if not isinstance(error, json.JSONDecodeError):
        return "bad_json", f"not JSON: {error}"
    if one_line and error.msg == "Extra data" and text[: error.pos].rstrip().endswith("}"):
        what = "a second object" if text[error.pos] == "{" else "more text"
        reason = "several_objects" if text[error.pos] == "{" else "bad_json"
        return reason, f"{what} after the object, at column {error.colno}; each object needs a line of its own"
    place = f"column {error.colno}" if one_line else f"line {error.lineno}, column {error.colno}"
    found = text[error.pos : error.pos + 1]
    hint = next((hint for signs, hint in _HINTS.items() if found and found in signs), "")
    return "bad_json", f"not JSON at {place}: {error.msg.lower()}, found {found or 'the end'!r}{hint}"


_HINTS = {
    "'": "; JSON has double quotes",
    "/#": "; JSON has no comments",
    "}]": "; is there a comma too many?",
    "NTFu": "; JSON has null, true and false",
}
TOO_DEEP = ("nested_too_deeply", f"lists or objects inside each other, more than {MOST_NESTED} deep")


def check_object(value: object, text: str) -> dict[str, object] | tuple[str, str]:
    """The value if it is an object whose strings are Unicode text, else (reason code, detail)."""
    if not isinstance(value, dict):
        return "not_an_object", f"a row is a JSON object with a name for each value; this is a {_name(value)}"
    if text.count("[") + text.count("{") > MOST_NESTED and _is_too_deep(value):
        return TOO_DEEP
    if "\0" in text or _RISKY.search(text):
        strings = "".join(_strings(value))
        if any(0xD800 <= ord(char) <= 0xDFFF for char in strings):
            return "lone_surrogate", "half of a surrogate pair (\\ud800 to \\udfff) is no character"
        if "\0" in strings:
            return "nul_character", "the row holds a NUL character, a sign of a damaged file"
    return value


_RISKY = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
"""Escapes that may stand for no character; the text is looked at closely only where one occurs."""
_NAMES = {list: "list", str: "string", bool: "true or false", type(None): "null"}


def _name(value: object) -> str:
    return _NAMES.get(type(value), "number")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def _is_too_deep(value: object) -> bool:
    """Level by level, without recursion."""
    level = [value]
    for _ in range(MOST_NESTED):
        parts = [part for part in level if isinstance(part, (dict, list))]
        level = [inner for part in parts for inner in (part.values() if isinstance(part, dict) else part)]
        if not level:
            return False
    return True


def _holds_exact(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_exact, value.values()))
    if isinstance(value, list):
        return any(map(_holds_exact, value))
    return isinstance(value, Exact)


def _number(text: str) -> float:
    number = float(text)
    return number if repr(number) == text else Exact(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise DuplicateKey(next(name for name in names if names.count(name) > 1))
    return found


DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_number, strict=False)
LOOSE_DECODER = json.JSONDecoder(strict=False)
"""Finds where a value ends, whatever is wrong with its keys."""

"""Personal data out of a text: a placeholder for each, or what a function makes of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from tunewright.data.pii import Span, find_pii

CONTEXT_CHARACTERS = 40
"""Cells up to this long are judged together with the name of their column: `dob` in front of `1990-05-06`."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\-./]+")


def scrub(text: str) -> str:
    """The text with `[email]`, `[phone]`... in place of personal data.

    The text step of `clean.scrub`. A placeholder says what stood there and nothing else, so that `predict` can repeat the
    step without any key, and two people with one bank do not share a word.
    """
    spans = find_pii(text)
    return replace_spans(text, spans, lambda span: f"[{span.class_name}]") if spans else text


def replace_spans(text: str, spans: Sequence[Span], make: Callable[[Span], str]) -> str:
    """The text with each span replaced; spans are in order and apart, as `find_pii` has them."""
    parts, done = [], 0
    for span in spans:
        parts += [text[done : span.start], make(span)]
        done = span.end
    return "".join(parts) + text[done:]


def find_in_cell(cell: str, column: str, classes: Iterable[str] | None = None) -> list[Span]:
    """`find_pii`, where the name of the column counts as the word before a short cell."""
    if not 0 < len(cell) <= CONTEXT_CHARACTERS:
        return find_pii(cell, classes)
    head = " ".join(part for part in _CAMEL.split(column) if part) + ": "
    shift = len(head)
    spans = find_pii(head + cell, classes)
    return [
        Span(
            start=span.start - shift, end=span.end - shift, class_name=span.class_name, detector=span.detector,
            evidence=span.evidence,
        )
        for span in spans
        if span.start >= shift
    ]  # fmt: skip

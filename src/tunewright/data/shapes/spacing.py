"""From tokens to text and back: Chinese and English alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from tunewright.core.text import is_cjk
from tunewright.data.shapes.types import Span

_WIDE_MARKS = set("，。！？；：、（）《》“”‘’【】—…·「」『』")
_PIECES = re.compile(r"\w+|[^\w\s]")


def join_tokens(tokens: Sequence[str]) -> str:
    """One text of tokens: a space between two of them unless both meet in Chinese, Japanese or Korean writing."""
    parts: list[str] = []
    for token in tokens:
        if parts and not (parts[-1] and token and _is_wide(parts[-1][-1]) and _is_wide(token[0])):
            parts.append(" ")
        parts.append(token)
    return "".join(parts)


def offsets(tokens: Sequence[str], text: str) -> list[tuple[int, int]] | None:
    """Where the tokens stand in the text, in order; None where they do not."""
    found, at = [], 0
    for token in tokens:
        start = text.find(token, at)
        if start < 0:
            return None
        at = start + len(token)
        found.append((start, at))
    return found


def joined_offsets(tokens: Sequence[str]) -> list[tuple[int, int]]:
    """Where the tokens stand in `join_tokens` of them."""
    found, at = [], 0
    before = ""
    for number, token in enumerate(tokens):
        if number and not (before and token and _is_wide(before[-1]) and _is_wide(token[0])):
            at += 1
        found.append((at, at + len(token)))
        at += len(token)
        before = token
    return found


def cut_tokens(text: str, spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Words, single marks and single Chinese characters, cut also where a span begins or ends."""
    borders = sorted({place for span in spans for place in (span.start, span.end)})
    found: list[tuple[int, int]] = []
    for match in _PIECES.finditer(text):
        start, end = match.span()
        cuts = [place for place in borders if start < place < end]
        cuts += [i for i in range(start + 1, end) if is_cjk(text[i]) or is_cjk(text[i - 1])]
        edges = [start, *sorted(set(cuts)), end]
        found += pairwise(edges)
    return found


def overlap(spans: Sequence[Span]) -> bool:
    """Whether two spans share a character."""
    ordered = sorted(spans, key=lambda span: (span.start, span.end))
    return any(after.start < before.end for before, after in pairwise(ordered))


def _is_wide(char: str) -> bool:
    return is_cjk(char) or char in _WIDE_MARKS

"""Schemes of tags: BIO, IOB1 and BIOES (BMES, BILOU), all read into spans; written as BIO."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Scheme = Literal["BIO", "IOB1", "BIOES", "plain"]

_TITLES = {
    "BIO": "tags in BIO",
    "IOB1": "tags in IOB1 (B- only between neighbours), converted to BIO",
    "BIOES": "tags in BIOES, BMES or BILOU, converted to BIO",
    "plain": "one class for each token, neighbours of one class taken as one span, converted to BIO",
}
_BEGIN, _INSIDE, _END, _SINGLE = "B", "IM", "EL", "SU"


@dataclass(frozen=True, kw_only=True)
class FoundScheme:
    """A scheme and what to say of it."""

    name: Scheme
    title: str


def find_scheme(tags: Iterable[object]) -> FoundScheme:
    """The scheme that a sample of tags is in."""
    seen = {tag for tag in tags if isinstance(tag, str)} - {"O"}
    prefixes = {tag[0] for tag in seen if is_prefixed(tag)}
    if not seen:
        name: Scheme = "BIO"
    elif len(prefixes) == 0 or not all(is_prefixed(tag) for tag in seen):
        name = "plain"
    elif prefixes & set("MELSU"):
        name = "BIOES"
    else:
        begun = {tag[2:] for tag in seen if tag[0] == "B"}
        name = "BIO" if begun and len(begun) * 2 >= len({tag[2:] for tag in seen}) else "IOB1"
    return FoundScheme(name=name, title=_TITLES[name])


def is_prefixed(tag: str) -> bool:
    """Whether a tag is like `B-PER`."""
    return len(tag) > 2 and tag[0] in "BIMELSU" and tag[1] in "-_"


def spans_of_tags(tags: Sequence[str], scheme: Scheme) -> list[tuple[int, int, str]]:
    """First token, last token and label of each span. An inside without a beginning begins a span: BIO as repaired."""
    found: list[tuple[int, int, str]] = []
    open_at, open_label = 0, ""

    def close(last: int) -> None:
        nonlocal open_label
        if open_label:
            found.append((open_at, last, open_label))
        open_label = ""

    for place, tag in enumerate(tags):
        prefix, label = ("I", "" if tag in ("O", "") else tag) if scheme == "plain" else _cut(tag)
        if not label or prefix in _BEGIN + _SINGLE or label != open_label:
            close(place - 1)
            if label:
                open_at, open_label = place, label
        if label and prefix in _END + _SINGLE:
            close(place)
    close(len(tags) - 1)
    return found


def strict_spans_of_tags(tags: Sequence[str], scheme: Literal["BIO", "BIOES"]) -> list[tuple[int, int, str]]:
    """The spans that are spelled by the rules, and no others: `B-X I-X` in BIO, `B-X I-X E-X` and `S-X` in BIOES."""
    closed = scheme == "BIOES"
    found: list[tuple[int, int, str]] = []
    begun: tuple[int, str] | None = None
    for place, tag in enumerate([*tags, "O"]):
        prefix, label = _cut(tag) if is_prefixed(tag) else ("", "")
        goes_on = begun is not None and label == begun[1] and prefix in _INSIDE + _END
        if begun is not None and (prefix in _END if goes_on else not closed):
            found.append((begun[0], place if goes_on else place - 1, begun[1]))
        if not goes_on or prefix in _END:
            begun = (place, label) if label and prefix in _BEGIN else None
        if label and prefix in _SINGLE:
            found.append((place, place, label))
    return found


def repaired(tags: Sequence[str], scheme: Scheme = "BIO") -> list[str]:
    """The same spans in BIO by the rules: an inside without a beginning, or of another label, begins a span."""
    return tags_of_spans(spans_of_tags(tags, scheme), len(tags))


def _cut(tag: str) -> tuple[str, str]:
    return (tag[0], tag[2:]) if is_prefixed(tag) else ("I", "" if tag in ("O", "") else tag)


def tags_of_spans(spans: Iterable[tuple[int, int, str]], tokens: int) -> list[str]:
    """BIO tags of spans that do not overlap."""
    tags = ["O"] * tokens
    for first, last, label in spans:
        tags[first] = f"B-{label}"
        tags[first + 1 : last + 1] = [f"I-{label}"] * (last - first)
    return tags

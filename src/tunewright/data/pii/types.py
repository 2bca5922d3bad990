"""The shapes of the search for personal data: what is found, and what a detector says of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Needs = Literal["at", "digits", "codes", "colons", "url", "birth"]
"""What a text must hold for a detector to be run at all: an `@`, seven digits close together, letters with digits,
colons, an address of the web, a word for being born."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """One piece of personal data: `text[start:end]`."""

    start: int
    end: int
    class_name: str
    """Name in `DETECTORS`."""
    detector: str
    """Which rule of the class found it: `cn_mobile`, `pl_pesel`."""
    evidence: str
    """Why it counts: a checksum that holds, a word that names it."""


@dataclass(frozen=True)
class Found:
    """A candidate, before overlaps are settled."""

    start: int
    end: int
    detector: str
    evidence: str
    named: bool = False
    """Whether a word beside it says what it is. A named reading wins over one that only fits."""


@dataclass(frozen=True, kw_only=True)
class Detector:
    """How one class is found. `find` sees a normalised text: full-width forms and odd dashes as their plain ones."""

    find: Callable[[str], Iterator[Found]]
    needs: tuple[Needs, ...]
    source: str
    """The standard the format is taken from."""
    withstands: str
    """What looks alike and is not found."""

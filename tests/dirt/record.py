"""What a class of dirt is: a file's bytes, what must become of it, and where the damage stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from tunewright.data.sources.types import Kind

TEXTS = [
    "the room was clean",
    "服务不错，下次还来",
    "schöne Grüße aus Köln",
    "it broke after a day",
    "太差了",
    "we will come again",
]
ROWS = [{"text": f"{TEXTS[i % 6]} {i}", "label": "bad" if i % 3 == 0 else "good", "id": f"n{i}"} for i in range(12)]
"""The good rows of most files, in three languages."""

Outcome = Literal["set aside", "kept", "refused"]
"""set aside: the damaged rows are located, all others are read. kept: it looks odd and is text, to the letter.
refused: the file is no table, and a sentence says what it is."""


@dataclass(frozen=True, kw_only=True)
class Bad:
    """One row that can't be read."""

    line: int
    reason: str
    """Empty: any reason will do."""
    piece: bytes | None = None
    """What stands in the byte range that is reported; None in Parquet, where a row has no bytes of its own."""


@dataclass(frozen=True, kw_only=True)
class Dirt:
    """One class of dirt."""

    name: str
    """What is wrong, in words; unique."""
    ending: str
    data: bytes
    kept: list[dict[str, Any]] = field(default_factory=list)
    """Every row that must be read, with its values to the letter, in order."""
    bad: tuple[Bad, ...] = ()
    refused: str = ""
    """A pattern in the message, where the whole file is refused."""
    noted: str = ""
    """A pattern in the sentences that say how the file was read."""
    blank_lines: int | None = None

    @property
    def outcome(self) -> Outcome:
        """What becomes of it."""
        return "refused" if self.refused else "set aside" if self.bad else "kept"

    @property
    def kind(self) -> Kind:
        """The format that its name promises."""
        kinds: dict[str, Kind] = {"csv": "csv", "tsv": "tsv", "jsonl": "jsonl", "json": "json", "parquet": "parquet"}
        return kinds[self.ending]

    @property
    def file_name(self) -> str:
        """A name for the file, made from the class's own."""
        return re.sub(r"\W+", "-", self.name).strip("-")[:60] + "." + self.ending

"""What a column holds, in figures: how long, how varied, how numeric. Column finding is a judgement over these."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from tunewright.core.text import is_cjk

_NUMBER = re.compile(r"\s*[-+]?(\d+([.,]\d+)?|[.,]\d+)([eE][-+]?\d+)?\s*$")
_INTEGER = re.compile(r"\s*[-+]?\d+(\.0+)?\s*$")
_DATE = re.compile(r"\s*\d{1,4}[-/.年]\d{1,2}([-/.月]\d{1,4}日?)?([ T]\d{1,2}:\d{2}.*)?\s*$")
_CODE = re.compile(r"\s*(https?://\S+|\S+@\S+\.\S+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}|[A-Z]{1,6}[-_]?\d{3,})\s*$")
_SAMPLE = 4000


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Figures over the non-empty cells of a column."""

    name: str
    count: int
    """Non-empty cells."""
    counts: Counter[str]
    """How often each value stands there, as text."""
    mean_length: float
    prose: float
    """Share of cells that read like language: several words, or several CJK characters."""
    numeric: float
    """Share of cells that are numbers."""
    integer: float
    codes: float
    """Share of cells that are dates, links, addresses or ids."""
    lists: float
    """Share of cells that are lists."""

    @property
    def distinct(self) -> int:
        """Number of different values."""
        return len(self.counts)

    @property
    def is_text(self) -> bool:
        """Whether the cells read like language rather than like names, numbers or codes."""
        return self.count > 0 and self.lists < 0.5 and self.numeric < 0.5 and self.codes < 0.5 and self.prose >= 0.3

    @property
    def is_id(self) -> bool:
        """Whether (nearly) no value comes twice and the values are no prose."""
        return self.count >= 5 and self.distinct >= 0.95 * self.count and self.prose < 0.3

    @property
    def repeats(self) -> bool:
        """Whether the values come again and again, as the names of classes do."""
        return 1 < self.distinct <= max(2, 0.5 * self.count) and self.mean_length <= 60


def profile(name: str, column: pa.ChunkedArray) -> Profile:
    """The figures of one column; the shapes are judged on an even sample, values are counted in full."""
    cells = [text for value in column.to_pylist() if (text := as_text(value)).strip()]
    sample = cells[:: max(1, len(cells) // _SAMPLE)]
    return Profile(
        name=name,
        count=len(cells),
        counts=Counter(cells),
        mean_length=sum(map(len, sample)) / max(1, len(sample)),
        prose=_share(sample, _is_prose),
        numeric=_share(sample, _NUMBER.match),
        integer=_share(sample, _INTEGER.match),
        codes=_share(sample, lambda cell: _DATE.match(cell) or _CODE.match(cell)),
        lists=_share(sample, lambda cell: cell.lstrip()[:1] == "[" and cell.rstrip()[-1:] == "]"),
    )


def as_text(value: object) -> str:
    """A cell as text; a whole float from JSON or Parquet as the integer that it stands for."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, default=str)


def _is_prose(cell: str) -> bool:
    cjk = sum(map(is_cjk, cell[:200]))
    return cjk >= 5 or len(cell.split()) >= 3


def _share(cells: list[str], test: object) -> float:
    return sum(bool(test(cell)) for cell in cells) / max(1, len(cells))  # type: ignore[operator]

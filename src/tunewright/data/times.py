"""When a row was made: dates and times as people and programs write them, as microseconds since 1970.

ISO 8601, year-month-day and day-month-year with any of `-/.`, month names, e-mail dates, Chinese dates (2024年1月31日
下午3点05分, 二〇二四年一月), Unix seconds and milliseconds, Arrow's own types. A time without a zone counts as UTC: only the
order matters.

Whether 03/04/2024 is in March or April can't be seen from one cell, so all cells of a column are looked at first.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tunewright.core.errors import RecipeError, nearest
from tunewright.data.marks import UNDATED
from tunewright.data.table import RESERVED, set_column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_CLOCK = (
    r"(?:[T\s,]*(?P<half>上午|下午|中午|凌晨|早上|晚上)?\s*(?P<hour>\d{1,2})[:点點时時]"
    r"(?:(?P<minute>\d{1,2})分?)?(?:[:]?(?P<second>\d{1,2})(?:\.\d+)?秒?)?\s*(?P<ampm>[ap]\.?m\.?)?)?"
    r"\s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2})?\s*$"
)
_YEAR_FIRST = re.compile(r"\s*(?P<y>\d{4})[-/.](?P<m>\d{1,2})(?:[-/.](?P<d>\d{1,2}))?" + _CLOCK, re.IGNORECASE)
_YEAR_LAST = re.compile(
    r"\s*(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})[-/.](?P<y>\d{4}|\d{2})" + _CLOCK, re.IGNORECASE
)
_CHINESE = re.compile(
    r"\s*(?P<y>\d{4}|\d{2})年\s*(?P<m>\d{1,2})月(?:\s*(?P<d>\d{1,2})[日号號])?\s*(?:\(?(?:星期|周|週|礼拜).\)?)?"
    + _CLOCK
)
_DAY_NAMED = re.compile(r"\s*(?P<d>\d{1,2})\.?[\s-]+(?P<name>[a-z]{3,9})\.?[\s,-]+(?P<y>\d{4})" + _CLOCK, re.IGNORECASE)
_NAMED_DAY = re.compile(
    r"\s*(?P<name>[a-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})" + _CLOCK, re.IGNORECASE
)
_NUMBER = re.compile(r"\s*-?\d+(\.\d+)?\s*$")
_NUMERALS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_TENS = re.compile(r"([1-9]?)十([1-9]?)")


class TimeReader:
    """Reads the cells of one column: `look` at all of them first, then `times`."""

    def __init__(self) -> None:
        self._day_first = 0
        self._month_first = 0
        self._open = 0

    def look(self, cells: Iterable[Any]) -> None:
        """Take note of the cells that say whether the day or the month comes first."""
        for cell in cells:
            match = _YEAR_LAST.match(cell) if isinstance(cell, str) else None
            if match is not None:
                first, second = int(match["a"]), int(match["b"])
                self._day_first += first > 12 >= second or match["mark"] == "."
                self._month_first += second > 12 >= first
                self._open += first <= 12 and second <= 12 and match["mark"] != "."

    @property
    def reason(self) -> str:
        """What was decided about day and month, where there was something to decide."""
        if not self._open:
            return ""
        if self._day_first and self._month_first:
            return f"{self._open:,} dates could be day or month first, and the others say both: month first is assumed"
        if self._day_first or self._month_first:
            which = "day" if self._day_first else "month"
            return f"dates have the {which} first: {self._day_first or self._month_first:,} of them allow nothing else"
        return f"{self._open:,} dates could be day or month first: month first is assumed; year-month-day would be sure"

    def times(self, cells: Iterable[Any]) -> npt.NDArray[np.int64]:
        """Microseconds since 1970 of each cell, UNDATED where it is no date."""
        return np.array([self._time(cell) for cell in cells], np.int64)

    def _time(self, cell: Any) -> int:
        try:
            when = self._when(cell)
            return UNDATED if when is None else _microseconds(when)
        except (ValueError, OverflowError, TypeError):
            return UNDATED

    def _when(self, cell: Any) -> datetime | None:
        if isinstance(cell, (datetime, date)):
            return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)
        if isinstance(cell, bool) or cell is None:
            return None
        if isinstance(cell, (int, float)):
            return _of_number(float(cell))
        text = unicodedata.normalize("NFKC", str(cell)).strip()
        if _NUMBER.match(text):
            return _of_number(float(text))
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return self._of_words(text)

    def _of_words(self, text: str) -> datetime | None:
        for pattern in (_YEAR_FIRST, _DAY_NAMED, _NAMED_DAY):
            if (match := pattern.match(text)) is not None:
                return _build(match, month=_month(match), day=int(match["d"] or 1))
        if (match := _CHINESE.match(_with_digits(text) if "年" in text else "")) is not None:
            return _build(match, month=int(match["m"]), day=int(match["d"] or 1))
        if (match := _YEAR_LAST.match(text)) is not None:
            first, second = int(match["a"]), int(match["b"])
            day_first = first > 12 or (second <= 12 and (match["mark"] == "." or self._day_first > self._month_first))
            return _build(match, month=second if day_first else first, day=first if day_first else second)
        return parsedate_to_datetime(text)


def add_times(fields: pa.Table, raw: pa.Table, *, name: str) -> tuple[pa.Table, str]:
    """The fields with the times in a column of the raw table, and what was decided about day and month.

    Raises RecipeError where there is no such column.
    """
    check_time_column(raw.column_names, name)
    reader = TimeReader()
    cells = raw.column(name).to_pylist()
    reader.look(cells)
    return set_column(fields, "time", pa.array(reader.times(cells), pa.int64())), reader.reason


def check_time_column(names: list[str], name: str) -> None:
    """Raises RecipeError where the columns have none of that name."""
    own = [one for one in names if one not in RESERVED]
    if name not in own:
        raise RecipeError(
            f"split.by_time names {name!r}, which is no column.{nearest(name, own)} The columns are: {', '.join(own)}."
        )


def _build(match: re.Match[str], *, month: int, day: int) -> datetime:
    part = match.groupdict()
    year, hour = int(part["y"]), int(part["hour"] or 0)
    half = (
        "pm"
        if part["half"] in ("下午", "晚上", "中午")
        else "am"
        if part["half"]
        else (part["ampm"] or "").lower()[:1] + "m"
    )
    if half == "pm" and hour < 12:
        # 中午11点 is before noon, and 中午1点 after it.
        hour += 0 if part["half"] == "中午" and hour > 6 else 12
    elif half == "am" and hour == 12:
        hour = 0
    when = datetime(
        year + (2000 if year < 70 else 1900 if year < 100 else 0), month, day, hour,
        int(part["minute"] or 0), int(part["second"] or 0),
    )  # fmt: skip
    zone = part["zone"] or ""
    if zone[:1] in ("+", "-"):
        away = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        when = when - away if zone[0] == "+" else when + away
    return when


def _month(match: re.Match[str]) -> int:
    part = match.groupdict()
    if "name" not in part:
        return int(part["m"])
    if part["name"][:3].lower() not in _MONTHS:
        raise ValueError(f"{part['name']} is no month")
    return _MONTHS[part["name"][:3].lower()]


def _of_number(value: float) -> datetime | None:
    """Digits as 20240131 or a year; else Unix time in seconds, milliseconds or microseconds, by its size."""
    if value == int(value):
        if 19000101 <= value <= 21001231:
            return datetime.strptime(str(int(value)), "%Y%m%d")
        if 1900 <= value <= 2100:
            return datetime(int(value), 1, 1)
    for largest, unit in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6)):
        if 1e8 <= abs(value) / unit < 1e11 and abs(value) < largest:
            return _EPOCH + timedelta(seconds=value / unit)
    return None


def _with_digits(text: str) -> str:
    """Chinese numerals of a date as digits: 二〇二四年十二月 becomes 2024年12月."""
    text = text.translate(_NUMERALS)
    return _TENS.sub(lambda match: str(int(match[1] or 1) * 10 + int(match[2] or 0)), text)


def _microseconds(when: datetime) -> int:
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (when - _EPOCH) // timedelta(microseconds=1)

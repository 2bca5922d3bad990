"""What a person sees in a cell, from what is stored: Excel keeps a date as a number of days, and `007` as 7 with a format.

Numbers come whole, whatever their format rounds away; only zeros in front, dates and times are shown as the format says.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal, NamedTuple

Shows = Literal["number", "date", "time", "datetime", "duration"]

EXACT_DIGITS = 15
"""Excel keeps no more digits of a number; the others were lost when it was typed."""


class Format(NamedTuple):
    """How the cells of one style are shown."""

    shows: Shows = "number"
    zeros: int = 0
    """Digits that a whole number is filled up to with zeros."""


_BUILT_IN: dict[int, Shows] = {
    **dict.fromkeys([14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58], "date"),
    **dict.fromkeys([18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56], "time"),
    22: "datetime",
    46: "duration",
}  # fmt: skip
"""Formats that have a number instead of a text; those from 27 are of Chinese and Japanese editions."""

_NO_PART = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_WHOLE = re.compile(r"-?\d+$")


def format_of(number: int, code: str | None) -> Format:
    """What a number format shows, by its code, or by its number where it has none."""
    if code is None:
        return Format(_BUILT_IN.get(number, "number"))
    plain = _NO_PART.sub("", code.split(";")[0]).lower()
    if re.fullmatch("0{2,}", plain):
        return Format("number", len(plain))
    if "general" in plain or not re.search("[ymdhs年月日时時分秒]", plain):
        return Format()
    if re.search(r"\[(h+|m+|s+)\]", plain):
        return Format("duration")
    has_date = bool(re.search("[yd年日]", plain)) or ("m" in plain and not re.search("[hs]", plain))
    has_time = bool(re.search("[hs时時秒]", plain))
    return Format("datetime" if has_date and has_time else "date" if has_date else "time")


def number_text(stored: str, shown: Format, *, since_1904: bool) -> str:
    """The text of a cell that is stored as a number. Raises ValueError if it is none, or no date that there can be."""
    if shown.shows != "number":
        return _moment(float(stored), shown.shows, since_1904=since_1904)
    if _WHOLE.match(stored):
        digits = stored
    else:
        # Written with 17 digits, of which Excel shows and guarantees 15: .30000000000000004 is seen as .3.
        value = float(stored)
        digits = str(int(value)) if value.is_integer() and abs(value) < 1e21 else f"{value:.{EXACT_DIGITS}g}"
    if shown.zeros and _WHOLE.match(digits):
        return digits.zfill(shown.zeros + digits.startswith("-"))
    return digits


def has_lost_digits(text: str) -> bool:
    """Whether a whole number is longer than Excel can keep: its last digits need not be those that were typed."""
    return len(text.lstrip("-")) > EXACT_DIGITS and bool(_WHOLE.match(text)) and not text.lstrip("-").startswith("0")


def _moment(days: float, shows: Shows, *, since_1904: bool) -> str:
    """A number of days as ISO text."""
    if not 0 <= days < 2_958_466:
        raise ValueError(f"{days:g} is no date")
    milliseconds = round(days * 86_400_000)
    if shows == "duration":
        seconds = round(milliseconds / 1000)
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    if not since_1904 and 60 <= days < 61 and shows != "time":
        return "1900-02-29"  # Excel has this day, the calendar does not
    first = dt.datetime(1904, 1, 1) if since_1904 else dt.datetime(1899, 12, 30 if days >= 60 else 31)
    moment = first + dt.timedelta(milliseconds=milliseconds)
    if shows == "time" and days < 1:
        return moment.time().isoformat()
    if shows == "date" and moment.time() == dt.time():
        return moment.date().isoformat()
    return moment.isoformat()

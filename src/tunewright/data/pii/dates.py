"""Days that exist."""

from __future__ import annotations

import datetime

FIRST_YEAR, LAST_YEAR = 1900, 2049
"""Years in which a living person can be born, with room; no clock, so that a text always gives the same answer."""


def is_day(year: int, month: int, day: int) -> bool:
    """Whether there is such a day and a living person may be born on it."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return False
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def is_short_day(year: int, month: int, day: int) -> bool:
    """Whether a year of two digits, a month and a day are a day in either century."""
    return is_day(1900 + year, month, day) or is_day(2000 + year, month, day)

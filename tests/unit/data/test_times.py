from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunewright.data.marks import UNDATED
from tunewright.data.times import TimeReader


def read(*cells: object) -> list[datetime | None]:
    reader = TimeReader()
    reader.look(cells)
    found = reader.times(cells)
    assert found.dtype == np.int64
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return [None if time == UNDATED else start + timedelta(microseconds=int(time)) for time in found.tolist()]


DAY = datetime(2024, 1, 31, tzinfo=UTC)
AFTERNOON = datetime(2024, 1, 31, 15, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-31", "20240131", 20240131, "2024/1/31", "2024.01.31", "31.01.2024", "31/01/2024", "1/31/2024",
        "31 Jan 2024", "31-Jan-2024", "Jan 31, 2024", "January 31st, 2024", "2024年1月31日", "2024年01月31号",
        "２０２４年１月３１日", "二〇二四年一月三十一日", "2024年1月31日 星期三", "31.1.24", date(2024, 1, 31), 1706659200,
        "1706659200", "1706659200000", 1706659200000.0,
    ],
)  # fmt: skip
def test_a_day_is_read_in_each_way_of_writing_it(cell: object) -> None:
    assert read(cell) == [DAY]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-01-31T15:05", "2024-01-31T15:05:00Z", "2024-01-31 15:05:00+00:00", "2024-01-31T16:05:00+01:00",
        "2024/01/31 15:05", "1/31/2024 3:05 PM", "31.01.2024 15:05", "Jan 31, 2024 3:05 pm", "2024年1月31日下午3点05分",
        "2024年1月31日 15:05", "2024年1月31日15时05分", "2024年1月31日 下午 3:05:00", "Wed, 31 Jan 2024 15:05:00 +0000",
        "2024/1/31 23:05 +0800", datetime(2024, 1, 31, 16, 5, tzinfo=timezone(timedelta(hours=1))),
    ],
)  # fmt: skip
def test_a_time_is_read_in_each_way_of_writing_it(cell: object) -> None:
    assert read(cell) == [AFTERNOON]


@pytest.mark.parametrize(
    "cell",
    ["", None, "soon", "昨天", "2024-13-01", "31/31/2024", "99", 5, True, "2024年13月1日", "12:30", "v1.2.3", "nan"],
)
def test_what_is_no_date_is_undated(cell: object) -> None:
    assert read(cell) == [None]


def test_one_sure_cell_decides_for_the_column_whether_the_day_comes_first() -> None:
    assert read("03/04/2024", "25/04/2024")[0] == datetime(2024, 4, 3, tzinfo=UTC)
    assert read("03/04/2024", "04/25/2024")[0] == datetime(2024, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["2024-01-31"], ""),
        (["03/04/2024"], "month first is assumed"),
        (["03/04/2024", "25/04/2024"], "day first: 1 of them"),
        (["03/04/2024", "04/25/2024"], "month first: 1 of them"),
        (["03/04/2024", "25/04/2024", "04/25/2024"], "say both"),
    ],
)
def test_what_was_decided_about_day_and_month_is_said(cells: list[str], said: str) -> None:
    reader = TimeReader()
    reader.look(cells)
    assert said in reader.reason
    assert bool(said) is bool(reader.reason)


@given(
    st.one_of(
        st.text(), st.floats(), st.integers(), st.none(), st.text("0123456789/-.年月日十二〇: apmAPM", max_size=20)
    )
)
def test_no_cell_is_an_error(cell: object) -> None:
    read(cell)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1))
)
def test_order_is_kept(one: datetime, other: datetime) -> None:
    first, second = read(one.isoformat(), other.strftime("%Y年%m月%d日 %H:%M:%S"))
    assert first is not None
    assert second is not None
    assert (first < second) == (one < other.replace(microsecond=0))

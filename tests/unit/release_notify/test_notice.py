"""Working days of England and Wales, against counting them one by one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from release_notify.calendar import england_and_wales, today
from release_notify.domain.notice import (
    is_working_day,
    last_day_within,
    previous_working_day,
    working_days,
    working_days_before,
)

days = st.dates(date(2020, 1, 1), date(2032, 12, 31))


def counted(start: date, end: date) -> int:
    found = 0
    while start < end:
        found += start.weekday() not in (5, 6) and start not in england_and_wales(start.year)
        start += timedelta(days=1)
    return found


@given(days, st.integers(-10, 900))
def test_working_days_are_those_one_would_count(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    assert working_days(start, end, england_and_wales) == counted(start, end)


@given(days, st.integers(1, 12))
def test_going_back_n_working_days_leaves_n_of_notice(due: date, count: int) -> None:
    start = working_days_before(due, count, england_and_wales)
    assert is_working_day(start, england_and_wales)
    assert working_days(start, due, england_and_wales) == count


@given(days, st.integers(0, 12))
def test_the_last_day_within_is_the_last_with_less_notice(start: date, below: int) -> None:
    last = last_day_within(start, below, england_and_wales)
    assert working_days(start, last, england_and_wales) < max(below, 1)
    assert working_days(start, last + timedelta(days=1), england_and_wales) >= below


@pytest.mark.parametrize(
    "holiday", ["2022-09-19", "2023-04-07", "2023-04-10", "2023-05-08", "2024-12-25", "2021-12-28", "2026-08-31"]
)
def test_the_bank_holidays_of_england_and_wales_are_no_working_days(holiday: str) -> None:
    assert not is_working_day(date.fromisoformat(holiday), england_and_wales)


@pytest.mark.parametrize("scottish", ["2023-01-02", "2026-01-02", "2026-11-30"])
def test_holidays_of_other_nations_alone_are_working_days(scottish: str) -> None:
    day = date.fromisoformat(scottish)
    assert is_working_day(day, england_and_wales) == (scottish != "2023-01-02")


def test_easter_has_four_days_off() -> None:
    assert previous_working_day(date(2023, 4, 11), england_and_wales) == date(2023, 4, 6)
    assert working_days(date(2023, 4, 6), date(2023, 4, 11), england_and_wales) == 1


def test_the_day_is_the_day_in_london() -> None:
    assert today(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)) == date(2026, 7, 2)
    assert today(datetime(2026, 1, 1, 23, 30, tzinfo=UTC)) == date(2026, 1, 1)

"""Working days: Monday to Friday less the bank holidays. Notice counts today and stops before the day of release.

A calendar is a function from a year to its bank holidays, so that no rule here depends on where holidays come from.
"""

from collections.abc import Callable
from datetime import date, timedelta

Holidays = Callable[[int], frozenset[date]]
"""A year -> the bank holidays in it (Christmas Day and Good Friday among them)."""

DAY = timedelta(days=1)
SATURDAY = 5


def is_holiday(day: date, holidays: Holidays) -> bool:
    return day in holidays(day.year)


def is_working_day(day: date, holidays: Holidays) -> bool:
    return day.weekday() < SATURDAY and day not in holidays(day.year)


def working_days(start: date, end: date, holidays: Holidays) -> int:
    """How many working days d have start <= d < end; 0 when end is not after start."""
    if end <= start:
        return 0
    weeks, rest = divmod((end - start).days, 7)
    weekdays = weeks * 5 + sum((start.weekday() + i) % 7 < SATURDAY for i in range(rest))
    lost = sum(
        start <= day < end and day.weekday() < SATURDAY
        for year in range(start.year, end.year + 1)
        for day in holidays(year)
    )
    return weekdays - lost


def previous_working_day(day: date, holidays: Holidays) -> date:
    """The nearest working day before `day`."""
    day -= DAY
    while not is_working_day(day, holidays):
        day -= DAY
    return day


def working_days_before(day: date, count: int, holidays: Holidays) -> date:
    """The latest working day from which `working_days(it, day)` is `count`."""
    for _ in range(count):
        day = previous_working_day(day, holidays)
    return day


def last_day_within(today: date, below: int, holidays: Holidays) -> date:
    """The last day of release that has fewer than `below` working days of notice from `today`; before today if none."""
    day, left = today, below - 1
    if below <= 0:
        return today - DAY
    while left > 0 or not is_working_day(day, holidays):
        left -= is_working_day(day, holidays)
        day += DAY
    return day

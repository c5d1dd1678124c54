"""Working days and hours of England and Wales. Pure: the holidays are an argument."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")

Holidays = Callable[[int], frozenset[date]]
"""A year -> its bank holidays."""

_DAY = timedelta(days=1)


def is_working_day(day: date, holidays: Holidays) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year)


def working_day_from(day: date, holidays: Holidays) -> date:
    """The day itself, or the next one on which people work."""
    while not is_working_day(day, holidays):
        day += _DAY
    return day


def add_working_days(day: date, count: int, holidays: Holidays) -> date:
    """`count` working days after `day`, before it where `count` is negative."""
    step = _DAY if count >= 0 else -_DAY
    left = abs(count)
    while left:
        day += step
        left -= is_working_day(day, holidays)
    return day


def working_days_between(first: date, last: date, holidays: Holidays) -> int:
    """Working days in [first, last)."""
    return sum(is_working_day(first + n * _DAY, holidays) for n in range(max(0, (last - first).days)))


def at(day: date, clock: time) -> datetime:
    """That time of day in London."""
    return datetime.combine(day, clock, tzinfo=LONDON)


def came_in_on(moment: datetime, closes: time, holidays: Holidays) -> date:
    """The working day on which something came in: after hours, the next one."""
    local = moment.astimezone(LONDON)
    day = local.date() if local.time() < closes else local.date() + _DAY
    return working_day_from(day, holidays)

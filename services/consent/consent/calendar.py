"""Working days of England and Wales, for reviews that are due within one."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import holidays

from consent.domain.policy import UK


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _bank_holidays(day.year)


def next_working_day(moment: datetime) -> datetime:
    """The same time of day on the next working day after `moment`, in England and Wales; told in UTC."""
    local = moment.astimezone(UK)
    day = local.date() + timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    due = datetime.combine(day, time(local.hour, local.minute, local.second, local.microsecond), tzinfo=UK)
    return due.astimezone(UTC)

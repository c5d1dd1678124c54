"""The bank holidays of England and Wales, and what day it is there."""

from datetime import date, datetime
from functools import cache

import holidays

from referral.domain.working_time import LONDON


@cache
def england_and_wales(year: int) -> frozenset[date]:
    """Bank holidays, Christmas Day and Good Friday of one year (GOV.UK list, by the library `holidays`)."""
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def today(now: datetime) -> date:
    """The date in London at the instant `now`."""
    return now.astimezone(LONDON).date()

"""Days and moments at the ends of the calendar: refused or counted, and never a fault."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from consent.calendar import next_working_day
from consent.domain.consents import given_and_valid
from contracts.event import Instant

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment",
    ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "1900-01-01T00:00:00+01:00"],
)
def test_an_instant_is_one_in_utc_too(moment: str) -> None:
    with pytest.raises(ValidationError, match="of the years 1900 to 9999 in UTC"):
        TypeAdapter(Instant).validate_python(moment)


def test_a_consent_that_begins_at_the_end_of_time_is_valid_for_as_long_as_there_is() -> None:
    begins, ends = date(9999, 6, 1), date(9999, 12, 31)
    _, since, until = given_and_valid(given_at=None, valid_from=begins, valid_until=ends, now=NOW)
    assert until - since < timedelta(days=365)


def test_a_review_is_due_at_the_same_time_of_day_in_summer_too_and_is_told_in_utc() -> None:
    friday = datetime(2026, 7, 3, 9, 30, tzinfo=UTC)
    assert next_working_day(friday).isoformat() == "2026-07-06T09:30:00+00:00"
    before_the_clocks_change = datetime(2026, 10, 23, 9, 30, tzinfo=UTC)
    assert next_working_day(before_the_clocks_change).isoformat() == "2026-10-26T10:30:00+00:00"

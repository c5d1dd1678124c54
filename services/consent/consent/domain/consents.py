"""The rules of recording a consent. Each refusal names its field and rule; nothing that was said is repeated."""

from datetime import MAXYEAR, UTC, date, datetime, timedelta

from consent.domain.policy import midnight
from contracts.errors import Invalid

LONGEST_MONTHS = 12
WRITTEN_ONLY = frozenset({"mental-health-treatment-requirement", "mtr"})
"""Statements of a mental-health treatment requirement."""


class NoCapacity(Invalid):
    """Without capacity nobody's consent can be recorded: it is for a best-interests decision, not for this."""

    code = "no-capacity"


class TooLong(Invalid):
    """A consent is valid for at most 12 months; it can be renewed."""

    code = "valid-too-long"


class EndsBeforeItBegins(Invalid):
    """valid_until is after valid_from."""

    code = "valid-until-not-after-valid-from"


class AlreadyOver(Invalid):
    """valid_until has passed."""

    code = "already-expired"


class NeedsWriting(Invalid):
    """A consent to a mental-health treatment requirement is written."""

    code = "written-consent-required"


class GivenInTheFuture(Invalid):
    """A consent was given before it is recorded."""

    code = "given-in-future"


def instant_of(moment: datetime | date) -> datetime:
    """A day is its beginning in England and Wales."""
    return moment if isinstance(moment, datetime) else midnight(moment).astimezone(UTC)


def given_and_valid(
    *,
    given_at: datetime | None,
    valid_from: datetime | date | None,
    valid_until: datetime | date,
    now: datetime,
) -> tuple[datetime, datetime, datetime]:
    """When the person spoke, and from when until when it counts. What counts from the past was said by then.

    Raises GivenInTheFuture, EndsBeforeItBegins, AlreadyOver, TooLong.
    """
    if given_at is not None and given_at > now + timedelta(minutes=5):
        raise GivenInTheFuture(pointer="/given_at")
    said = now if given_at is None else min(given_at, now)
    today = now.astimezone(midnight(now.date()).tzinfo).date()
    since = said
    if valid_from is not None and valid_from != today:
        since = instant_of(valid_from)
        said = min(said, since)
    until = instant_of(valid_until)
    ensure_not_over(since, until, now=now)
    if until > _months_after(max(since, said), LONGEST_MONTHS):
        raise TooLong(pointer="/valid_until")
    return said, since, until


def ensure_not_over(valid_from: datetime, valid_until: datetime | None, *, now: datetime) -> None:
    """Raises EndsBeforeItBegins or AlreadyOver: what never counts is not recorded as if it did."""
    if valid_until is not None and valid_until <= valid_from:
        raise EndsBeforeItBegins(pointer="/valid_until")
    if valid_until is not None and valid_until <= now:
        raise AlreadyOver(pointer="/valid_until")


def ensure_recordable(*, has_capacity: bool, how: str, statement: str) -> None:
    """Raises NoCapacity or NeedsWriting."""
    if not has_capacity:
        raise NoCapacity(pointer="/has_capacity")
    if statement.lower() in WRITTEN_ONLY and how != "written":
        raise NeedsWriting(pointer="/how")


def _months_after(moment: datetime, months: int) -> datetime:
    """The same day so many months later, to its end; 29 February counts as 1 March. No day is later than the last."""
    year, month = divmod(moment.month - 1 + months, 12)
    if moment.year + year >= MAXYEAR:
        return datetime.max.replace(tzinfo=moment.tzinfo)
    try:
        later = moment.replace(year=moment.year + year, month=month + 1)
    except ValueError:
        later = moment.replace(year=moment.year + year, month=month + 2, day=1)
    return later + timedelta(days=1)

"""What every event has in common: a type, a topic, a key. Closed for producers, tolerant for consumers."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from contracts.topics import Topic

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
"""What is said to be before is the zero of a clock or a slip; and days before year 1 cannot be reckoned with."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NEAR = re.compile(r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}")


def _bare(value: object) -> object:
    if not isinstance(value, date) and not (isinstance(value, str) and _DAY.fullmatch(value)):
        raise ValueError("a day is YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_bare)]
"""A calendar day. A number of seconds is none, nor is the midnight of a time."""


def iso_date(value: object) -> date:
    """A calendar date of 1900 to 2199 from `YYYY-MM-DD`, spaces around it forgiven; ValueError for anything else."""
    if isinstance(value, date):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not _NEAR.fullmatch(text):
        raise ValueError("a date is YYYY-MM-DD")
    return date.fromisoformat(text)


NearDay = Annotated[date, BeforeValidator(iso_date)]
"""A day that is reckoned with, as `iso_date` reads it."""


def _spelled(value: object) -> object:
    if not isinstance(value, datetime) and not (isinstance(value, str) and _DAY.match(value)):
        raise ValueError("an instant is a day, a time and its offset, as in ISO 8601")
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant carries its offset")
    try:
        moment = value.astimezone(UTC)
    except OverflowError:
        moment = None
    if moment is None or moment < EARLIEST:
        raise ValueError("an instant is of the years 1900 to 9999 in UTC")
    return moment


Instant = Annotated[datetime, BeforeValidator(_spelled), AfterValidator(_aware)]
"""A moment, given with whatever offset, kept and told in UTC: one moment has one spelling, and a number is none."""

JsonObject = dict[str, Any]

MIB = 1024 * 1024


class Part(BaseModel):
    """A part of an event. Unknown fields are dropped when read, and refused by the published schema when written."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class EventData(Part):
    """The data of one event. Subclasses set TYPE (`release.date-changed.v1`), TOPIC and KEY (the key's field)."""

    TYPE: ClassVar[str]
    TOPIC: ClassVar[Topic]
    KEY: ClassVar[str] = "person_id"
    ID: ClassVar[str | None] = None
    """The field that is also the event's id; None where the event has no other name."""
    MAX_BYTES: ClassVar[int] = 12 * MIB
    """What its data weighs at most. A message takes 16 MiB, and what is made of an event further on holds it and more:
    an offer is lighter than this, the share log's batch heavier."""

    @property
    def key(self) -> str:
        """The opaque id that names this event's stream within its topic."""
        return str(getattr(self, self.KEY))

    @property
    def event_id(self) -> str | None:
        return str(getattr(self, self.ID)) if self.ID else None

"""What every event has in common: a type, a topic, a key. Closed for producers, tolerant for consumers."""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from contracts.topics import Topic


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("an instant carries its offset")
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant is between the years 1 and 9999 in UTC") from None
    return value


Instant = Annotated[datetime, AfterValidator(_aware)]
"""A moment, always with an offset."""

JsonObject = dict[str, Any]


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

    @property
    def key(self) -> str:
        """The opaque id that names this event's stream within its topic."""
        return str(getattr(self, self.KEY))

    @property
    def event_id(self) -> str | None:
        return str(getattr(self, self.ID)) if self.ID else None

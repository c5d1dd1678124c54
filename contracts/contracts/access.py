"""Events of the gateways: who looked, and what was delivered."""

from typing import ClassVar

from contracts.event import EventData, Instant, Part
from contracts.topics import Topic


class AccessEvent(EventData):
    TOPIC: ClassVar = Topic.ACCESS_EVENTS
    KEY: ClassVar = "agency"


class AccessRecordedV1(AccessEvent):
    """An agency read something about a person, or listed. `route` is a template, never a path with values."""

    TYPE: ClassVar = "access.recorded.v1"

    access_id: str
    agency: str
    member: str | None = None
    route: str
    person_id: str | None = None
    count: int | None = None
    at: Instant


class Delivery(Part):
    share_id: str
    delivered_at: Instant | None = None
    acknowledged_at: Instant | None = None


class DeliveryRecordedV1(AccessEvent):
    """Feed items went out to an agency for the first time, or it acknowledged them."""

    TYPE: ClassVar = "delivery.recorded.v1"

    agency: str
    deliveries: tuple[Delivery, ...]
    at: Instant


EVENTS = (AccessRecordedV1, DeliveryRecordedV1)

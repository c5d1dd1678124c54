"""HMPPS domain events, bare or in their SNS envelope, read into one flat shape.

The event's id is the UUIDv5 of the inner message's bytes: published messages share an SNS MessageId and differ, and
one message may come in several envelopes. The prison number is keyed four ways by different producers.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha1
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from contracts.caseload import EVERY_PRISON
from contracts.errors import Invalid
from contracts.event import EARLIEST
from contracts.text import DETAIL, is_storable, read_json, unstorable

NAMESPACE = UUID("6f1c0e6a-3f0b-5d59-9d0e-3b6a5b0d7c11")
"""Fixed for ever: another value would make every redelivered message a new one."""

NUMBER_KEYS = ("nomsNumber", "prisonerId", "offenderNo", "prisonerNumber")
LONDON = ZoneInfo("Europe/London")


class HmppsKind(StrEnum):
    RECEIVED = "received"
    RELEASED = "released"
    MERGED = "merged"
    BOOKING_MOVED = "booking-moved"
    SENTENCE_DATES_CHANGED = "sentence-dates-changed"


KINDS: dict[str, HmppsKind] = {
    "prison-offender-events.prisoner.received": HmppsKind.RECEIVED,
    "prison-offender-events.prisoner.released": HmppsKind.RELEASED,
    "prison-offender-events.prisoner.merged": HmppsKind.MERGED,
    "prison-offender-events.prisoner.booking.moved": HmppsKind.BOOKING_MOVED,
    "prison-offender-events.prisoner.sentence-dates-changed": HmppsKind.SENTENCE_DATES_CHANGED,
    "sentence-dates-changed": HmppsKind.SENTENCE_DATES_CHANGED,
}
"""By event type in lower case with `_` as `-` (the older prison events are SENTENCE_DATES-CHANGED)."""


class MalformedHmppsEvent(Invalid):
    """The message is no HMPPS domain event."""

    code: ClassVar[str] = "malformed-hmpps-event"


class NotJson(MalformedHmppsEvent):
    """What came is not even JSON."""


class NotYourPrison(Invalid):
    """The message is about another prison than the caller."""

    code: ClassVar[str] = "not-your-prison"


@dataclass(frozen=True)
class HmppsEvent:
    """One domain event. Numbers and codes are as sent, trimmed; the reader checks them. `occurred_at` has an offset."""

    event_id: str
    kind: HmppsKind
    event_type: str
    occurred_at: datetime
    prison_number: str | None
    removed_number: str | None = None
    moved_from: str | None = None
    moved_to: str | None = None
    booking_started_at: datetime | None = None
    prison_id: str | None = None
    reason: str | None = None
    movement_reason_code: str | None = None


def event_id_of(inner: bytes) -> str:
    """UUIDv5 of the inner message's bytes."""
    return str(UUID(bytes=sha1(NAMESPACE.bytes + inner, usedforsecurity=False).digest()[:16], version=5))


def parse(raw: bytes) -> HmppsEvent | None:
    """The event in `raw` (an SNS notification or the bare event, JSON in UTF-8); MalformedHmppsEvent if it is neither.

    None for a type that is not used, whatever else it holds: its producer may change it at will.
    """
    inner = unwrap(raw)
    body = _object(inner)
    event_type = body.get("eventType")
    if not isinstance(event_type, str) or not event_type.strip():
        raise MalformedHmppsEvent("eventType is missing", pointer="/eventType")
    kind = KINDS.get(event_type.strip().lower().replace("_", "-"))
    if kind is None:
        return None
    if unstorable(body) is not None:
        raise MalformedHmppsEvent(DETAIL)
    info = body.get("additionalInformation")
    if not isinstance(info, dict):
        info = {}
    event = HmppsEvent(
        event_id=event_id_of(inner),
        kind=kind,
        event_type=event_type.strip(),
        occurred_at=_instant(body.get("occurredAt") or body.get("eventDatetime"), "/occurredAt"),
        prison_number=_number(info) or _number(body) or _from_reference(body),
        removed_number=_text(info, "removedNomsNumber"),
        moved_from=_text(info, "movedFromNomsNumber"),
        moved_to=_text(info, "movedToNomsNumber"),
        booking_started_at=_optional_instant(info, "bookingStartDateTime"),
        prison_id=_text(info, "prisonId"),
        reason=_text(info, "reason"),
        movement_reason_code=_text(info, "nomisMovementReasonCode"),
    )
    _ensure_complete(event)
    return event


def ensure_speaks_for(event: HmppsEvent, own_code: str | None) -> None:
    """A message that names its prison comes from there, or from the national feed. Raises NotYourPrison."""
    if event.prison_id is not None and own_code not in {EVERY_PRISON, event.prison_id}:
        raise NotYourPrison(pointer="/additionalInformation/prisonId")


def unwrap(raw: bytes) -> bytes:
    """The inner message's bytes: the `Message` of an SNS notification, or `raw` itself."""
    outer = _object(raw)
    message = outer.get("Message")
    if message is None or "eventType" in outer:
        return raw
    if not isinstance(message, str):
        raise MalformedHmppsEvent("Message is not text", pointer="/Message")
    if not is_storable(message):
        raise MalformedHmppsEvent(DETAIL, pointer="/Message")
    return message.encode()


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = read_json(raw)
    except (ValueError, RecursionError):
        raise NotJson("the message is not JSON") from None
    if not isinstance(value, dict):
        raise MalformedHmppsEvent("the message is not a JSON object")
    return value


def _ensure_complete(event: HmppsEvent) -> None:
    if event.kind is HmppsKind.BOOKING_MOVED:
        if not (event.moved_from and event.moved_to):
            raise MalformedHmppsEvent("a moved booking names both numbers", pointer="/additionalInformation")
    elif not event.prison_number:
        raise MalformedHmppsEvent("the prison number is missing", pointer="/additionalInformation/nomsNumber")
    elif event.kind is HmppsKind.MERGED and not event.removed_number:
        raise MalformedHmppsEvent("the removed number is missing", pointer="/additionalInformation/removedNomsNumber")
    elif event.kind in {HmppsKind.RECEIVED, HmppsKind.RELEASED} and not event.prison_id:
        raise MalformedHmppsEvent("the prison's code is missing", pointer="/additionalInformation/prisonId")


def _number(fields: dict[str, Any]) -> str | None:
    return next((value for key in NUMBER_KEYS if (value := _text(fields, key))), None)


def _from_reference(body: dict[str, Any]) -> str | None:
    reference = body.get("personReference")
    identifiers = reference.get("identifiers") if isinstance(reference, dict) else None
    for identifier in identifiers if isinstance(identifiers, list) else ():
        if isinstance(identifier, dict) and identifier.get("type") == "NOMS":
            return _text(identifier, "value")
    return None


def _text(fields: dict[str, Any], key: str) -> str | None:
    value = fields.get(key)
    return value.strip() or None if isinstance(value, str) else None


def _optional_instant(fields: dict[str, Any], key: str) -> datetime | None:
    return None if fields.get(key) is None else _instant(fields[key], f"/additionalInformation/{key}")


def _instant(value: object, pointer: str) -> datetime:
    """An ISO 8601 instant; one without an offset is local time of England and Wales, as NOMIS writes it."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise MalformedHmppsEvent("a time is missing or malformed", pointer=pointer)
    found = found if found.tzinfo else found.replace(tzinfo=LONDON)
    try:
        moment = found.astimezone(UTC)
    except OverflowError:
        moment = None
    if moment is None or moment < EARLIEST:
        raise MalformedHmppsEvent("a time is before 1900 or after 9999", pointer=pointer)
    return moment

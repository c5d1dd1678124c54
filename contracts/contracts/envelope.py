"""CloudEvents 1.0 in Kafka binary mode: attributes in `ce_*` headers, the data alone as the value.

`ce_subject` and the message key are the same opaque id; `ce_streamversion` is the gapless version of the stream
(topic, key); `traceparent` is the distributed-tracing extension. Golden bytes: tests/contract/test_envelope.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from contracts.errors import Invalid
from contracts.event import EventData
from contracts.registry import EVENTS
from contracts.text import is_storable

Headers = tuple[tuple[str, bytes], ...]
JSON = b"application/json"
MAX_VERSION = 2**63 - 1
MAX_LENGTH = 500
"""Of an attribute and of a key, in characters: what a reader can keep, and look up by. Ours are far shorter."""


class Unreadable(Invalid):
    """The message is no CloudEvent of this system."""

    code = "unreadable-message"


@dataclass(frozen=True)
class Envelope:
    """The attributes of one event. `time` is when it was written, with offset; `version` counts its stream from 1."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    version: int
    traceparent: str | None = None


def to_headers(envelope: Envelope) -> Headers:
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", envelope.type.encode()),
        ("ce_subject", envelope.subject.encode()),
        ("ce_time", envelope.time.isoformat().encode()),
        ("ce_streamversion", str(envelope.version).encode()),
        ("content-type", JSON),
    ]
    if envelope.traceparent:
        headers.append(("ce_traceparent", envelope.traceparent.encode()))
    return tuple(headers)


def from_headers(headers: Iterable[tuple[str, bytes]]) -> Envelope:
    """The envelope, or Unreadable naming the first attribute that is missing or malformed."""
    found = dict(headers)

    def text(name: str) -> str:
        return readable(found.get(name), name)

    if text("ce_specversion") != "1.0":
        raise Unreadable("ce_specversion is not 1.0")
    try:
        version = int(text("ce_streamversion"))
        time = datetime.fromisoformat(text("ce_time"))
    except ValueError:
        raise Unreadable("ce_streamversion or ce_time is malformed") from None
    if not 1 <= version <= MAX_VERSION or time.tzinfo is None:
        raise Unreadable("ce_streamversion is out of bounds or ce_time lacks an offset")
    return Envelope(
        id=text("ce_id"),
        source=text("ce_source"),
        type=text("ce_type"),
        subject=text("ce_subject"),
        time=time,
        version=version,
        traceparent=_traceparent(found.get("ce_traceparent")),
    )


def readable(value: bytes | None, name: str) -> str:
    """The text of a header or a key. Raises Unreadable unless it is one that can be kept."""
    try:
        text = (value or b"").decode()
    except UnicodeDecodeError:
        raise Unreadable(f"{name} is not UTF-8") from None
    if not 0 < len(text) <= MAX_LENGTH or not is_storable(text):
        raise Unreadable(f"{name} is missing, too long, or holds a NUL character")
    return text


def _traceparent(value: bytes | None) -> str | None:
    """Tracing is a help: one that cannot be read is no reason to wait."""
    try:
        return readable(value, "ce_traceparent")
    except Unreadable:
        return None


def decode(envelope: Envelope, value: bytes) -> EventData | None:
    """The typed data; None for a type this version does not know. Raises pydantic.ValidationError on malformed data."""
    event = EVENTS.get(envelope.type)
    return event.model_validate_json(value) if event else None

"""The envelope's golden bytes: what stands on the wire may not change, whoever reads it."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from pydantic import ValidationError

from chassis.broker import MAX_MESSAGE_BYTES
from contracts.caseload import PersonMergedV1
from contracts.decisions import OfferDecidedV1
from contracts.envelope import Envelope, Headers, Unreadable, decode, from_headers, to_headers
from contracts.event import EventData
from contracts.log import LogAppendedV1
from contracts.log_leaf import MAX_LEAF_BYTES
from contracts.offers import OfferMadeV1
from contracts.registry import EVENTS

ENVELOPE = Envelope(
    id="0192f1a4-6c00-7000-8000-000000000001",
    source="caseload",
    type="person.merged.v1",
    subject="0192f1a4-6c00-7000-8000-000000000101",
    time=datetime(2026, 11, 2, 10, 14, 1, 250_000, tzinfo=UTC),
    version=42,
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)

GOLDEN: Headers = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"0192f1a4-6c00-7000-8000-000000000001"),
    ("ce_source", b"caseload"),
    ("ce_type", b"person.merged.v1"),
    ("ce_subject", b"0192f1a4-6c00-7000-8000-000000000101"),
    ("ce_time", b"2026-11-02T10:14:01.250000+00:00"),
    ("ce_streamversion", b"42"),
    ("content-type", b"application/json"),
    ("ce_traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
)

BODY = b'{"merge_id":"m","kept_id":"k","removed_id":"r","at":"2026-11-02T10:14:00Z"}'


def replaced(name: str, value: bytes | None) -> Headers:
    kept = tuple(header for header in GOLDEN if header[0] != name)
    return kept if value is None else (*kept, (name, value))


def test_the_headers_are_these_bytes() -> None:
    assert to_headers(ENVELOPE) == GOLDEN
    assert from_headers(GOLDEN) == ENVELOPE


def test_without_a_trace_there_is_no_trace_header() -> None:
    assert "ce_traceparent" not in dict(to_headers(from_headers(replaced("ce_traceparent", None))))


def test_the_value_is_the_data_alone() -> None:
    event = PersonMergedV1(merge_id="m", kept_id="k", removed_id="r", at=datetime(2026, 11, 2, 10, 14, tzinfo=UTC))
    assert event.model_dump_json().encode() == BODY
    assert decode(ENVELOPE, BODY) == event


def test_headers_of_another_offset_name_the_same_moment() -> None:
    london = datetime(2026, 7, 2, 11, 14, tzinfo=timezone(timedelta(hours=1)))
    assert from_headers(replaced("ce_time", b"2026-07-02T10:14:00Z")).time == london


def test_a_type_of_the_future_is_none_and_not_an_error() -> None:
    assert decode(from_headers(replaced("ce_type", b"person.merged.v9")), b"{}") is None


def test_malformed_data_is_a_validation_error() -> None:
    with pytest.raises(ValidationError):
        decode(ENVELOPE, b'{"merge_id":"m"}')


@pytest.mark.parametrize("name", [name for name, _ in GOLDEN if name not in {"content-type", "ce_traceparent"}])
def test_a_missing_attribute_is_named(name: str) -> None:
    with pytest.raises(Unreadable, match=name):
        from_headers(replaced(name, None))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_specversion", b"0.3"),
        ("ce_id", b"\xff"),
        ("ce_id", b"\x00"),
        ("ce_type", b"t" * 501),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-11-02T10:14:00"),
        ("ce_streamversion", b"first"),
        ("ce_streamversion", b"0"),
        ("ce_streamversion", str(2**63).encode()),
    ],
)
def test_a_malformed_attribute_is_refused_and_not_repeated(name: str, value: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        from_headers(replaced(name, value))
    assert name in refused.value.detail
    assert value.decode(errors="replace") not in refused.value.detail.replace("ce_specversion is not 1.0", "")


def test_what_is_made_of_the_heaviest_event_is_not_too_heavy_itself() -> None:
    """A decision holds its offer's content, the log's entry that of the decision, with a leaf as text in JSON."""
    way: tuple[type[EventData], ...] = (OfferMadeV1, OfferDecidedV1, LogAppendedV1)
    for event, following in pairwise(way):
        assert event.MAX_BYTES + 8 * MAX_LEAF_BYTES < following.MAX_BYTES
    assert {event.MAX_BYTES for event in EVENTS.values()} == {event.MAX_BYTES for event in way}
    assert LogAppendedV1.MAX_BYTES + 64 * 1024 < MAX_MESSAGE_BYTES

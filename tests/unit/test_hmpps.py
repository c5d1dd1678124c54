"""HMPPS domain events: bare or enveloped, one id per message, four names for one number."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.hmpps import (
    KINDS,
    NUMBER_KEYS,
    HmppsKind,
    MalformedHmppsEvent,
    NotYourPrison,
    ensure_speaks_for,
    event_id_of,
    parse,
)

RECEIVED = "prison-offender-events.prisoner.received"


def raw(event_type: str = RECEIVED, at: Any = "2024-06-24T16:06:39+01:00", **info: Any) -> bytes:
    body = {"eventType": event_type, "occurredAt": at, "additionalInformation": info}
    return json.dumps({key: value for key, value in body.items() if value is not None}).encode()


def enveloped(inner: bytes, **more: Any) -> bytes:
    return json.dumps({"Type": "Notification", "MessageId": "same", "Message": inner.decode(), **more}).encode()


def test_an_envelope_adds_nothing() -> None:
    inner = raw(nomsNumber="A4092EA", prisonId="SWI")
    assert parse(inner) == parse(enveloped(inner)) == parse(enveloped(inner, Timestamp="later"))


def test_messages_that_differ_have_ids_that_differ_whatever_their_envelope_says() -> None:
    one, two = raw(nomsNumber="A4092EA", prisonId="SWI"), raw(nomsNumber="A4092EB", prisonId="SWI")
    ids = {parse(enveloped(each)).event_id for each in (one, two)}  # type: ignore[union-attr]
    assert len(ids) == 2
    assert all(UUID(each).version == 5 for each in ids)


@given(st.binary(), st.binary())
def test_the_id_is_a_function_of_the_bytes(one: bytes, other: bytes) -> None:
    assert (event_id_of(one) == event_id_of(other)) == (one == other)


@pytest.mark.parametrize("key", NUMBER_KEYS)
def test_each_of_the_four_keys_names_the_person(key: str) -> None:
    event = parse(raw(**{key: " A4092EA ", "prisonId": "SWI"}))
    assert event is not None
    assert event.prison_number == "A4092EA"


def test_the_person_reference_names_the_person_where_no_key_does() -> None:
    body = json.loads(raw(prisonId="SWI"))
    body["personReference"] = {"identifiers": [{"type": "NOMS", "value": "A4092EA"}]}
    event = parse(json.dumps(body).encode())
    assert event is not None
    assert event.prison_number == "A4092EA"


def test_times_are_told_in_utc_and_local_ones_are_of_england_and_wales() -> None:
    cases = {
        "2024-06-24T16:06:39+01:00": datetime(2024, 6, 24, 15, 6, 39, tzinfo=UTC),
        "2024-06-24T16:06:39": datetime(2024, 6, 24, 15, 6, 39, tzinfo=UTC),
        "2024-12-24T16:06:39": datetime(2024, 12, 24, 16, 6, 39, tzinfo=UTC),
    }
    for text, instant in cases.items():
        event = parse(raw(at=text, nomsNumber="A4092EA", prisonId="SWI"))
        assert event is not None
        assert (event.occurred_at, event.occurred_at.tzinfo) == (instant, UTC)


def test_types_of_either_style_are_known_and_others_are_none() -> None:
    older = parse(raw("SENTENCE_DATES-CHANGED", nomsNumber="A4092EA"))
    assert older is not None
    assert older.kind is HmppsKind.SENTENCE_DATES_CHANGED
    assert parse(raw("case-notes.note.created", at=None)) is None
    assert set(KINDS.values()) == set(HmppsKind)


def test_merges_and_moved_bookings_name_both_numbers() -> None:
    merged = parse(raw("prison-offender-events.prisoner.merged", nomsNumber="A1234AA", removedNomsNumber="B1234BB"))
    moved = parse(
        raw(
            "prison-offender-events.prisoner.booking.moved",
            movedFromNomsNumber="A1234AA",
            movedToNomsNumber="B1234BB",
            bookingStartDateTime="2024-01-01T00:00:00",
        )
    )
    assert merged is not None
    assert moved is not None
    assert (merged.prison_number, merged.removed_number) == ("A1234AA", "B1234BB")
    assert (moved.moved_from, moved.moved_to) == ("A1234AA", "B1234BB")
    assert moved.booking_started_at is not None


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"{}",
        b'{"eventType": 7}',
        b'{"Message": {"eventType": "x"}}',
        b'{"Message": "not json"}',
        raw(prisonId="SWI"),
        raw(nomsNumber="A4092EA"),
        raw(nomsNumber=["A4092EA"], prisonId="SWI"),
        raw(at="yesterday", nomsNumber="A4092EA", prisonId="SWI"),
        raw(at=None, nomsNumber="A4092EA", prisonId="SWI"),
        raw("prison-offender-events.prisoner.merged", nomsNumber="A1234AA"),
        raw("prison-offender-events.prisoner.booking.moved", movedFromNomsNumber="A1234AA"),
    ],
)
def test_what_is_no_event_is_refused_without_echo(message: bytes) -> None:
    with pytest.raises(MalformedHmppsEvent) as refused:
        parse(message)
    assert "A4092EA" not in refused.value.detail


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_no_calendar_holds_is_refused(at: str) -> None:
    with pytest.raises(MalformedHmppsEvent):
        parse(raw(at=at, nomsNumber="A4092EA", prisonId="SWI"))


@pytest.mark.parametrize("text", ["\x00", "\ud800"])
def test_text_that_cannot_be_stored_is_refused_inside_an_envelope_too(text: str) -> None:
    inner = raw(nomsNumber="A4092EA", prisonId="SWI", nomisMovementReasonCode=text)
    for each in (inner, enveloped(inner)):
        with pytest.raises(MalformedHmppsEvent):
            parse(each)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_a_message_in_another_encoding_than_utf_8_is_refused(encoding: str) -> None:
    inner = raw(nomsNumber="A4092EA", prisonId="SWI")
    for each in (inner, enveloped(inner)):
        assert parse(each.decode().encode("utf-8-sig"))
        with pytest.raises(MalformedHmppsEvent):
            parse(each.decode().encode(encoding))


def test_half_of_a_surrogate_pair_is_refused_before_an_envelope_is_opened() -> None:
    for half in (b"\\ud800", b"\xed\xa0\x80"):
        with pytest.raises(MalformedHmppsEvent):
            parse(b'{"Message": "' + half + b'"}')


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.text() | st.sampled_from(["Message", "eventType", "additionalInformation"]), inner)
        ),
        max_leaves=8,
    )
)
def test_no_json_makes_it_fail_in_any_other_way(value: Any) -> None:
    try:
        parse(json.dumps(value).encode())
    except MalformedHmppsEvent:
        return


def test_the_national_feed_speaks_for_every_prison_and_a_prison_for_itself() -> None:
    event = parse(raw(nomsNumber="A4092EA", prisonId="SWI"))
    assert event is not None
    for code in ("*", "SWI"):
        ensure_speaks_for(event, code)
    for other in ("MDI", None):
        with pytest.raises(NotYourPrison):
            ensure_speaks_for(event, other)

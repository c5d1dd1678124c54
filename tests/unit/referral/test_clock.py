"""Due times as vectors: England and Wales, London time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from contracts.codes import ReferralState, Urgency
from referral.calendar import england_and_wales
from referral.domain.clock import STANDING, Clock, KnownRelease, due, turned
from referral.domain.policy import DEFAULT

S = ReferralState


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def due_of(started: str, urgency: str, release: KnownRelease | None = None) -> str:
    clock = Clock(started_at=at(started))
    found = due(clock, Urgency(urgency), release=release, holidays=england_and_wales, policy=DEFAULT)
    assert found is not None
    return found.strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("started", "urgency", "wanted"),
    [
        ("2026-06-01T09:00", "emergency", "2026-06-01T13:00"),
        ("2026-06-05T22:00", "emergency", "2026-06-06T02:00"),
        ("2026-06-05T22:00", "very-urgent", "2026-06-06T22:00"),
        ("2026-06-01T09:00", "urgent", "2026-06-08T16:00"),
        ("2026-06-01T09:00", "routine", "2026-06-29T16:00"),
        # After hours in London, which is an hour ahead in summer: it came in on Tuesday.
        ("2026-06-01T16:00", "urgent", "2026-06-09T16:00"),
        ("2026-06-01T15:59", "urgent", "2026-06-08T16:00"),
        # In winter London keeps UTC.
        ("2026-01-12T16:30", "urgent", "2026-01-19T17:00"),
        # Saturday counts as Monday.
        ("2026-06-06T10:00", "urgent", "2026-06-15T16:00"),
        # Good Friday and Easter Monday of 2026 are 3 and 6 April.
        ("2026-04-01T09:00", "urgent", "2026-04-10T16:00"),
        # Christmas: Friday 25 December, Monday 28 in place of Saturday's Boxing Day, and New Year's Day.
        ("2026-12-24T09:00", "urgent", "2027-01-05T17:00"),
        # Over the change of the clocks on 29 March.
        ("2026-03-26T10:00", "urgent", "2026-04-02T16:00"),
    ],
)
def test_by_urgency(started: str, urgency: str, wanted: str) -> None:
    assert due_of(started, urgency) == wanted


@pytest.mark.parametrize(
    ("release", "known_at", "wanted"),
    [
        ("2026-09-01", "2026-05-01T09:00", "2026-06-29T16:00"),
        ("2026-06-22", "2026-05-01T09:00", "2026-06-15T16:00"),
        # Five working days before is past: four hours from when it came in, or from when the date was shown.
        ("2026-06-03", "2026-05-01T09:00", "2026-06-01T13:00"),
        ("2026-06-10", "2026-06-04T11:00", "2026-06-04T15:00"),
    ],
)
def test_never_too_late_before_a_release_that_was_shown(release: str, known_at: str, wanted: str) -> None:
    known = KnownRelease(date.fromisoformat(release), at(known_at))
    assert due_of("2026-06-01T09:00", "routine", known) == wanted


def test_the_clock_stands_while_information_is_asked_for() -> None:
    begun = turned(STANDING, S.RECEIVED, now=at("2026-06-01T09:00"), holidays=england_and_wales)
    stands = turned(begun, S.INFORMATION_REQUESTED, now=at("2026-06-02T09:00"), holidays=england_and_wales)
    assert due(stands, Urgency.URGENT, release=None, holidays=england_and_wales, policy=DEFAULT) is None
    on = turned(stands, S.RECEIVED, now=at("2026-06-09T09:00"), holidays=england_and_wales)
    assert (on.stopped, on.stopped_days) == (timedelta(days=7), 5)
    later = due(on, Urgency.URGENT, release=None, holidays=england_and_wales, policy=DEFAULT)
    assert later == at("2026-06-15T16:00")
    hours = due(on, Urgency.VERY_URGENT, release=None, holidays=england_and_wales, policy=DEFAULT)
    assert hours == at("2026-06-09T09:00")
    again = turned(on, S.INFORMATION_REQUESTED, now=at("2026-06-09T10:00"), holidays=england_and_wales)
    gone = turned(again, S.CONSENT_WITHDRAWN, now=at("2026-06-10T10:00"), holidays=england_and_wales)
    assert gone == again, "it stood already"


def test_a_hold_does_not_stop_the_clock_and_an_answer_ends_it() -> None:
    begun = turned(STANDING, S.RECEIVED, now=at("2026-06-01T09:00"), holidays=england_and_wales)
    assert turned(begun, S.ON_HOLD, now=at("2026-06-02T09:00"), holidays=england_and_wales) == begun
    for state in S:
        after = turned(begun, state, now=at("2026-06-02T09:00"), holidays=england_and_wales)
        running = state in (S.RECEIVED, S.ON_HOLD)
        stopped = replace(begun, stopped_at=at("2026-06-02T09:00"))
        stands = state in (S.INFORMATION_REQUESTED, S.CONSENT_WITHDRAWN)
        assert after == (begun if running else stopped if stands else STANDING)


@pytest.mark.parametrize("urgency", Urgency)
def test_every_urgency_has_a_number(urgency: Urgency) -> None:
    assert (urgency in DEFAULT.hours) is not (urgency in DEFAULT.working_days)

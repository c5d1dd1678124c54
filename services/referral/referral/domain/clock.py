"""When an answer is due: by urgency, stopped while the receiver cannot answer, and never too late before a release that
the one who reads the time was shown. A due time gives away no date that was not shared.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from contracts.codes import ReferralState, Urgency
from referral.domain.policy import Policy
from referral.domain.working_time import (
    LONDON,
    Holidays,
    add_working_days,
    at,
    came_in_on,
    working_days_between,
)

RUNNING = frozenset({ReferralState.RECEIVED, ReferralState.ON_HOLD})
"""Not answered yet; a hold does not stop the clock, it says why the answer takes long."""
STOPPED = frozenset({ReferralState.INFORMATION_REQUESTED, ReferralState.CONSENT_WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Clock:
    """From `started_at`, without the time in which it stood. `stopped` is that time in hours round the clock,
    `stopped_days` the same in working days; `stopped_at` is set while it stands."""

    started_at: datetime | None = None
    stopped_at: datetime | None = None
    stopped: timedelta = timedelta()
    stopped_days: int = 0


STANDING = Clock()
"""Not started, or no longer asked."""


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """A release date as one agency was shown it, at `known_at`."""

    day: date
    known_at: datetime


def turned(clock: Clock, to: ReferralState, *, now: datetime, holidays: Holidays) -> Clock:
    """The clock when a side comes to stand in `to`: starts, stands still, goes on, or is put back."""
    if to in RUNNING:
        if clock.started_at is None:
            return Clock(started_at=now)
        return _going_on(clock, now, holidays)
    if to in STOPPED:
        if clock.started_at is None or clock.stopped_at is not None:
            return clock
        return replace(clock, stopped_at=now)
    return STANDING


def _going_on(clock: Clock, now: datetime, holidays: Holidays) -> Clock:
    if clock.stopped_at is None:
        return clock
    first, last = clock.stopped_at.astimezone(LONDON).date(), now.astimezone(LONDON).date()
    return replace(
        clock,
        stopped_at=None,
        stopped=clock.stopped + (now - clock.stopped_at),
        stopped_days=clock.stopped_days + working_days_between(first, last, holidays),
    )


def due(
    clock: Clock, urgency: Urgency, *, release: KnownRelease | None, holidays: Holidays, policy: Policy
) -> datetime | None:
    """When an answer is due; None while the clock does not run."""
    if clock.started_at is None or clock.stopped_at is not None:
        return None
    by_urgency = _by_urgency(clock, clock.started_at, urgency, holidays, policy)
    if release is None:
        return by_urgency
    last_day = add_working_days(release.day, -policy.before_release, holidays)
    least = max(clock.started_at + clock.stopped, release.known_at) + policy.least
    return min(by_urgency, max(at(last_day, policy.closes).astimezone(UTC), least))


def _by_urgency(clock: Clock, started_at: datetime, urgency: Urgency, holidays: Holidays, policy: Policy) -> datetime:
    if urgency in policy.hours:
        return started_at + timedelta(hours=policy.hours[urgency]) + clock.stopped
    first = came_in_on(started_at, policy.closes, holidays)
    last = add_working_days(first, policy.working_days[urgency] + clock.stopped_days, holidays)
    return at(last, policy.closes).astimezone(UTC)

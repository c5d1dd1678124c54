"""One side of a referral: the state as that side may know it, its version, its clock.

The receiver's side is what is so; the sender's follows it by what was shared. Nothing that one side is answered comes
from the other's: not the state, not the version behind its ETag, not the time by which an answer is due.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from contracts.codes import ReferralAction, ReferralAlert, ReferralRole, ReferralState
from referral.domain.clock import RUNNING, STANDING, Clock, turned
from referral.domain.machine import find, next_state
from referral.domain.working_time import Holidays


@dataclass(frozen=True, slots=True)
class Side:
    """`since` is when it came to `state`; `resumes` where it goes back to when consent is given again."""

    role: ReferralRole
    agency: str
    state: ReferralState
    since: datetime
    version: int = 1
    resumes: ReferralState | None = None
    clock: Clock = STANDING
    due_at: datetime | None = None
    overdue: bool = False
    alerts: tuple[ReferralAlert, ...] = ()


def moved(side: Side, to: ReferralState, *, now: datetime, holidays: Holidays) -> Side:
    """The side in another state, or with something new in the same one: a new version either way."""
    if to is side.state:
        return replace(side, version=side.version + 1)
    running = to in RUNNING
    return replace(
        side,
        state=to,
        since=now,
        version=side.version + 1,
        resumes=side.state if to is ReferralState.CONSENT_WITHDRAWN else None,
        clock=turned(side.clock, to, now=now, holidays=holidays),
        overdue=side.overdue and running,
        alerts=side.alerts if running else (),
    )


def acted(
    side: Side,
    action: ReferralAction,
    by: ReferralRole,
    *,
    now: datetime,
    holidays: Holidays,
    outcome: str | None = None,
) -> Side:
    """The side after an action. Raises TransitionNotAllowed."""
    to = next_state(side.state, action, by, resumes=side.resumes, outcome=outcome)
    return moved(side, to, now=now, holidays=holidays)


def allows(side: Side, action: ReferralAction, by: ReferralRole, *, outcome: str | None = None) -> bool:
    return find(side.state, action, by, outcome=outcome) is not None


def shown(side: Side, state: ReferralState, *, now: datetime, holidays: Holidays) -> Side:
    """The sender's side when an answer was shared with it. What it decided itself since stands."""
    decided = (ReferralState.WITHDRAWN, ReferralState.CLOSED, ReferralState.EXPIRED)
    if side.state in decided or state is side.state:
        return side
    if side.state is ReferralState.CONSENT_WITHDRAWN and side.resumes is not None:
        return replace(side, resumes=state, version=side.version + 1)
    return moved(side, state, now=now, holidays=holidays)

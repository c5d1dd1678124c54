"""The life of a referral, as one table: who may do what in which state, and what comes of it.

Each side of a referral stands in a state of its own, as far as it may know, and is judged by it: the sender's is behind
the receiver's by the answers that were not shared with it. The table is the same for both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from contracts.codes import AppointmentOutcome, OutcomeResult, ReferralAction, ReferralRole, ReferralState
from contracts.errors import Conflict

S = ReferralState
A = ReferralAction
SENDER, RECEIVER, SYSTEM = ReferralRole.SENDER, ReferralRole.RECEIVER, ReferralRole.SYSTEM


class Stays(StrEnum):
    """Where a transition leads that has no state of its own."""

    HERE = "here"
    BACK = "back"
    """To the state from which consent was withdrawn."""


@dataclass(frozen=True, slots=True)
class Transition:
    """`when` lists the outcomes with which it holds; empty means whatever the outcome."""

    by: ReferralRole
    action: ReferralAction
    from_: frozenset[ReferralState]
    to: ReferralState | Stays
    when: frozenset[str] = frozenset()


ACCEPTED = frozenset({S.ACCEPTED, S.ALLOCATED, S.IN_PROGRESS})
WAITING = frozenset({S.RECEIVED, S.INFORMATION_REQUESTED, S.ON_HOLD})
SHARED = WAITING | ACCEPTED | {S.RETURNED_WITH_ADVICE}
"""The receiver has it before it."""
LIVE = SHARED | {S.SUBMITTED, S.AWAITING_CONSENT, S.CONSENT_WITHDRAWN}
ENDED = frozenset({S.REJECTED, S.COMPLETED, S.PREMATURELY_ENDED, S.WITHDRAWN, S.EXPIRED, S.CLOSED})

_CAME = frozenset({AppointmentOutcome.ATTENDED, AppointmentOutcome.LATE})
_DID_NOT = frozenset(AppointmentOutcome) - _CAME
_EARLY = frozenset({OutcomeResult.PREMATURELY_ENDED, OutcomeResult.DISENGAGED})
_CLOSABLE = ACCEPTED | {S.CONSENT_WITHDRAWN}


def _row(
    by: ReferralRole,
    action: ReferralAction,
    from_: Iterable[ReferralState],
    to: ReferralState | Stays,
    when: Iterable[str] = (),
) -> Transition:
    return Transition(by, action, frozenset(from_), to, frozenset(when))


TRANSITIONS: tuple[Transition, ...] = (
    _row(SENDER, A.SUBMISSION, {S.DRAFT, S.RETURNED_WITH_ADVICE}, S.SUBMITTED),
    _row(SENDER, A.INFORMATION, {S.INFORMATION_REQUESTED}, S.RECEIVED),
    _row(SENDER, A.WITHDRAWAL, LIVE | {S.DRAFT}, S.WITHDRAWN),
    _row(SENDER, A.CLOSURE, {S.RETURNED_WITH_ADVICE, S.REJECTED}, S.CLOSED),
    _row(SENDER, A.APPOINTMENTS, WAITING | ACCEPTED, Stays.HERE),
    _row(SENDER, A.ATTENDANCE, WAITING | ACCEPTED, Stays.HERE),
    _row(SENDER, A.WAITING_UPDATE, WAITING | ACCEPTED, Stays.HERE),
    _row(RECEIVER, A.ACCEPTANCE, {S.RECEIVED}, S.ACCEPTED),
    _row(RECEIVER, A.REJECTION, WAITING, S.REJECTED),
    _row(RECEIVER, A.ADVICE, {S.RECEIVED}, S.RETURNED_WITH_ADVICE),
    _row(RECEIVER, A.INFORMATION_REQUEST, {S.RECEIVED}, S.INFORMATION_REQUESTED),
    _row(RECEIVER, A.HOLD, {S.RECEIVED}, S.ON_HOLD),
    _row(RECEIVER, A.RESUMPTION, {S.ON_HOLD}, S.RECEIVED),
    _row(RECEIVER, A.ALLOCATION, {S.ACCEPTED, S.ALLOCATED}, S.ALLOCATED),
    _row(RECEIVER, A.ALLOCATION, {S.IN_PROGRESS}, Stays.HERE),
    _row(RECEIVER, A.APPOINTMENTS, {S.RECEIVED, S.ON_HOLD} | ACCEPTED, Stays.HERE),
    _row(RECEIVER, A.ATTENDANCE, {S.ACCEPTED, S.ALLOCATED}, S.IN_PROGRESS, _CAME),
    _row(RECEIVER, A.ATTENDANCE, {S.ACCEPTED, S.ALLOCATED}, Stays.HERE, _DID_NOT),
    _row(RECEIVER, A.ATTENDANCE, {S.RECEIVED, S.ON_HOLD, S.IN_PROGRESS}, Stays.HERE),
    _row(RECEIVER, A.WAITING_UPDATE, {S.RECEIVED, S.ON_HOLD} | ACCEPTED, Stays.HERE),
    _row(RECEIVER, A.OUTCOME, _CLOSABLE, S.COMPLETED, {OutcomeResult.COMPLETED}),
    _row(RECEIVER, A.OUTCOME, _CLOSABLE, S.PREMATURELY_ENDED, _EARLY),
    _row(SYSTEM, A.RECEIPT, {S.SUBMITTED}, S.RECEIVED),
    _row(SYSTEM, A.REFUSAL, {S.SUBMITTED}, S.AWAITING_CONSENT),
    _row(SYSTEM, A.BASIS, {S.AWAITING_CONSENT}, S.SUBMITTED),
    _row(SYSTEM, A.BASIS, {S.CONSENT_WITHDRAWN}, Stays.BACK),
    _row(SYSTEM, A.CONSENT_WITHDRAWAL, SHARED, S.CONSENT_WITHDRAWN),
    _row(SYSTEM, A.EXPIRY, LIVE - ACCEPTED | {S.DRAFT}, S.EXPIRED),
)


class TransitionNotAllowed(Conflict):
    """The state does not allow this."""

    code: ClassVar[str] = "transition-not-allowed"

    def __init__(self, state: StrEnum, allowed: Iterable[StrEnum]) -> None:
        super().__init__(extra={"state": state.value, "allowed_actions": [action.value for action in allowed]})


def find(
    state: ReferralState, action: ReferralAction, by: ReferralRole, *, outcome: str | None = None
) -> Transition | None:
    """The one row that holds, or None."""
    for row in TRANSITIONS:
        if row.by is by and row.action is action and state in row.from_ and (not row.when or outcome in row.when):
            return row
    return None


def next_state(
    state: ReferralState,
    action: ReferralAction,
    by: ReferralRole,
    *,
    resumes: ReferralState | None = None,
    outcome: str | None = None,
) -> ReferralState:
    """The state that follows; `resumes` is where consent was withdrawn. Raises TransitionNotAllowed."""
    row = find(state, action, by, outcome=outcome)
    if row is None:
        raise TransitionNotAllowed(state, allowed_actions(state, by))
    if row.to is Stays.HERE:
        return state
    if row.to is Stays.BACK:
        assert resumes is not None  # consent is withdrawn from a state
        return resumes
    return ReferralState(row.to)


def allowed_actions(state: ReferralState, by: ReferralRole) -> tuple[ReferralAction, ...]:
    """What this side may do now, in the table's order."""
    return tuple(dict.fromkeys(row.action for row in TRANSITIONS if row.by is by and state in row.from_))


def is_taken_on(state: ReferralState, resumes: ReferralState | None) -> bool:
    """Whether the receiver has the person on its books: what opens its involvement and ends it."""
    return state in ACCEPTED or (state is S.CONSENT_WITHDRAWN and resumes in ACCEPTED)

"""Events of referral: every transition, and what time brings. Codes and opaque ids; never what anyone wrote of a
person. An agency's single point of contact is named where something is for it."""

from typing import ClassVar, Literal

from contracts.caseload import AgencyContact
from contracts.codes import AppointmentOutcome, ReferralAction, ReferralRole, ReferralState, ReferralWindow
from contracts.event import EventData, Instant
from contracts.topics import Topic


class ReferralEvent(EventData):
    TOPIC: ClassVar = Topic.REFERRAL_EVENTS


class ReferralStateChangedV1(ReferralEvent):
    """A referral moved. `from_state` is None when it was written.

    `involved` says whether the receiver has taken the person on: its involvement is open from the first event in which
    it is true until the first in which it is false (a referral whose consent was withdrawn keeps what it had).
    """

    TYPE: ClassVar = "referral.state-changed.v1"

    person_id: str
    referral_id: str
    chain_id: str
    sender: str
    receiver: str
    from_state: ReferralState | None
    to_state: ReferralState
    action: ReferralAction
    by: ReferralRole
    code: str | None = None
    involved: bool
    at: Instant


class ReferralAppointmentChangedV1(ReferralEvent):
    """An appointment was made, or has an outcome. `scheduled_at` is when it is, `at` when this was said."""

    TYPE: ClassVar = "referral.appointment-changed.v1"

    person_id: str
    referral_id: str
    appointment_id: str
    scheduled_at: Instant
    outcome: AppointmentOutcome | None = None
    at: Instant


class ReferralDueChangedV1(ReferralEvent):
    """The time by which the receiver is to answer moved. None while the clock is stopped."""

    TYPE: ClassVar = "referral.due-changed.v1"

    person_id: str
    referral_id: str
    old_due_at: Instant | None
    new_due_at: Instant | None
    why: Literal["release-date-moved", "clock-stopped", "clock-started"]
    at: Instant


class ReferralOverdueV1(ReferralEvent):
    """Nobody answered in time. Said once per due time that passed. `contact` is the receiver's single point of contact,
    whom this is for; None where the register names none."""

    TYPE: ClassVar = "referral.overdue.v1"

    person_id: str
    referral_id: str
    sender: str
    receiver: str
    due_at: Instant
    contact: AgencyContact | None = None
    at: Instant


class ReferralBouncedV1(ReferralEvent):
    """A receiver refused a person; `bounces` counts the chain's refusals, `days` those since its first referral."""

    TYPE: ClassVar = "referral.bounced.v1"

    person_id: str
    chain_id: str
    referral_id: str
    bounces: int
    days: int
    at: Instant


class ReferralWindowChangedV1(ReferralEvent):
    """A time in which RECONNECT takes a person opened or closed; each once per release and window."""

    TYPE: ClassVar = "referral.window-changed.v1"

    person_id: str
    release_id: str
    window: ReferralWindow
    open: bool
    at: Instant


EVENTS = (
    ReferralStateChangedV1,
    ReferralAppointmentChangedV1,
    ReferralDueChangedV1,
    ReferralOverdueV1,
    ReferralBouncedV1,
    ReferralWindowChangedV1,
)

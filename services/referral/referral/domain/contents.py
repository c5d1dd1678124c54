"""What is offered of a referral: the sender's words to the receiver, the receiver's answer to the sender, and whether
the person came. Each holds what its own side wrote, and of the other side's nothing but the state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.codes import AppointmentOutcome, ReferralState
from contracts.content import (
    ChainContent,
    EngagementContent,
    NextContent,
    ReferralContent,
    ReferralStatusContent,
    SenderAppointment,
)
from contracts.event import JsonObject
from referral.domain.machine import ACCEPTED
from referral.domain.side import Side

S = ReferralState
SAID = (
    "needs",
    "reason",
    "urgency",
    "scores",
    "statutory",
    "order_reference",
    "previous_contact",
    "communication_needs",
    "location",
    "information",
    "expected_start",
)
"""What a sender says, by the names under which it is kept and offered."""
UNTOLD = frozenset({S.DRAFT, S.SUBMITTED, S.AWAITING_CONSENT, S.CONSENT_WITHDRAWN, S.WITHDRAWN, S.CLOSED})
"""States of the receiver's side that are no answer of its own."""
CAME = frozenset({AppointmentOutcome.ATTENDED, AppointmentOutcome.LATE})


@dataclass(frozen=True, slots=True)
class Meeting:
    """An appointment as one side keeps it."""

    appointment_id: str
    at: datetime
    with_whom: str | None = None
    place: str | None = None
    participants: tuple[str, ...] | None = None
    outcome: AppointmentOutcome | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What both contents are made from."""

    referral_id: str
    chain_id: str
    receiver: str
    service_id: str | None
    said: Mapping[str, Any]
    answer: Mapping[str, Any]
    submitted_at: datetime | None
    bounces: int
    days: int
    side: Side
    """The receiver's."""
    of_sender: Sequence[Meeting] = field(default=())
    of_receiver: Sequence[Meeting] = field(default=())
    contact: JsonObject | None = None
    """The receiver's single point of contact, once the referral is overdue."""


def referral_content(facts: Facts) -> JsonObject:
    """The referral. A due time goes with the alerts that explain it, and with them alone."""
    side = facts.side
    alerts = side.alerts or None
    content = ReferralContent.model_validate(
        {name: facts.said[name] for name in SAID if facts.said.get(name) is not None}
        | {
            "referral_id": facts.referral_id,
            "chain_id": facts.chain_id,
            "receiver": facts.receiver,
            "service_id": facts.service_id,
            "submitted_at": facts.submitted_at,
            "due_at": side.due_at if alerts else None,
            "overdue": side.overdue if alerts else None,
            "contact": facts.contact,
            "alerts": alerts,
            "appointments": tuple(_shared(meeting) for meeting in facts.of_sender) or None,
            "chain": ChainContent(bounces=facts.bounces, days=facts.days),
        }
    )
    return content.model_dump(mode="json", exclude_none=True)


def status_content(facts: Facts, *, now: datetime) -> JsonObject | None:
    """The receiver's answer; None while there is none."""
    state, answer = facts.side.state, facts.answer
    if state in UNTOLD:
        return None
    coming = [meeting.at for meeting in facts.of_receiver if meeting.outcome is None and meeting.at >= now]
    rejected = state is S.REJECTED
    content = ReferralStatusContent(
        referral_id=facts.referral_id,
        state=state,
        reason_code=answer.get("reason_code"),
        appointment_at=min(coming, default=None) if state in ACCEPTED else None,
        next=NextContent.model_validate(answer["next"]) if rejected and answer.get("next") else None,
        expected_start=answer.get("expected_start"),
        overdue=True if facts.side.overdue else None,
        chain=ChainContent(bounces=facts.bounces + 1, days=facts.days) if rejected else None,
        comment=answer.get("comment"),
        question=answer.get("question") if state is S.INFORMATION_REQUESTED else None,
        interim_support=answer.get("interim_support"),
    )
    return content.model_dump(mode="json", exclude_none=True)


def says_nothing(content: JsonObject) -> bool:
    """Whether an answer only repeats that the referral came in."""
    return set(content) == {"referral_id", "state"} and content["state"] == S.RECEIVED


def engagement_content(referral_id: str, meeting: Meeting) -> JsonObject:
    """One appointment, without a clinical word."""
    outcome = meeting.outcome
    content = EngagementContent(
        referral_id=referral_id,
        appointment_id=meeting.appointment_id,
        at=meeting.at,
        outcome=outcome,
        attended=None if outcome is None else outcome in CAME,
    )
    return content.model_dump(mode="json", exclude_none=True)


def _shared(meeting: Meeting) -> SenderAppointment:
    return SenderAppointment(
        appointment_id=meeting.appointment_id,
        at=meeting.at,
        with_whom=meeting.with_whom,
        place=meeting.place,
        participants=meeting.participants,
        outcome=meeting.outcome,
    )

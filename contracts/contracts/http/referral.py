"""HTTP bodies of referral (api.md, Referring and receiving). Times carry an offset; what a side may not see is absent.

The owner answers each side with what that side wrote and with the bare state that it may know. What the other side
wrote reaches it as a share, and its gateway joins the two.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.caseload import AgencyContact
from contracts.codes import (
    AppointmentOutcome,
    Need,
    NextKind,
    OutcomeCode,
    OutcomeResult,
    ReferralAction,
    ReferralAlert,
    ReferralRole,
    ReferralState,
    ReferralWarning,
    RejectionCode,
    Urgency,
    WithdrawalCode,
)
from contracts.event import Day, Instant

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ScoresBody(Body):
    """PHQ-9, GAD-7 and the sum of CORE-34."""

    phq9: Annotated[int, Field(ge=0, le=27)] | None = None
    gad7: Annotated[int, Field(ge=0, le=21)] | None = None
    core34: Annotated[int, Field(ge=0, le=136)] | None = None


class ReferralBody(Body):
    """`POST /referrals`: to an agency, or to a service of the directory and so to the agency that keeps it."""

    person: Id
    to_agency: Id | None = None
    service_id: Id | None = None
    needs: Annotated[list[Need], Field(min_length=1, max_length=20)]
    reason: LongText
    urgency: Urgency
    scores: ScoresBody | None = None
    statutory: bool
    order_reference: Short | None = None
    previous_contact: Text | None = None
    communication_needs: Text | None = None
    location: Short | None = None
    consent_id: Id | None = None
    onward_of: Id | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if (self.to_agency is None) is (self.service_id is None):
            raise ValueError("a referral goes to an agency or to a service, to exactly one of the two")
        if self.statutory is not (self.order_reference is not None):
            raise ValueError("a statutory referral has the order's reference, a voluntary one has none")
        return self


class InformationBody(Body):
    answer: Text


class ReasonBody(Body):
    """`withdrawal`, `closure`."""

    reason_code: WithdrawalCode


class AcceptanceBody(Body):
    team: Short | None = None
    appointment_at: Instant | None = None
    interim_support: Text | None = None


class NextBody(Body):
    """What comes next; `none` is said explicitly."""

    kind: NextKind
    id: Id | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.kind is NextKind.NONE) is not (self.id is None):
            raise ValueError("a service or agency is named, none is not")
        return self


class RejectionBody(Body):
    reason_code: RejectionCode
    comment: Text | None = None
    next: NextBody


class AdviceBody(Body):
    comment: Text


class InformationRequestBody(Body):
    question: Text


class HoldBody(Body):
    reason: Text
    until: Day


class AllocationBody(Body):
    """To a member or a team, exactly one of the two."""

    member: Short | None = None
    team: Short | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.member is None) is (self.team is None):
            raise ValueError("exactly one of member and team")
        return self


class OutcomeBody(Body):
    result: OutcomeResult
    code: OutcomeCode
    scores: ScoresBody | None = None


class AppointmentBody(Body):
    at: Instant
    with_whom: Annotated[Short | None, Field(alias="with")] = None
    place: Short | None = None
    participants: Annotated[list[Short], Field(max_length=20)] | None = None


class AttendanceBody(Body):
    outcome: AppointmentOutcome


class WaitingUpdateBody(Body):
    expected_start: Day


class AppointmentAnswer(Body):
    """One that this side made, or that was shared with it; without id where only the time was shared."""

    appointment_id: str | None = None
    at: Instant
    with_whom: Annotated[str | None, Field(alias="with")] = None
    place: str | None = None
    participants: list[str] | None = None
    outcome: AppointmentOutcome | None = None


class Chain(Body):
    """`bounces` counts the refusals that this side knows of, `days` those since the chain's first referral. A receiver
    knows of others' from the referral that was shared with it, while that is."""

    bounces: int
    days: int
    accepted: bool


class WarningAnswer(Body):
    code: ReferralWarning
    detail: str


class HistoryEntry(Body):
    at: Instant
    from_state: ReferralState | None = None
    to_state: ReferralState
    by: ReferralRole
    code: str | None = None


class ReferralAnswer(Body):
    """A referral as one side has it. To the receiver the owner gives no needs, reason, urgency or scores: those are
    the sender's, and come as a share. To the sender it gives the state as that was shared with it."""

    referral_id: str
    chain_id: str
    version: int
    person_id: str
    from_agency: Annotated[str, Field(alias="from")]
    to: str
    service_id: str | None = None
    state: ReferralState
    direction: Literal["sent", "received"]
    needs: list[Need] | None = None
    reason: str | None = None
    urgency: Urgency | None = None
    scores: ScoresBody | None = None
    statutory: bool | None = None
    order_reference: str | None = None
    previous_contact: str | None = None
    communication_needs: str | None = None
    location: str | None = None
    consent_id: str | None = None
    onward_of: str | None = None
    submitted_at: Instant | None = None
    received_at: Instant | None = None
    due_at: Instant | None = None
    overdue: bool
    contact: AgencyContact | None = None
    """The receiver's single point of contact, once this side's answer is overdue."""
    alerts: list[ReferralAlert]
    reason_code: str | None = None
    comment: str | None = None
    next: NextBody | None = None
    question: str | None = None
    team: str | None = None
    member: str | None = None
    interim_support: str | None = None
    expected_start: Day | None = None
    on_hold_until: Day | None = None
    result: OutcomeResult | None = None
    outcome_scores: ScoresBody | None = None
    appointments: list[AppointmentAnswer]
    chain: Chain
    warnings: list[WarningAnswer]
    history: list[HistoryEntry]
    allowed_actions: list[ReferralAction]


class ReferralList(Body):
    items: list[ReferralAnswer]
    next: str | None


class AppointmentMade(ReferralAnswer):
    """The referral, with the id of the appointment that was just made."""

    appointment_id: str


class UnacceptedItem(Body):
    """A person in need whom nobody has accepted, as far as this sender knows: the newest referral of the chain."""

    person_id: str
    chain_id: str
    referral_id: str
    needs: list[Need]
    state: ReferralState
    bounces: int
    days: int


class UnacceptedList(Body):
    items: list[UnacceptedItem]
    next: str | None


Measure = Literal["source", "answer", "days-to-answer", "bounces", "cancellations", "engagement", "outcome"]


class MonitoringItem(Body):
    key: str
    count: int


class Monitoring(Body):
    """Counts over the referrals that this agency sent or received, as it knows them, by one measure."""

    by: Measure
    direction: Literal["sent", "received"]
    items: list[MonitoringItem]

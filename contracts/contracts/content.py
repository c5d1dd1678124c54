"""The content of offers by category, as the source gives it. Redaction removes fields; it never rewrites them.

Identity's `identifiers` are a list of `{scheme, value}`: a redaction names a scheme as `identifiers.pnc`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.codes import (
    AppointmentOutcome,
    CustodyStatus,
    Need,
    NextKind,
    ReferralAlert,
    ReferralState,
    Scheme,
    Urgency,
    WarningRisk,
)
from contracts.event import Day, Instant, NearDay

Line = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]


class Content(BaseModel):
    """Closed for producers; an absent optional field is left out of the JSON, never null."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IdentifierValue(Content):
    """One identifier in its canonical form."""

    scheme: Scheme
    value: Annotated[str, Field(min_length=1, max_length=40)]


class PersonName(Content):
    family: Annotated[str, Field(min_length=1, max_length=100)]
    given: Annotated[str, Field(min_length=1, max_length=100)]


class IdentityContent(Content):
    """Who the person is, as one agency registered them."""

    identifiers: tuple[IdentifierValue, ...]
    name: PersonName
    date_of_birth: Day
    sex: str | None = None
    languages: tuple[str, ...] | None = None


class CustodyStatusContent(Content):
    """The newest movement. `prison` is the prison that holds the person, or after a release held them last."""

    status: CustodyStatus
    at: Instant
    prison: str | None = None


class Address(Content):
    lines: Annotated[tuple[Line, ...], Field(min_length=1, max_length=5)]
    postcode: Annotated[str, Field(pattern=r"^[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}$")] | None = None


class AccommodationContent(Content):
    """Where the person lives or will live. An address only where `status` is one that has an address."""

    status: Literal["settled", "temporary", "approved-premises", "no-fixed-abode", "sought", "unknown"]
    address: Address | None = None
    starts_on: Day | None = None
    ends_on: Day | None = None
    support: Text | None = None


class LicenceCondition(Content):
    code: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$")]
    kind: Literal["standard", "additional", "bespoke"]
    text: Text


class LicenceConditionsContent(Content):
    """What the person must keep to after release. Half-open: in force from `starts_on` until before `ends_on`."""

    conditions: Annotated[tuple[LicenceCondition, ...], Field(max_length=60)]
    starts_on: Day | None = None
    ends_on: Day | None = None


class Mappa(Content):
    """Management under MAPPA (Criminal Justice Act 2003 s.325): category 1-4, level 1-3."""

    managed: bool
    category: Literal[1, 2, 3, 4] | None = None
    level: Literal[1, 2, 3] | None = None
    until: NearDay | None = None


class RiskMarker(Content):
    code: Literal[
        "harm-to-public",
        "harm-to-known-adult",
        "harm-to-children",
        "harm-to-staff",
        "domestic-abuse",
        "self-harm",
        "suicide",
        "arson",
        "exploitation",
        "weapons",
        "other",
    ]
    level: Literal["low", "medium", "high", "very-high"]
    note: Text | None = None
    assessed_on: Day | None = None


class RiskMarkersContent(Content):
    """Assessed risk. Holds no health data (clause 2.5 carries it to agencies that never get any)."""

    markers: Annotated[tuple[RiskMarker, ...], Field(max_length=30)]
    mappa: Mappa | None = None


class Medicine(Content):
    name: Line
    dose: Line | None = None
    frequency: Line | None = None
    supply_days: Annotated[int, Field(ge=0, le=90)] | None = None


class MedicationContent(Content):
    """What the person takes and carries out of the gate. Health data."""

    medicines: Annotated[tuple[Medicine, ...], Field(max_length=40)]
    allergies: Annotated[tuple[Line, ...], Field(max_length=40)] | None = None
    substitution: Literal["methadone", "buprenorphine", "none"] | None = None
    as_of: Day


class CaseloadContent(Content):
    """The integrated-offender-management entry: cohort, colour and the one lead professional."""

    cohort: Literal["fixed", "flex", "free"]
    rag: Literal["red", "amber", "green"]
    lead_professional: Line | None = None
    review_on: Day | None = None


class WarningContent(Content):
    """An emergency push, addressed by its sender."""

    risk: WarningRisk
    text: Text


class Scores(Content):
    """Clinical scores: PHQ-9, GAD-7 and the sum of CORE-34."""

    phq9: Annotated[int, Field(ge=0, le=27)] | None = None
    gad7: Annotated[int, Field(ge=0, le=21)] | None = None
    core34: Annotated[int, Field(ge=0, le=136)] | None = None


class InformationAnswer(Content):
    """What the sender answered when it was asked for more."""

    answer: Text
    at: Instant


class ChainContent(Content):
    """How often the person was refused since the chain's first referral, and how many days ago that was."""

    bounces: int
    days: int


class SenderAppointment(Content):
    """An appointment that the sender made, for instance at the gate."""

    appointment_id: str
    at: Instant
    with_whom: Line | None = None
    place: Line | None = None
    participants: tuple[Line, ...] | None = None
    outcome: AppointmentOutcome | None = None


class ContactContent(Content):
    """An agency's single point of contact, as the register has it."""

    name: Line
    email: Line | None = None
    telephone: Line | None = None


class ReferralContent(Content):
    """A referral as its sender wrote it, to its receiver. Health data. `due_at` is when an answer is due: it moves with
    the release date only where that was shared with the receiver; `alerts` say what changed since it was sent.
    `contact` is there once it is overdue: the receiver's own single point of contact, whom this is for."""

    referral_id: str
    chain_id: str
    receiver: str
    service_id: str | None = None
    needs: Annotated[tuple[Need, ...], Field(min_length=1)]
    reason: Text
    urgency: Urgency
    scores: Scores | None = None
    statutory: bool
    order_reference: Line | None = None
    previous_contact: Text | None = None
    communication_needs: Text | None = None
    location: Line | None = None
    submitted_at: Instant
    due_at: Instant | None = None
    overdue: bool | None = None
    contact: ContactContent | None = None
    alerts: tuple[ReferralAlert, ...] | None = None
    information: tuple[InformationAnswer, ...] | None = None
    appointments: tuple[SenderAppointment, ...] | None = None
    expected_start: Day | None = None
    chain: ChainContent


class NextContent(Content):
    """What a rejection says comes next; `id` is a service or agency."""

    kind: NextKind
    id: str | None = None


class ReferralStatusContent(Content):
    """The receiver's answer, to the sender. `comment`, `question` and `interim_support` are detail, which a receiver
    writes in words; the rest is codes and times."""

    referral_id: str
    state: ReferralState
    reason_code: str | None = None
    appointment_at: Instant | None = None
    next: NextContent | None = None
    expected_start: Day | None = None
    overdue: bool | None = None
    chain: ChainContent | None = None
    comment: Text | None = None
    question: Text | None = None
    interim_support: Text | None = None


class EngagementContent(Content):
    """One appointment: when it is, and afterwards whether the person came. Health data, without clinical words."""

    referral_id: str
    appointment_id: str
    at: Instant
    outcome: AppointmentOutcome | None = None
    attended: bool | None = None


REFERRAL_CONTENT: dict[str, type[Content]] = {
    "referral": ReferralContent,
    "referral-status": ReferralStatusContent,
    "engagement": EngagementContent,
}
"""The schema of each category that the owner referral offers, but for screening requests and their answers
(contracts.screening)."""


SECTION_CONTENT: dict[str, type[Content]] = {
    "accommodation": AccommodationContent,
    "licence-conditions": LicenceConditionsContent,
    "risk-markers": RiskMarkersContent,
    "medication": MedicationContent,
    "caseload": CaseloadContent,
}
"""The schema of each section; its keys are `contracts.codes.SECTIONS`."""

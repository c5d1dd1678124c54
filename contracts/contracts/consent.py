"""Events of consent other than decisions: everything that enters the share log beside shares."""

from typing import ClassVar, Literal

from contracts.codes import AgencyKind, Category, ErasureReason, InvolvementState, Purpose
from contracts.event import EventData, Instant, Part
from contracts.topics import Topic


class ConsentEvent(EventData):
    TOPIC: ClassVar = Topic.CONSENT_EVENTS


class Recipient(Part):
    """An agency, or every agency of a kind. Exactly one of the two is set."""

    agency: str | None = None
    kind: AgencyKind | None = None


class ConsentRecordedV1(ConsentEvent):
    """A person's consent, or their refusal of one, as an agency recorded it."""

    TYPE: ClassVar = "consent.recorded.v1"

    person_id: str
    consent_id: str
    decision: Literal["given", "refused"]
    categories: tuple[Category, ...]
    recipients: tuple[Recipient, ...]
    purposes: tuple[Purpose, ...]
    given_at: Instant
    valid_from: Instant
    valid_until: Instant
    how: str
    recorded_by: str
    member: str | None = None
    supersedes: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()
    """Points for review, such as `recorder-is-recipient`."""
    at: Instant


class ConsentWithdrawnV1(ConsentEvent):
    """From `at` no decision relies on any consent given before it within this scope. None of a kind means all."""

    TYPE: ClassVar = "consent.withdrawn.v1"

    person_id: str
    withdrawal_id: str
    consent_id: str | None = None
    categories: tuple[Category, ...] | None
    recipients: tuple[Recipient, ...] | None
    recorded_by: str
    member: str | None = None
    shares_ended: int
    at: Instant


class ObjectionRecordedV1(ConsentEvent):
    """An objection to statutory clauses that yield to one."""

    TYPE: ClassVar = "objection.recorded.v1"

    person_id: str
    objection_id: str
    categories: tuple[Category, ...]
    recipients: tuple[Recipient, ...]
    purposes: tuple[Purpose, ...]
    recorded_by: str
    member: str | None = None
    at: Instant


class InvolvementNotedV1(ConsentEvent):
    """An involvement as decisions now see it; every claim so becomes an entry of the log."""

    TYPE: ClassVar = "involvement.noted.v1"

    person_id: str
    involvement_id: str
    agency: str
    state: InvolvementState
    roles: tuple[str, ...]
    via: str
    confirmed_by: str | None = None
    member: str | None = None
    since: Instant
    at: Instant


class AgreementPublishedV1(ConsentEvent):
    """A version of an agreement came into force in this deployment, with the hash of the whole policy set."""

    TYPE: ClassVar = "agreement.published.v1"
    KEY: ClassVar = "agreement_id"

    agreement_id: str
    version: str
    document_hash: str
    policy_hash: str
    policy_version: int
    published_by: str
    at: Instant


class AgencySuspendedV1(ConsentEvent):
    """An agency is cut off, or let in again."""

    TYPE: ClassVar = "agency.suspended.v1"
    KEY: ClassVar = "agency_id"

    agency_id: str
    suspended: bool
    by: str
    reason: str | None = None
    """Why, in an operator's words; names no person."""
    at: Instant


class EmergencyRequestedV1(ConsentEvent):
    """An emergency pull: a named member asked for a category, with a justification (clause 9.2)."""

    TYPE: ClassVar = "emergency.requested.v1"

    person_id: str
    request_id: str
    agency: str
    member: str
    category: Category
    source: str | None
    justification: str
    expires_at: Instant
    review_due_at: Instant
    at: Instant


class ReviewRecordedV1(ConsentEvent):
    """An emergency share was reviewed."""

    TYPE: ClassVar = "review.recorded.v1"

    person_id: str
    review_id: str
    share_id: str
    source: str
    recipient: str
    category: Category
    outcome: Literal["justified", "not-justified"]
    comment: str | None
    reviewed_by: str
    member: str | None = None
    at: Instant


class ErasureRecordedV1(ConsentEvent):
    """Consent erased a person and decides nothing about them any more; what the log and the gateways keep goes next."""

    TYPE: ClassVar = "erasure.recorded.v1"

    person_id: str
    person_ids: tuple[str, ...]
    subjects: tuple[str, ...]
    """What was offered about the person, by subject_ref: some of it may stand under the id of a merge since undone."""
    erasure_id: str
    reason: ErasureReason
    by: str
    member: str | None = None
    at: Instant


EVENTS = (
    ConsentRecordedV1,
    ConsentWithdrawnV1,
    ObjectionRecordedV1,
    InvolvementNotedV1,
    AgreementPublishedV1,
    AgencySuspendedV1,
    EmergencyRequestedV1,
    ReviewRecordedV1,
    ErasureRecordedV1,
)

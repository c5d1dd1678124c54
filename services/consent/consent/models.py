"""Tables of consent. A row keeps `recorded_person_id` beside `person_id`, so that an unmerge moves back exactly what a
merge moved. At most one live permit exists per offer version and recipient: a partial unique index says so.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, MetaData, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from contracts.codes import AgencyKind, Category, Effect, InvolvementState, Reason


class Table(SQLModel):
    """Base of consent's tables, apart from every other service's metadata."""

    metadata = MetaData()


def _instant() -> Any:
    return Field(sa_type=DateTime(timezone=True), nullable=False)


def _optional_instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)


def _word(**options: Any) -> Any:
    return Field(sa_type=String, **options)


def _json() -> Any:
    return Field(sa_type=JSONB, nullable=False)


def _optional_json() -> Any:
    return Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))


def _long() -> Any:
    return Field(sa_type=BigInteger, nullable=False)


class PolicyState(Table, table=True):
    """The one row that says which policy is in force. `version` grows with every change of agreements or agencies."""

    __tablename__ = "policy_state"

    id: int = Field(primary_key=True, sa_type=BigInteger)
    policy_set: str
    """A new random name with every change: what caches in memory go by."""
    version: int = _long()


class AgreementRow(Table, table=True):
    """A published version of an agreement: its canonical text, for ever. One version of each is `current`."""

    __tablename__ = "agreement"
    __table_args__ = (Index("agreement_current", "agreement_id", unique=True, postgresql_where=text("current")),)

    agreement_id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    document: str = Field(sa_type=Text)
    document_hash: str
    policy_hash: str
    current: bool
    published_by: str
    published_at: datetime = _instant()


class AgencyRow(Table, table=True):
    """One agency of the register, as caseload told of it; `suspended` is consent's own."""

    __tablename__ = "agency"

    id: str = Field(primary_key=True)
    kind: AgencyKind = _word()
    area: str
    nhs_body: bool
    contracted_by: str | None = None
    suspended: bool


class PersonRow(Table, table=True):
    """The row whose lock orders everything about a person. `clock` is the latest instant that a fact was given.

    Once `erased_at` is set nothing else is kept of the person, and nothing is taken in again.
    """

    __tablename__ = "person"
    __table_args__ = (
        Index("person_due", "decide_again_at", postgresql_where=text("decide_again_at IS NOT NULL")),
        Index("person_queued", "queued_at", postgresql_where=text("queued_at IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    alias_of: str | None = Field(default=None, foreign_key="person.id", index=True)
    restricted: bool
    version: int = _long()
    clock: datetime = _instant()
    decide_again_at: datetime | None = _optional_instant()
    queued_at: datetime | None = _optional_instant()
    erased_at: datetime | None = _optional_instant()


class InvolvementRow(Table, table=True):
    __tablename__ = "involvement"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    agency: str
    state: InvolvementState = _word()
    roles: list[str] = _json()
    since: datetime = _instant()
    until: datetime | None = _optional_instant()
    version: int = _long()


class MappaRow(Table, table=True):
    """What one agency says about management under MAPPA."""

    __tablename__ = "mappa"

    recorded_person_id: str = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    managed: bool
    until: date | None = None
    version: int = _long()


class ConsentRow(Table, table=True):
    __tablename__ = "consent"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    decision: str
    categories: list[str] = _json()
    agencies: list[str] = _json()
    kinds: list[str] = _json()
    purposes: list[str] = _json()
    given_at: datetime = _instant()
    valid_from: datetime = _instant()
    valid_until: datetime = _instant()
    how: str
    given_by: str
    has_capacity: bool
    interpreter: str | None = None
    statement_id: str
    statement_version: str
    evidence_ref: str | None = None
    flagged: list[str] = _json()
    recorded_by: str = Field(index=True)
    member: str | None = None
    recorded_at: datetime = _instant()
    version: int = _long()


class WithdrawalRow(Table, table=True):
    """For ever: it beats consents that are typed in later. A scope of null means all."""

    __tablename__ = "withdrawal"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    consent_id: str | None = None
    categories: list[str] | None = _optional_json()
    agencies: list[str] | None = _optional_json()
    kinds: list[str] | None = _optional_json()
    at: datetime = _instant()
    recorded_by: str
    member: str | None = None
    version: int = _long()


class ObjectionRow(Table, table=True):
    __tablename__ = "objection"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    categories: list[str] | None = _optional_json()
    agencies: list[str] | None = _optional_json()
    kinds: list[str] | None = _optional_json()
    purposes: list[str] | None = _optional_json()
    valid_from: datetime = _instant()
    valid_until: datetime | None = _optional_instant()
    recorded_by: str
    member: str | None = None
    recorded_at: datetime = _instant()
    version: int = _long()


class EmergencyRequestRow(Table, table=True):
    """A pull under vital interests. `expires_at` moves to now when a review finds it not justified."""

    __tablename__ = "emergency_request"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    agency: str = Field(index=True)
    member: str
    category: Category = _word()
    source: str | None = None
    justification: str
    requested_at: datetime = _instant()
    expires_at: datetime = _instant()
    review_due_at: datetime = _instant()
    unjustified: bool
    version: int = _long()


class OfferRow(Table, table=True):
    """The newest offer of one subject. `content` null: it was retracted."""

    __tablename__ = "offer"

    category: Category = _word(primary_key=True)
    subject_ref: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    offer_id: str
    source: str
    version: int = _long()
    type: str
    content: dict[str, Any] | None = _optional_json()
    addressees: list[dict[str, Any]] | None = _optional_json()
    emergency: dict[str, Any] | None = _optional_json()
    referral: dict[str, Any] | None = _optional_json()
    """What the offer's owner asserts of the referral that it belongs to."""
    occurred_at: datetime = _instant()
    answered: bool
    """Whether its owner was told that it was considered."""


class ShareRow(Table, table=True):
    """A permit. Live until `ended_at`; `effect` says how it ended, null where a newer version took its place."""

    __tablename__ = "share"
    __table_args__ = (
        Index(
            "share_one_live",
            "category",
            "subject_ref",
            "offer_version",
            "recipient",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("share_live_of_person", "person_id", postgresql_where=text("ended_at IS NULL")),
        Index("share_consent", "consent_id", postgresql_where=text("consent_id IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    recorded_person_id: str = Field(index=True)
    category: Category = _word()
    subject_ref: str
    offer_version: int = _long()
    source: str
    recipient: str
    clause: str
    basis: str
    consent_id: str | None = None
    request_id: str | None = None
    content_digest: str
    decided_at: datetime = _instant()
    ended_at: datetime | None = _optional_instant()
    effect: Effect | None = _word(default=None, nullable=True)


class RefusalRow(Table, table=True):
    """The newest refusal of a subject to a recipient: what is refused again for the same reason is not logged again."""

    __tablename__ = "refusal"

    category: Category = _word(primary_key=True)
    subject_ref: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    offer_version: int = _long()
    reason: Reason = _word()
    share_id: str


class ReviewRow(Table, table=True):
    """An emergency share that is to be reviewed, or was."""

    __tablename__ = "review"
    __table_args__ = (Index("review_open", "due_at", "share_id", postgresql_where=text("outcome IS NULL")),)

    share_id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    recorded_person_id: str = Field(index=True)
    category: Category = _word()
    subject_ref: str
    source: str
    recipient: str
    member: str
    justification: str
    due_at: datetime = _instant()
    request_id: str | None = None
    outcome: str | None = None
    comment: str | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = _optional_instant()


class DecisionInputRow(Table, table=True):
    """What decisions about one offer were taken on, for replay: the facts as canonical JSON, no content."""

    __tablename__ = "decision_input"

    id: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    agreements: dict[str, str] = _json()
    """The version of each agreement in force."""
    person: str = Field(sa_type=Text)
    offer: str = Field(sa_type=Text)
    decided_at: datetime = Field(sa_type=DateTime(timezone=True), nullable=False, index=True)


class DecisionRow(Table, table=True):
    """One decision: who asked, and the verdict as canonical JSON, which replay must give again byte for byte."""

    __tablename__ = "decision"

    share_id: str = Field(primary_key=True)
    input_id: str = Field(foreign_key="decision_input.id", index=True)
    recipient: str = Field(sa_type=Text)
    stood_on: str | None = None
    verdict: str = Field(sa_type=Text)

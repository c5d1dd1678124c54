"""Tables of caseload. A row keeps `recorded_person_id` beside `person_id`, so that an unmerge moves back exactly what a
merge moved; an identifier names at most one person.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Column, DateTime, Index, MetaData, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from contracts.codes import AgencyKind, Category, CustodyStatus, InvolvementState, Scheme


class Table(SQLModel):
    """Base of caseload's tables, apart from every other service's metadata."""

    metadata = MetaData()


def _instant(*, nullable: bool = False) -> Any:
    return Field(sa_type=DateTime(timezone=True), nullable=nullable)


def _optional_instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)


def _word(**options: Any) -> Any:
    return Field(sa_type=String, **options)


def _json() -> Any:
    return Field(sa_type=JSONB, nullable=False)


class AgencyRow(Table, table=True):
    """One agency of the register. `details`: contact, link workers and members, as its file has them."""

    __tablename__ = "agency"

    id: str = Field(primary_key=True)
    kind: AgencyKind = _word(index=True)
    name: str
    area: str
    nhs_body: bool
    ods: str | None = None
    mdi: str | None = Field(default=None, unique=True)
    contracted_by: str | None = None
    details: dict[str, Any] = _json()
    updated_at: datetime = _instant()


class Person(Table, table=True):
    """A person's record. `alias_of` is set while merged into another. The row's lock orders all that changes it.

    Once `erased_at` is set nothing else is kept of the person, and nobody finds them by this id again.
    """

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    alias_of: str | None = Field(default=None, foreign_key="person.id", index=True)
    created_at: datetime = _instant()
    erased_at: datetime | None = _optional_instant()


class PersonIdentifier(Table, table=True):
    """An identifier and the one person it names."""

    __tablename__ = "person_identifier"

    scheme: Scheme = _word(primary_key=True)
    value: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str
    recorded_by: str
    recorded_at: datetime = _instant()


class Registration(Table, table=True):
    """What one agency says who a person is. Its id names the agency's identity offer; `version` grows as it changes."""

    __tablename__ = "registration"
    __table_args__ = (UniqueConstraint("recorded_person_id", "agency"),)

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str
    agency: str = Field(index=True)
    family: str
    given: str
    date_of_birth: date
    sex: str | None = None
    languages: list[str] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))
    version: int
    registered_at: datetime = _instant()
    updated_at: datetime = _instant()


class RegistrationIdentifier(Table, table=True):
    """An identifier as one agency gave it: by it the agency finds its person, whoever else holds the identifier."""

    __tablename__ = "registration_identifier"
    __table_args__ = (Index("registration_identifier_lookup", "scheme", "value", "agency"),)

    registration_id: str = Field(primary_key=True, foreign_key="registration.id")
    scheme: Scheme = _word(primary_key=True)
    value: str = Field(primary_key=True)
    agency: str
    position: int


class MatchingDoubt(Table, table=True):
    """A doubt for people to settle: are an identifier's two holders one person? `state`: open, merged or apart."""

    __tablename__ = "matching_doubt"
    __table_args__ = (
        Index(
            "matching_doubt_open",
            "kind",
            "person_id",
            "other_person_id",
            "scheme",
            "value",
            unique=True,
            postgresql_where=text("state = 'open'"),
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: str = Field(primary_key=True)
    kind: str
    person_id: str = Field(foreign_key="person.id")
    other_person_id: str | None = Field(default=None, foreign_key="person.id")
    scheme: Scheme = _word()
    value: str
    raised_by: str
    state: str = Field(index=True)
    raised_at: datetime = _instant()
    settled_by: str | None = None
    settled_at: datetime | None = _optional_instant()


class Merge(Table, table=True):
    """Two records found to be one person. `cause`: an operator's decision, or the prison system's message."""

    __tablename__ = "merge"
    __table_args__ = (Index("merge_live", "removed_id", unique=True, postgresql_where=text("reversed_at IS NULL")),)

    id: str = Field(primary_key=True)
    kept_id: str = Field(foreign_key="person.id", index=True)
    removed_id: str = Field(foreign_key="person.id")
    cause: str
    merged_by: str
    merged_at: datetime = _instant()
    reversed_by: str | None = None
    reversed_at: datetime | None = _optional_instant()


class Involvement(Table, table=True):
    """An agency's relationship with a person. At most one live row per agency and record."""

    __tablename__ = "involvement"
    __table_args__ = (
        Index(
            "involvement_live",
            "recorded_person_id",
            "agency",
            unique=True,
            postgresql_where=text("state <> 'ended'"),
        ),
        Index("involvement_of_person", "person_id", "agency"),
        Index("involvement_of_agency", "agency", "person_id", postgresql_where=text("state <> 'ended'")),
        Index("involvement_due", "until", postgresql_where=text("state <> 'ended' AND until IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    recorded_person_id: str
    agency: str
    state: InvolvementState = _word()
    roles: list[str] = _json()
    lead: bool
    since: datetime = _instant()
    until: datetime | None = _optional_instant()
    reason: str | None = None
    reference: str | None = None
    via: str
    confirmed_by: str | None = None
    confirmed_because: str | None = None
    """What the confirming agency gave as its reason or reference: not the involved agency's to see."""
    claimed_by: str | None = None
    updated_at: datetime = _instant()


class TakenOn(Table, table=True):
    """An agency has taken a person on by accepting a referral; the row goes when that referral ends.

    `stood_as` is the state of the agency's involvement before the first referral it accepted, None if it had none.
    """

    __tablename__ = "taken_on"
    __table_args__ = (Index("taken_on_of_person", "person_id", "agency"),)

    referral_id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    recorded_person_id: str
    agency: str
    role: str
    stood_as: InvolvementState | None = Field(default=None, sa_type=String, nullable=True)
    since: datetime = _instant()


class MovementRow(Table, table=True):
    """A movement as reported, or a registration that opened custody. `outcome` says which, and if it is applied."""

    __tablename__ = "movement"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str
    status: CustodyStatus = _word()
    occurred_at: datetime = _instant()
    reporter: str
    to_prison: str | None = None
    reason_code: str | None = None
    national: bool
    outcome: str
    event_id: str | None = Field(default=None, index=True)
    recorded_at: datetime = _instant()


class CustodyRow(Table, table=True):
    """Where a record's person is held: the sum of the applied movements. `offer_ref` names its custody-status offer."""

    __tablename__ = "custody"

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    custody_id: str
    status: CustodyStatus = _word()
    at: datetime = _instant()
    prison: str | None = Field(default=None, index=True)
    last_prison: str
    movement_id: str
    moved_at: datetime | None = _optional_instant()
    offer_ref: str
    offer_version: int


class HmppsMessage(Table, table=True):
    """A message of the prison event bus that was dealt with: its second delivery changes nothing."""

    __tablename__ = "hmpps_message"

    event_id: str = Field(primary_key=True)
    kind: str
    agency: str
    outcome: str
    received_at: datetime = _instant()


class Section(Table, table=True):
    """An agency's own facts of one category. Its id names the offer; `version` grows as the content changes."""

    __tablename__ = "section"
    __table_args__ = (UniqueConstraint("recorded_person_id", "agency", "category"),)

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str
    agency: str
    category: Category = _word()
    content: dict[str, Any] = _json()
    version: int
    updated_at: datetime = _instant()


class WarningRow(Table, table=True):
    """An emergency push, as its sender wrote it."""

    __tablename__ = "warning"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str
    agency: str
    member: str
    risk: str
    body: str
    justification: str
    addressees: list[dict[str, Any]] = _json()
    sent_at: datetime = _instant()

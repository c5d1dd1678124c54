"""Tables of facts about persons, under the lock of the person's row."""

from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from consent.models.table import Table, instant, json, long, optional_instant, optional_json, word
from contracts.codes import Category, InvolvementState


class PersonRow(Table, table=True):
    """The row whose lock orders everything about a person. `clock` is the latest instant that a fact was given; of a
    number that is merged, the instant from which it and the other one were one person's.

    Once `erased_at` is set nothing else is kept of the person, and nothing is taken in again.
    """

    __tablename__ = "person"
    __table_args__ = (
        Index("person_due", "decide_again_at", postgresql_where=text("decide_again_at IS NOT NULL")),
        Index("person_queued", "queued_at", postgresql_where=text("queued_at IS NOT NULL")),
    )

    id: str = Field(primary_key=True)
    alias_of: str | None = Field(default=None, foreign_key="person.id", index=True)
    merged_or_parted_at: datetime | None = optional_instant()
    """The latest instant from which it is known to be merged or not."""
    restricted: bool
    version: int = long()
    clock: datetime = instant()
    decide_again_at: datetime | None = optional_instant()
    queued_at: datetime | None = optional_instant()
    erased_at: datetime | None = optional_instant()


class InvolvementRow(Table, table=True):
    __tablename__ = "involvement"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    agency: str
    state: InvolvementState = word()
    roles: list[str] = json()
    since: datetime = instant()
    until: datetime | None = optional_instant()
    version: int = long()


class MappaRow(Table, table=True):
    """What one agency says about management under MAPPA."""

    __tablename__ = "mappa"

    recorded_person_id: str = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    managed: bool
    until: date | None = None
    version: int = long()


class ConsentRow(Table, table=True):
    __tablename__ = "consent"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    decision: str
    categories: list[str] = json()
    agencies: list[str] = json()
    kinds: list[str] = json()
    purposes: list[str] = json()
    given_at: datetime = instant()
    valid_from: datetime = instant()
    valid_until: datetime = instant()
    how: str
    given_by: str
    has_capacity: bool
    interpreter: str | None = None
    statement_id: str
    statement_version: str
    evidence_ref: str | None = None
    flagged: list[str] = json()
    recorded_by: str = Field(index=True)
    member: str | None = None
    recorded_at: datetime = instant()
    version: int = long()


class WithdrawalRow(Table, table=True):
    """For ever: it beats consents that are typed in later. A scope of null means all."""

    __tablename__ = "withdrawal"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    consent_id: str | None = None
    categories: list[str] | None = optional_json()
    agencies: list[str] | None = optional_json()
    kinds: list[str] | None = optional_json()
    at: datetime = instant()
    recorded_by: str
    member: str | None = None
    version: int = long()


class ObjectionRow(Table, table=True):
    __tablename__ = "objection"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    categories: list[str] | None = optional_json()
    agencies: list[str] | None = optional_json()
    kinds: list[str] | None = optional_json()
    purposes: list[str] | None = optional_json()
    valid_from: datetime = instant()
    valid_until: datetime | None = optional_instant()
    recorded_by: str
    member: str | None = None
    recorded_at: datetime = instant()
    version: int = long()


class EmergencyRequestRow(Table, table=True):
    """A pull under vital interests. `expires_at` moves to now when a review finds it not justified."""

    __tablename__ = "emergency_request"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    agency: str = Field(index=True)
    member: str
    category: Category = word()
    source: str | None = None
    justification: str
    requested_at: datetime = instant()
    expires_at: datetime = instant()
    review_due_at: datetime = instant()
    unjustified: bool
    version: int = long()

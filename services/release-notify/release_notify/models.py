"""Tables of release-notify. Rows keep `recorded_person_id` too, so that an unmerge moves back what a merge moved.

A person's open release is the one recorded under their own id; dates of a number merged into it stay on that number's
release row, and the newest fact of each type counts.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    """Base of release-notify's tables, apart from every other service's metadata."""

    metadata = MetaData()


def _instant() -> Any:
    return Field(sa_type=DateTime(timezone=True), nullable=False)


def _optional_instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)


def _json() -> Any:
    return Field(sa_type=JSONB, nullable=False)


def _optional_json() -> Any:
    return Field(default=None, sa_type=JSONB, nullable=True)


class PersonRow(Table, table=True):
    """The row whose lock orders everything about a person. `merged_into` is set while merged into another."""

    __tablename__ = "person"

    person_id: str = Field(primary_key=True)
    merged_into: str | None = Field(default=None, index=True)
    merged_or_parted_at: datetime | None = _optional_instant()
    """The latest instant from which it is known to be merged or not."""
    pending_since: datetime | None = _optional_instant()
    """When the national system said that dates changed, until the prison pushes."""
    erased_at: datetime | None = _optional_instant()
    """Once set nothing else is kept of the person, and nothing is taken in again."""


class NationalFeedRow(Table, table=True):
    """An agency of the register that speaks for every prison: the national feed."""

    __tablename__ = "national_feed"

    agency_id: str = Field(primary_key=True)


class CustodyRow(Table, table=True):
    """The newest movement of each number. `moved_at` is None while a registration is all that is known of it."""

    __tablename__ = "custody"

    recorded_person_id: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    custody_id: str
    status: str
    prison: str | None = None
    occurred_at: datetime = _instant()
    moved_at: datetime | None = _optional_instant()


class ReleaseRow(Table, table=True):
    """A time in custody and its release. `offered` is what consent was last told, as facts; the columns after it are
    taken from it for lists. `plan`: milestone -> day due; `fired`: those that came, which never come again."""

    __tablename__ = "release"
    __table_args__ = (
        Index("release_own", "recorded_person_id", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index("release_open", "person_id", postgresql_where=text("closed_at IS NULL")),
        Index("release_person", "person_id"),
        Index("release_coming", "prison", "effective_on", "release_id", postgresql_where=text("closed_at IS NULL")),
        Index("release_address", "address_key", postgresql_where=text("address_key IS NOT NULL")),
        Index("release_milestone", "next_milestone_on", postgresql_where=text("next_milestone_on IS NOT NULL")),
    )

    release_id: str = Field(primary_key=True)
    person_id: str
    recorded_person_id: str
    prison: str
    opened_at: datetime = _instant()
    closed_at: datetime | None = _optional_instant()
    ended_by: str | None = None
    """The number whose custody ended it: its own, or another's that was the same person then."""
    version: int
    offered: dict[str, Any] | None = _optional_json()
    effective_on: date | None = None
    flags: list[str] = _json()
    """Those that time alone does not change; notice is counted when asked for."""
    address_key: str | None = None
    address_shared: bool
    confirmed_address: str | None = None
    released_on: date | None = None
    decision: dict[str, Any] | None = _optional_json()
    plan: dict[str, str] = _json()
    fired: list[str] = _json()
    next_milestone_on: date | None = None


class DateRow(Table, table=True):
    """The newest fact of one type under one release; `due_on` null once withdrawn."""

    __tablename__ = "release_date"

    release_id: str = Field(primary_key=True)
    date_type: str = Field(primary_key=True)
    due_on: date | None = None
    due_time: str | None = None
    status: str
    reason: str | None = None
    prison: str
    changed_at: datetime = _instant()
    version: int
    address: dict[str, Any] | None = _optional_json()
    reporting: str | None = None
    sentence: dict[str, Any] | None = _optional_json()
    withdrawal_reason: str | None = None


class SequenceRow(Table, table=True):
    """The last sequence that a prison gave for one number and type."""

    __tablename__ = "sequence"

    recorded_person_id: str = Field(primary_key=True)
    prison: str = Field(primary_key=True)
    date_type: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    last_sequence: int = Field(sa_type=BigInteger)


class ChangeRow(Table, table=True):
    """One change in the owner's history: the dates it touched and what it did to the effective release.

    `version` is null where the effective release stayed as it was. Rows are inserted and read, nothing else.
    """

    __tablename__ = "change"
    __table_args__ = (Index("change_release", "release_id", "change_id"), Index("change_prison", "prison", "at"))

    change_id: str = Field(primary_key=True)
    release_id: str
    version: int | None = None
    at: datetime = _instant()
    cause: str
    prison: str
    member: str | None = None
    dates: list[dict[str, Any]] = _json()
    old_on: date | None = None
    new_on: date | None = None
    direction: str
    date_type: str | None = None
    status: str | None = None
    reason: str | None = None
    notice_working_days: int | None = None
    flags: list[str] = _json()


class DecisionRow(Table, table=True):
    """A governor's decision, kept whatever becomes of the date."""

    __tablename__ = "day_of_release_decision"

    decision_id: str = Field(primary_key=True)
    release_id: str = Field(index=True)
    prison: str
    decision: str
    due_on: date
    decided_on: date
    advised_on: date | None = None
    reason: str
    member: str
    at: datetime = _instant()


class AddressCheckRow(Table, table=True):
    """A check of the address of a release. `checked_with` is who was asked."""

    __tablename__ = "address_check"

    check_id: str = Field(primary_key=True)
    release_id: str = Field(index=True)
    prison: str
    confirmed: bool
    checked_with: str | None = None
    member: str | None = None
    at: datetime = _instant()


class TouchedAddressRow(Table, table=True):
    """An address whose number of people changed: a timer looks whether `address-shared` still tells the truth.

    A row for each touch: writers of one address must not wait for one another, or for the timer.
    """

    __tablename__ = "touched_address"

    touch_id: str = Field(primary_key=True)
    address_key: str


class NationalEventRow(Table, table=True):
    """An HMPPS domain event that was applied, by the UUIDv5 of its inner message."""

    __tablename__ = "national_event"

    event_id: str = Field(primary_key=True)
    person_id: str
    at: datetime = _instant()

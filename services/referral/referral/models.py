"""Tables of referral. Rows keep `recorded_person_id` too, so that an unmerge moves back what a merge moved.

A referral has two sides, each with a state, a version and a clock of its own; what is written by one side is never
answered to the other.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    """Base of referral's tables, apart from every other service's metadata."""

    metadata = MetaData()


def _instant() -> Any:
    return Field(sa_type=DateTime(timezone=True), nullable=False)


def _optional_instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)


def _optional_index() -> Any:
    return Field(default=None, sa_type=BigInteger, nullable=True)


def _json() -> Any:
    return Field(sa_type=JSONB, nullable=False)


def _optional_json() -> Any:
    return Field(default=None, sa_type=JSONB(none_as_null=True), nullable=True)


class PersonRow(Table, table=True):
    """The row whose lock orders everything about a person. `merged_into` is set while merged into another."""

    __tablename__ = "person"

    person_id: str = Field(primary_key=True)
    merged_into: str | None = Field(default=None, index=True)
    merged_or_parted_at: datetime | None = _optional_instant()
    """The latest instant from which it is known to be merged or not."""
    erased_at: datetime | None = _optional_instant()
    """Once set nothing else is kept of the person, and nothing is taken in again."""


class AgencyRow(Table, table=True):
    """An agency of the register, as caseload last told it."""

    __tablename__ = "agency"

    agency_id: str = Field(primary_key=True)
    kind: str
    name: str
    area: str
    contact: dict[str, Any] | None = _optional_json()
    """Its single point of contact."""


class ReleaseRow(Table, table=True):
    """One version of a release; `release_on` null once there is no date."""

    __tablename__ = "release"
    __table_args__ = (Index("release_person", "person_id", "at"),)

    release_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    person_id: str
    recorded_person_id: str = Field(index=True)
    prison: str
    release_on: date | None = None
    at: datetime = _instant()


class ShownRow(Table, table=True):
    """Which version of a release an agency was last permitted to see; no row, none. Never told to anyone."""

    __tablename__ = "release_shown"

    release_id: str = Field(primary_key=True)
    agency: str = Field(primary_key=True)
    version: int
    at: datetime = _instant()


class WindowRow(Table, table=True):
    """A time in which RECONNECT takes a person; opened and closed once each."""

    __tablename__ = "release_window"
    __table_args__ = (
        Index("window_opens", "opens_on", postgresql_where=text("opened_at IS NULL")),
        Index("window_closes", "closes_on", postgresql_where=text("opened_at IS NOT NULL AND closed_at IS NULL")),
    )

    release_id: str = Field(primary_key=True)
    window: str = Field(primary_key=True)
    opens_on: date
    closes_on: date
    opened_at: datetime | None = _optional_instant()
    closed_at: datetime | None = _optional_instant()


class ServiceRow(Table, table=True):
    """An entry of the directory of services."""

    __tablename__ = "service"
    __table_args__ = (Index("service_area", "area", "service_id"),)

    service_id: str = Field(primary_key=True)
    agency: str = Field(index=True)
    version: int
    name: str
    area: str
    needs: list[str] = _json()
    age_from: int | None = None
    age_until: int | None = None
    women_only: bool
    exclusions: list[str] = _json()
    statutory: bool
    voluntary: bool
    contact: str | None = None
    opens_days_before_release: int | None = None
    next_start: date | None = None
    changed_at: datetime = _instant()


class ReferralRow(Table, table=True):
    """A referral: `said` is what the sender wrote, `answer` what the receiver did.

    `offered` and `status_offered` are what consent was last told of either, at `offer_version` (subject: the referral's
    id) and `status_version` (subject: `status_id`). Receipts below `awaited_version` are of what was said before.
    `shown_status` is the newest status that the sender was permitted to see.
    """

    __tablename__ = "referral"
    __table_args__ = (
        Index("referral_chain", "chain_id"),
        Index("referral_person", "person_id"),
        Index("referral_recorded", "recorded_person_id"),
        Index("referral_status", "status_id", unique=True),
        Index("referral_service", "service_id", "received_at", postgresql_where=text("service_id IS NOT NULL")),
    )

    referral_id: str = Field(primary_key=True)
    chain_id: str
    person_id: str
    recorded_person_id: str
    sender: str
    receiver: str
    service_id: str | None = None
    onward_of: str | None = None
    said: dict[str, Any] = _json()
    answer: dict[str, Any] = _json()
    warnings: list[str] = _json()
    written_at: datetime = _instant()
    submitted_at: datetime | None = _optional_instant()
    received_at: datetime | None = _optional_instant()
    answered_at: datetime | None = _optional_instant()
    rejection_shown_at: datetime | None = _optional_instant()
    bounces: int
    """Refusals in the chain that the sender knew of when it wrote this."""
    offer_version: int
    awaited_version: int
    offered: dict[str, Any] | None = _optional_json()
    decided_index: int | None = _optional_index()
    """Where in the log what is heard of it newest stands: receipts come in two numbers' streams around a merge."""
    status_id: str
    status_version: int
    status_offered: dict[str, Any] | None = _optional_json()
    status_sent: dict[str, str] = _json()
    """Version -> state of the statuses above `shown_status`."""
    shown_status: int


class SideRow(Table, table=True):
    """One side's state, version and clock. The receiver sees its own once `received_at` is set."""

    __tablename__ = "side"
    __table_args__ = (
        Index("side_agency", "agency", "role", "referral_id"),
        Index("side_due", "due_at", postgresql_where=text("due_at IS NOT NULL AND NOT overdue")),
        Index("side_expires", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )

    referral_id: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    agency: str
    state: str
    resumes: str | None = None
    since: datetime = _instant()
    version: int
    clock: dict[str, Any] = _json()
    due_at: datetime | None = _optional_instant()
    overdue: bool
    expires_at: datetime | None = _optional_instant()
    alerts: list[str] = _json()


class AppointmentRow(Table, table=True):
    """An appointment, of the side that made it. `version` counts what consent was told of it."""

    __tablename__ = "appointment"
    __table_args__ = (Index("appointment_referral", "referral_id", "at"),)

    appointment_id: str = Field(primary_key=True)
    referral_id: str
    role: str
    at: datetime = _instant()
    with_whom: str | None = None
    place: str | None = None
    participants: list[str] | None = _optional_json()
    outcome: str | None = None
    outcome_at: datetime | None = _optional_instant()
    version: int
    made_at: datetime = _instant()


class ScreeningRow(Table, table=True):
    """A screening request. `open` is whether it is still offered; `shown_at` when its answer came to who asked.

    Each side has a state and a version of its own; the receiver sees its side once `received_at` is set. The request
    and its answer are offered under `screening_id`, in two categories, each with a version, and with the place in the
    log of what is heard of it newest.
    """

    __tablename__ = "screening"
    __table_args__ = (
        Index("screening_sender", "sender", "screening_id"),
        Index("screening_receiver", "receiver", "screening_id"),
    )

    screening_id: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    recorded_person_id: str = Field(index=True)
    sender: str
    receiver: str
    reason: str | None = None
    asked_at: datetime = _instant()
    open: bool
    request_version: int
    request_index: int | None = _optional_index()
    received_at: datetime | None = _optional_instant()
    answer: str | None = None
    answered_at: datetime | None = _optional_instant()
    answered_by: str | None = None
    answer_version: int
    answer_index: int | None = _optional_index()
    shown_at: datetime | None = _optional_instant()
    sender_state: str
    sender_version: int
    receiver_state: str
    receiver_version: int


class HistoryRow(Table, table=True):
    """One transition as one side lived it. Rows are inserted and read, nothing else."""

    __tablename__ = "history"
    __table_args__ = (Index("history_side", "referral_id", "role", "history_id"),)

    history_id: str = Field(primary_key=True)
    referral_id: str
    role: str
    at: datetime = _instant()
    from_state: str | None = None
    to_state: str
    by: str
    action: str
    code: str | None = None
    member: str | None = None

"""Tables of offers and of what was decided about them. At most one live permit exists per offer version and
recipient: a partial unique index says so.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, Index, Text, text
from sqlmodel import Field

from consent.models.table import Table, instant, json, long, optional_instant, optional_json, word
from contracts.codes import Category, Effect, Reason


class OfferRow(Table, table=True):
    """The newest offer of one subject. `content` null: it was retracted."""

    __tablename__ = "offer"

    category: Category = word(primary_key=True)
    subject_ref: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    recorded_person_id: str = Field(index=True)
    offer_id: str
    source: str
    version: int = long()
    type: str
    content: dict[str, Any] | None = optional_json()
    addressees: list[dict[str, Any]] | None = optional_json()
    emergency: dict[str, Any] | None = optional_json()
    referral: dict[str, Any] | None = optional_json()
    """What the offer's owner asserts of the referral that it belongs to."""
    occurred_at: datetime = instant()
    answered: bool
    """Whether its owner was told that it was considered."""


class ShareRow(Table, table=True):
    """A permit. Live until `ended_at`; `effect` says how it ended, null where another permit took its place."""

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
        Index("share_of_subject", "subject_ref", "recipient"),
        Index("share_live_of_person", "person_id", postgresql_where=text("ended_at IS NULL")),
        Index("share_consent", "consent_id", postgresql_where=text("consent_id IS NOT NULL")),
        Index("share_ended_on_consent", "person_id", postgresql_where=text("basis = 'consent' AND effect = 'end'")),
    )

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    recorded_person_id: str = Field(index=True)
    told_as: str | None = None
    """The number under which the log tells of it: the person's then."""
    category: Category = word()
    subject_ref: str
    offer_version: int = long()
    source: str
    recipient: str
    clause: str
    basis: str
    consent_id: str | None = None
    request_id: str | None = None
    content_digest: str
    decided_at: datetime = instant()
    ended_at: datetime | None = optional_instant()
    effect: Effect | None = word(default=None, nullable=True)


class RefusalRow(Table, table=True):
    """The newest refusal of a subject to a recipient: what is refused again for the same reason is not logged again."""

    __tablename__ = "refusal"

    category: Category = word(primary_key=True)
    subject_ref: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    offer_version: int = long()
    reason: Reason = word()
    share_id: str


class ReviewRow(Table, table=True):
    """An emergency share that is to be reviewed, or was."""

    __tablename__ = "review"
    __table_args__ = (Index("review_open", "due_at", "share_id", postgresql_where=text("outcome IS NULL")),)

    share_id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    recorded_person_id: str = Field(index=True)
    category: Category = word()
    subject_ref: str
    source: str
    recipient: str
    member: str
    justification: str
    due_at: datetime = instant()
    request_id: str | None = None
    outcome: str | None = None
    comment: str | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = optional_instant()


class DecisionInputRow(Table, table=True):
    """What decisions about one offer were taken on, for replay: the facts as canonical JSON, no content."""

    __tablename__ = "decision_input"

    id: str = Field(primary_key=True)
    person_id: str = Field(index=True)
    agreements: dict[str, str] = json()
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

"""Rows of the gateway's database. Every table of what an agency may see is under row-level security by agency.

`feed_item`, `section`, `ledger` and `tally` are written by the projector alone and read by the front; `delivery` is
written by the front when an item goes out. `denial` and `told` are the projector's own memory: the front has no right
to them at all. JSON that an agency will be given is kept ready as text: a page is joined, never parsed.
"""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Text,
    text,
)
from sqlmodel import Field, SQLModel


class Table(SQLModel):
    metadata = MetaData()


def _instant(*, nullable: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


class FeedItem(Table, table=True):
    """One item of one agency's feed. `cursor` is the entry's index in the share log, so order is log order for ever.

    `kind` is `share` (carries a share) or another ItemKind, that says something of shares. `hidden` means blanked:
    `body` then has no content. `release_date` is what the agency was shown, kept for the next `change`; None once
    blanked.
    """

    __tablename__ = "feed_item"
    __table_args__ = (
        Index("feed_item_share", "agency", "share_id", "kind", unique=True),
        Index("feed_item_subject", "agency", "subject_ref", "cursor"),
        Index("feed_item_person", "agency", "person_id", "cursor"),
    )

    agency: str = Field(primary_key=True)
    cursor: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    share_id: str
    person_id: str
    category: str
    subject_ref: str
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    source: str
    source_kind: str
    told_source: bool
    purpose: str | None
    basis: str | None
    clause: str | None
    release_date: str | None
    hidden: bool
    body: str = Field(sa_column=Column(Text, nullable=False))
    available_at: datetime = Field(sa_column=_instant())


class Section(Table, table=True):
    """What an agency sees now of one subject: the newest share that stands, as the JSON of a section."""

    __table_args__ = (
        Index("section_share", "agency", "share_id"),
        Index("section_person", "agency", "person_id"),
    )

    agency: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    subject_ref: str = Field(primary_key=True)
    person_id: str
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    share_id: str
    cursor: int = Field(sa_column=Column(BigInteger, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))


class LedgerRow(Table, table=True):
    """One decision about a source's own fact, as that source may know it.

    `recipient`, `clause` and `reason` are None where the clause does not let the source know of the recipient: such a
    row only counts. `current` is false once a later decision about the same subject and recipient took its place in
    the count.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        Index("ledger_subject", "agency", "subject_ref", "cursor"),
        Index("ledger_person", "agency", "person_id", "cursor"),
        Index("ledger_share", "share_id"),
    )

    agency: str = Field(primary_key=True)
    cursor: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    share_id: str
    person_id: str
    category: str
    subject_ref: str
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    recipient: str | None
    recipient_kind: str | None
    state: str
    reason: str | None
    clause: str | None
    current: bool
    at: datetime = Field(sa_column=_instant())


class Delivery(Table, table=True):
    """When a share went out to its recipient and when the recipient acknowledged it.

    The recipient sees and writes its own rows; the source sees a row only where it may know of the recipient.
    """

    __table_args__ = (
        Index("delivery_share", "share_id"),
        Index("delivery_open", "agency", "cursor", postgresql_where=text("acknowledged_at IS NULL")),
    )

    agency: str = Field(primary_key=True)
    share_id: str = Field(primary_key=True)
    cursor: int = Field(sa_column=Column(BigInteger, nullable=False))
    source: str
    told_source: bool
    delivered_at: datetime = Field(sa_column=_instant())
    acknowledged_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class Tally(Table, table=True):
    """How many shares an agency's feed holds, and how many of them are blanked; for the auditor's reconciliation."""

    agency: str = Field(primary_key=True)
    shares: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    hidden: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))


class Progress(Table, table=True):
    """How much of the log has been shown; one row per log. It names nobody, so it is under no agency's rule."""

    log: str = Field(primary_key=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))


class Denial(Table, table=True):
    """A share that must not be seen, whether or not it has arrived yet."""

    share_id: str = Field(primary_key=True)
    agency: str
    effect: str
    at: datetime = Field(sa_column=_instant())


class Told(Table, table=True):
    """The newest decision per subject and recipient, under its real name; the projector's own."""

    __table_args__ = (Index("told_share", "share_id"), Index("told_subject", "subject_ref"))

    source: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    subject_ref: str = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    share_id: str


class BulkRequest(Table, table=True):
    """A bulk request by its Idempotency-Key, so that the same key with another body is refused."""

    __tablename__ = "bulk_request"

    agency: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: str
    at: datetime = Field(sa_column=_instant())


class BulkChunk(Table, table=True):
    """The persons of a bulk request's chunk as they were first found, so that a retry asks its owner the very same."""

    __tablename__ = "bulk_chunk"

    agency: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    people: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=_instant())


class FhirMessage(Table, table=True):
    """A message of BaRS as its sender sent it. `names` is what its ServiceRequest was called."""

    __tablename__ = "fhir_message"
    __table_args__ = (
        Index("fhir_message_bundle", "agency", "bundle_id", unique=True),
        Index("fhir_message_names", "names", postgresql_using="gin"),
        Index("fhir_message_referral", "agency", "referral_id"),
        Index("fhir_message_of_referral", "referral_id"),
        Index("fhir_message_person", "person_id", postgresql_where=text("person_id IS NOT NULL")),
    )

    agency: str = Field(primary_key=True)
    header_id: str = Field(primary_key=True)
    bundle_id: str
    event: str
    referral_id: str
    person_id: str | None = None
    names: list[str] = Field(sa_column=Column(ARRAY(String), nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=_instant())


class ErasedPerson(Table, table=True):
    """A person id that means nobody any more; the projector's own memory."""

    __tablename__ = "erased_person"

    person_id: str = Field(primary_key=True)
    erased_at: datetime = Field(sa_column=_instant())


class Webhook(Table, table=True):
    """Where an agency wants to be called: `feed` for what is new in its feed, `fhir` for answers to its referrals.

    `secret` is sealed (chassis.seal). Items up to the cursor `sent_up_to` have their delivery.
    """

    agency: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    url: str
    secret: str
    sent_up_to: int = Field(sa_column=Column(BigInteger, nullable=False))
    registered_at: datetime = Field(sa_column=_instant())


class WebhookDelivery(Table, table=True):
    """One call to an endpoint, tried until it is taken in or given up. `cursor` names the feed item; a test has none.

    It holds nothing of the item: what is sent is read again before each attempt. While an attempt is under way
    `next_at` is when another may be made if nobody hears of this one any more.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        ForeignKeyConstraint(["agency", "endpoint"], ["webhook.agency", "webhook.endpoint"], ondelete="CASCADE"),
        Index("webhook_delivery_due", "agency", "endpoint", "next_at", postgresql_where=text("state = 'pending'")),
        Index("webhook_delivery_newest", "agency", "made_at", "message_id"),
    )

    agency: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    cursor: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    state: str
    attempts: int
    status: int | None
    problem: str | None
    made_at: datetime = Field(sa_column=_instant())
    tried_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    next_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))

"""The tables that every service's database has beside its own: outbox, streams, positions, waiting messages.

They are created by the service's first migration (`chassis.migrations.create_chassis_tables`).
"""

from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, LargeBinary, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class ChassisTable(SQLModel):
    """Base of the chassis' tables, apart from every service's own metadata."""

    metadata = MetaData()


def _instant(*, nullable: bool = True) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


class Outbox(ChassisTable, table=True):
    """An event to be sent. Unsent while `sent_at` is null; kept for 7 days of `time`, so that it can be sent again."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_unsent", "topic", "lane", "id", postgresql_where=text("sent_at IS NULL")),
        Index("outbox_unsent_stream", "topic", "key", postgresql_where=text("sent_at IS NULL AND lane = 'bulk'")),
        Index(
            "outbox_unanswered",
            "topic",
            postgresql_where=text("lane = 'bulk' AND sent_at IS NOT NULL AND answered_at IS NULL"),
        ),
    )

    id: int = Field(sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    event_id: str = Field(unique=True)
    topic: str
    key: str
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    type: str
    time: datetime = Field(sa_column=_instant(nullable=False))
    traceparent: str | None = None
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    lane: str
    sent_at: datetime | None = Field(default=None, sa_column=_instant())
    answered_at: datetime | None = Field(default=None, sa_column=_instant())


class OutboxStream(ChassisTable, table=True):
    """The last version given to each stream. Its row lock is what makes versions gapless."""

    __tablename__ = "outbox_stream"

    topic: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    version: int = Field(sa_column=Column(BigInteger, nullable=False))


class StreamPosition(ChassisTable, table=True):
    """The last version applied of each stream. While `parked_at` is set the stream waits, and nobody else does."""

    __tablename__ = "stream_position"

    topic: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    parked_at: datetime | None = Field(default=None, sa_column=_instant())
    parked_reason: str | None = None


class Waiting(ChassisTable, table=True):
    """A message whose turn has not come: ahead of its stream, or behind a parked one."""

    __tablename__ = "waiting"

    topic: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    version: int = Field(sa_column=Column(BigInteger, primary_key=True))
    headers: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    arrived_at: datetime = Field(sa_column=_instant(nullable=False))


class BrokerSeen(ChassisTable, table=True):
    """The broker each part of this service last spoke to; another cluster id means that it lost its memory."""

    __tablename__ = "broker_seen"

    part: str = Field(primary_key=True)
    cluster_id: str

"""The tables of the share log.

Invariant: rows of LOG_TABLES are inserted and read, nothing else; triggers refuse the rest on every partition and the
login role has no other right. What identifies a person stands in `subject_key` and `log_detail` alone, which may be
erased without touching a signature.
"""

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Text,
    text,
)
from sqlmodel import Field, SQLModel

LOG_TABLES = ("log_entry", "log_dedup", "log_batch", "log_turn")
PARTITION_SIZE = 10_000_000
"""Entries per partition of `log_entry`."""


class Table(SQLModel):
    """Base of audit's tables."""

    metadata = MetaData()


def _instant(*, nullable: bool = False) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _bytes(*, nullable: bool = False) -> Column[bytes]:
    return Column(LargeBinary, nullable=nullable)


class LogState(Table, table=True):
    """How long each log is; its row lock is what makes the sequencer the only one, wherever it runs."""

    __tablename__ = "log_state"

    log: str = Field(primary_key=True)
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    batches: int = Field(sa_column=Column(BigInteger, nullable=False))


def _by(column: str, *, always: bool = True) -> Index:
    """An index that finds one value's entries in log order, which is also the order of pages."""
    where = None if always else text(f"{column} IS NOT NULL")
    return Index(f"log_entry_{column}", column, "log_index", postgresql_where=where)


class LogEntryRow(Table, table=True):
    """One entry: the leaf, and columns of it to search by. `source` is the acting agency where it is no share."""

    __tablename__ = "log_entry"
    __table_args__ = (
        _by("kind"),
        _by("person", always=False),
        _by("source", always=False),
        _by("recipient", always=False),
        _by("category", always=False),
        _by("purpose", always=False),
        _by("basis", always=False),
        _by("decision", always=False),
        _by("clause", always=False),
        _by("reason", always=False),
        _by("member", always=False),
        Index("log_entry_share", "share_id", postgresql_where=text("share_id IS NOT NULL")),
        Index("log_entry_ends", "ends", postgresql_where=text("ends IS NOT NULL")),
        Index("log_entry_decided_at", "decided_at"),
        {"postgresql_partition_by": "RANGE (log_index)"},
    )

    log_index: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    kind: str
    share_id: str | None = None
    person: bytes | None = Field(default=None, sa_column=_bytes(nullable=True))
    source: str | None = None
    recipient: str | None = None
    category: str | None = None
    purpose: str | None = None
    decision: str | None = None
    basis: str | None = None
    clause: str | None = None
    reason: str | None = None
    member: bytes | None = Field(default=None, sa_column=_bytes(nullable=True))
    ends: str | None = None
    decided_at: datetime = Field(sa_column=_instant())
    recorded_at: datetime = Field(sa_column=_instant())
    leaf: str = Field(sa_column=Column(Text, nullable=False))
    leaf_hash: bytes = Field(sa_column=_bytes())


class LogDedup(Table, table=True):
    """Every entry id that was ever appended, and where."""

    __tablename__ = "log_dedup"

    entry_id: str = Field(primary_key=True)
    log_index: int = Field(sa_column=Column(BigInteger, nullable=False))


class LogBatch(Table, table=True):
    """One signed batch: entries from `first_index` up to `size`, sent as version `version` of the stream share-log."""

    __tablename__ = "log_batch"
    __table_args__ = (
        Index("log_batch_appended", "appended_at", "first_index"),
        ForeignKeyConstraint(
            ["version"], ["log_turn.version"], name="log_batch_has_turn", deferrable=True, initially="DEFERRED"
        ),
    )

    version: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    first_index: int = Field(sa_column=Column(BigInteger, nullable=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    key_id: str
    signature: str
    event_id: str
    appended_at: datetime = Field(sa_column=_instant())


class LogTurn(Table, table=True):
    """The signature over one batch's number in the stream and its signature: what gives its message its turn."""

    __tablename__ = "log_turn"

    version: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    signature: str


class LogDetail(Table, table=True):
    """What the entry's `content_digest` was made of, in canonical form, with what it is found by. Erasable."""

    __tablename__ = "log_detail"
    __table_args__ = (
        Index("log_detail_person", "person_id", "log_index", postgresql_where=text("person_id IS NOT NULL")),
        Index("log_detail_subject", "subject_ref", "log_index", postgresql_where=text("subject_ref IS NOT NULL")),
    )

    log_index: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    salt: bytes = Field(sa_column=_bytes())
    person_id: str | None = None
    subject_ref: str | None = None
    detail: str = Field(sa_column=Column(Text, nullable=False))


class SubjectKey(Table, table=True):
    """The key of one person's tags, or of one member of staff's. Without it nobody can tell whose the entries are."""

    __tablename__ = "subject_key"

    ref: str = Field(primary_key=True)
    key: bytes = Field(sa_column=_bytes())


class ErasedPerson(Table, table=True):
    """A person id that means nobody any more."""

    __tablename__ = "erased_person"

    person_id: str = Field(primary_key=True)
    erased_at: datetime = Field(sa_column=_instant())


class PersonAlias(Table, table=True):
    """A person id that was merged into another, or was and is no more: then `kept_id` is None. Entries keep the id they
    were made under; questions ask for both."""

    __tablename__ = "person_alias"

    removed_id: str = Field(primary_key=True)
    kept_id: str | None = Field(index=True)
    merged_or_parted_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    """The latest instant from which it is known to be merged or not."""


class DeliveryRow(Table, table=True):
    """When a share went out to its recipient, and when the recipient said it had taken it in."""

    __tablename__ = "delivery"

    share_id: str = Field(primary_key=True)
    agency: str
    delivered_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    acknowledged_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class Claim(Table, table=True):
    """An involvement as it stands now, for the list of those that nobody confirmed."""

    __tablename__ = "claim"
    __table_args__ = (Index("claim_open", "log_index", postgresql_where=text("state = 'claimed'")),)

    involvement_id: str = Field(primary_key=True)
    person_id: str
    agency: str
    state: str
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    via: str
    member: str | None = None
    since: datetime = Field(sa_column=_instant())
    log_index: int = Field(sa_column=Column(BigInteger, nullable=False))
    """The newest entry about it."""

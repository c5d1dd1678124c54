"""What the projector works with: proven shares and reviews, and the rows that they become.

Invariant: a `Share` exists only for an entry whose batch signature and leaf hash hold; it has `content` only if the
digest of its detail holds too. So whatever is shown was proven.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from contracts.codes import Basis, Category, Direction, Effect
from contracts.event import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entry stands in the log, and when it was recorded."""

    log: str
    index: int
    leaf_hash: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What the leaf's digest binds: the person, the subject and, if permitted, what the recipient may see."""

    person_id: str
    subject_ref: str
    type: str
    content: JsonObject | None
    occurred_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One decision about one share. `detail` is None where it was erased or does not match: then it never shows."""

    place: Place
    share_id: str
    source: str
    source_kind: str
    recipient: str
    recipient_kind: str
    category: Category
    version: int
    permitted: bool
    purpose: str | None = None
    basis: Basis | None = None
    clause: str | None = None
    reason: str | None = None
    ends: str | None = None
    effect: Effect | None = None
    source_sees_recipient: bool = False
    review_due_at: str | None = None
    detail: Detail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJustified:
    """A review that found an emergency share not justified."""

    place: Place
    share_id: str
    source: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """A person was erased: by every id that they had, and every subject that was offered about them."""

    place: Place
    person_ids: tuple[str, ...]
    subjects: tuple[str, ...]


Proven = Share | NotJustified | Erased


class ItemKind(StrEnum):
    SHARE = "share"
    WITHDRAWN = "withdrawn"
    EMERGENCY = "emergency"
    """Tells a source that an emergency request took from it."""
    NOT_JUSTIFIED = "not-justified"
    """Tells a source that an emergency share was reviewed and should not have been."""
    ERASED = "erased"
    """Stands for everything that was shown of a person who was erased."""


class LedgerState(StrEnum):
    REFUSED = "refused"
    RECORDED = "recorded"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One feed item of one agency. `body` is its JSON without the cursor; None in a row read back without it."""

    agency: str
    cursor: int
    kind: ItemKind
    share_id: str
    person_id: str
    category: str
    subject_ref: str
    version: int
    source: str
    source_kind: str
    told_source: bool
    purpose: str | None
    basis: str | None
    clause: str | None
    release_date: str | None
    hidden: bool
    available_at: datetime
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """What an agency sees now of one subject."""

    person_id: str
    version: int
    share_id: str
    cursor: int
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """One decision as its source may know it; nameless where the clause does not let the source know."""

    agency: str
    cursor: int
    share_id: str
    person_id: str
    category: str
    subject_ref: str
    version: int
    recipient: str | None
    recipient_kind: str | None
    state: LedgerState
    reason: str | None
    clause: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """A release date against what this agency was shown before."""

    previous_date: str | None
    direction: Direction


def change_between(shown: str | None, now: str | None) -> Change:
    """`shown` is the date last shown and not taken back, None if none was. ISO 8601: the order of text is theirs."""
    if now is None:
        return Change(shown, Direction.WITHDRAWN if shown else Direction.SAME)
    if shown is None:
        return Change(None, Direction.NEW)
    if now == shown:
        return Change(shown, Direction.SAME)
    return Change(shown, Direction.EARLIER if now < shown else Direction.LATER)


def derived_id(at: datetime, *parts: str) -> str:
    """A UUIDv7 that is the same whenever it is worked out again from the same entry."""
    bits = int.from_bytes(hashlib.sha256("\x00".join(parts).encode()).digest()[:10], "big")
    value = (int(at.timestamp() * 1000) & ((1 << 48) - 1)) << 80 | bits
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))

"""What the deliverer may read of an agency: its feed items without their content, and answers to its referrals."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.domain.shares import ItemKind
from gateway.fhir.codes import REQUEST


@dataclass(frozen=True, slots=True)
class ItemNow:
    """A feed item as it stands, without its content."""

    cursor: int
    kind: ItemKind
    share_id: str
    category: str
    subject_ref: str
    source: str
    told_source: bool
    hidden: bool
    available_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerNow:
    """An answer that the agency sees now: whose, about whom, in which share, and what it says."""

    share_id: str
    person_id: str
    source: str
    source_kind: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnMessages:
    """What the agency itself sent about one referral: its first message, and the id of its newest."""

    first: str
    newest_id: str


_FIELDS = "f.cursor, f.kind, f.share_id, f.category, f.subject_ref, f.source, f.told_source, f.hidden, f.available_at"
_AFTER = f"""
SELECT {_FIELDS} FROM feed_item f
WHERE f.agency = :agency AND f.cursor > :after ORDER BY f.cursor LIMIT :limit
"""  # noqa: S608
_ANSWERS = f"""
SELECT {_FIELDS} FROM feed_item f
JOIN section s ON s.agency = f.agency AND s.category = f.category AND s.subject_ref = f.subject_ref
    AND s.share_id = f.share_id
WHERE f.agency = :agency AND f.kind = 'share' AND f.category = 'referral-status'
"""  # noqa: S608 - put together from constants
_ANSWERS_AFTER = f"""
{_ANSWERS} AND f.cursor > :after
AND EXISTS (SELECT FROM fhir_message m WHERE m.agency = f.agency AND m.event = '{REQUEST}'
    AND m.referral_id = CAST(s.body AS json) #>> '{{content,referral_id}}')
ORDER BY f.cursor
"""
_ANSWERS_TO = f"""
{_ANSWERS} AND f.available_at >= :since
AND CAST(s.body AS json) #>> '{{content,referral_id}}' = :referral_id
ORDER BY f.cursor
"""
_NOW = f"SELECT {_FIELDS} FROM feed_item f WHERE f.agency = :agency AND f.cursor = :cursor"  # noqa: S608
_ANSWER = """
SELECT share_id, person_id, body FROM section
WHERE agency = :agency AND category = 'referral-status' AND subject_ref = :subject_ref
"""
_SENT = """
SELECT bundle_id, body FROM fhir_message
WHERE agency = :agency AND event = :event AND referral_id = :referral_id ORDER BY at, header_id
"""


async def items_after(session: AsyncSession, *, agency: str, after: int, limit: int) -> list[ItemNow]:
    """The next items of the agency's feed, oldest first."""
    rows = await session.execute(text(_AFTER), {"agency": agency, "after": after, "limit": limit})
    return _items(rows.all())


async def answers_after(session: AsyncSession, *, agency: str, after: int) -> list[ItemNow]:
    """Those of the next items that answer a referral which the agency sent as a message, and that stand."""
    return _items((await session.execute(text(_ANSWERS_AFTER), {"agency": agency, "after": after})).all())


async def answers_to(session: AsyncSession, *, agency: str, referral_id: str, since: datetime) -> list[ItemNow]:
    """Those that answer this referral and stand, of what came since then."""
    names = {"agency": agency, "referral_id": referral_id, "since": since}
    return _items((await session.execute(text(_ANSWERS_TO), names)).all())


async def item_now(session: AsyncSession, *, agency: str, cursor: int) -> ItemNow | None:
    """The item at this place as it stands."""
    found = _items((await session.execute(text(_NOW), {"agency": agency, "cursor": cursor})).all())
    return found[0] if found else None


async def answer_now(session: AsyncSession, *, agency: str, subject_ref: str) -> AnswerNow | None:
    """The answer that the agency sees of this subject now, or None."""
    names = {"agency": agency, "subject_ref": subject_ref}
    row = (await session.execute(text(_ANSWER), names)).one_or_none()
    if row is None:
        return None
    section = json.loads(row.body)
    source = section["source"]
    return AnswerNow(row.share_id, row.person_id, source["agency"], source["kind"], section["content"])


async def own_messages(session: AsyncSession, *, agency: str, referral_id: str) -> OwnMessages | None:
    """What the agency sent about a referral, or None."""
    names = {"agency": agency, "event": REQUEST, "referral_id": referral_id}
    rows = (await session.execute(text(_SENT), names)).all()
    return OwnMessages(rows[0].body, rows[-1].bundle_id) if rows else None


def _items(rows: Sequence[Any]) -> list[ItemNow]:
    return [
        ItemNow(
            cursor=row.cursor,
            kind=ItemKind(row.kind),
            share_id=row.share_id,
            category=row.category,
            subject_ref=row.subject_ref,
            source=row.source,
            told_source=row.told_source,
            hidden=row.hidden,
            available_at=row.available_at,
        )
        for row in rows
    ]

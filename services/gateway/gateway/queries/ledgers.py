"""Who was told of a source's fact, as far as that source may know, and what an agency gave and got about a person.

A person is asked for under every id that was merged into them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One recipient and version: the newest that is known of it."""

    agency: str
    kind: str
    category: str
    version: int
    state: str
    reason: str | None
    clause: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class DisclosedRow:
    """One share that an agency gave or got, or was refused to give."""

    share_id: str
    cursor: int
    other: str | None
    category: str
    version: int
    state: str
    basis: str | None
    clause: str | None
    reason: str | None
    at: datetime
    delivered_at: datetime | None
    acknowledged_at: datetime | None


_TOLD = """
SELECT DISTINCT ON (l.recipient, l.category, l.version)
    l.recipient, l.recipient_kind, l.category, l.version, l.reason, l.clause,
    coalesce(d.acknowledged_at, d.delivered_at, l.at) AS at,
    CASE WHEN l.state <> 'recorded' THEN l.state
         WHEN d.acknowledged_at IS NOT NULL THEN 'acknowledged'
         WHEN d.delivered_at IS NOT NULL THEN 'delivered' ELSE 'recorded' END AS state
FROM ledger l LEFT JOIN delivery d ON d.share_id = l.share_id AND d.agency = l.recipient
WHERE l.agency = :agency AND l.subject_ref = :subject_ref AND l.recipient IS NOT NULL
ORDER BY l.recipient, l.category, l.version, l.cursor DESC
"""
_WITHHELD = """
SELECT count(*) FILTER (WHERE recipient IS NULL AND current), max(version), count(*)
FROM ledger WHERE agency = :agency AND subject_ref = :subject_ref
"""
_GAVE = """
SELECT l.share_id, l.cursor, l.recipient AS other, l.category, l.version, l.clause, l.reason, l.at,
    CAST(NULL AS varchar) AS basis, d.delivered_at, d.acknowledged_at,
    CASE WHEN l.state <> 'recorded' THEN l.state
         WHEN d.acknowledged_at IS NOT NULL THEN 'acknowledged'
         WHEN d.delivered_at IS NOT NULL THEN 'delivered' ELSE 'recorded' END AS state
FROM ledger l LEFT JOIN delivery d ON d.share_id = l.share_id AND d.agency = l.recipient
WHERE l.agency = :agency AND l.person_id = ANY(CAST(:people AS text[])) AND l.recipient IS NOT NULL
  AND l.cursor > :after ORDER BY l.cursor LIMIT :limit
"""
_GOT = """
SELECT f.share_id, f.cursor, f.source AS other, f.category, f.version, f.clause, f.basis, f.available_at AS at,
    CAST(NULL AS varchar) AS reason, d.delivered_at, d.acknowledged_at,
    CASE WHEN f.hidden THEN 'withdrawn'
         WHEN d.acknowledged_at IS NOT NULL THEN 'acknowledged'
         WHEN d.delivered_at IS NOT NULL THEN 'delivered' ELSE 'recorded' END AS state
FROM feed_item f LEFT JOIN delivery d ON d.share_id = f.share_id AND d.agency = f.agency
WHERE f.agency = :agency AND f.person_id = ANY(CAST(:people AS text[])) AND f.kind = 'share'
  AND f.cursor > :after ORDER BY f.cursor LIMIT :limit
"""
_NAMELESS = """
SELECT count(*) FROM ledger
WHERE agency = :agency AND person_id = ANY(CAST(:people AS text[])) AND recipient IS NULL AND current
"""


async def told(session: AsyncSession, *, agency: str, subject_ref: str) -> list[ToldRow]:
    """The recipients that the source may know of, each with each version."""
    rows = await session.execute(text(_TOLD), {"agency": agency, "subject_ref": subject_ref})
    return [
        ToldRow(row.recipient, row.recipient_kind, row.category, row.version, row.state, row.reason, row.clause, row.at)
        for row in rows
    ]


async def withheld(session: AsyncSession, *, agency: str, subject_ref: str) -> tuple[int, int, int]:
    """How many recipients are not named, the newest version decided (0 if none), and how many lines there are."""
    row = (await session.execute(text(_WITHHELD), {"agency": agency, "subject_ref": subject_ref})).one()
    return int(row[0]), int(row[1] or 0), int(row[2])


async def gave(
    session: AsyncSession, *, agency: str, people: Sequence[str], after: int, limit: int
) -> Sequence[DisclosedRow]:
    """What this agency's facts about a person became, for recipients that it may know of."""
    return await _disclosed(session, _GAVE, agency, people, after, limit)


async def got(
    session: AsyncSession, *, agency: str, people: Sequence[str], after: int, limit: int
) -> Sequence[DisclosedRow]:
    """What was shared with this agency about a person, withdrawn shares too, without content."""
    return await _disclosed(session, _GOT, agency, people, after, limit)


async def nameless(session: AsyncSession, *, agency: str, people: Sequence[str]) -> int:
    """How many recipients of this agency's facts about a person it may not know of, by subject."""
    found = await session.scalar(text(_NAMELESS), {"agency": agency, "people": list(people)})
    return int(found or 0)


async def _disclosed(
    session: AsyncSession, statement: str, agency: str, people: Sequence[str], after: int, limit: int
) -> Sequence[DisclosedRow]:
    names = {"agency": agency, "people": list(people), "after": after, "limit": limit}
    rows = await session.execute(text(statement), names)
    return [DisclosedRow(**row._mapping) for row in rows]

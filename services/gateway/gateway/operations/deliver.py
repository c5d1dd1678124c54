"""Giving a page of the feed, and hearing that it was taken in. What goes out is recorded before it goes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox import emit_all
from contracts.access import Delivery, DeliveryRecordedV1
from gateway.queries import feed
from gateway.queries.answers import ItemNow

MAX_IN_AN_EVENT = 500
BITE = 5_000
"""Acknowledged at a time."""
Leaving = feed.FeedRow | ItemNow

_DELIVER = """
INSERT INTO delivery (agency, share_id, cursor, source, told_source, delivered_at)
SELECT :agency, s.i, s.c, s.o, s.t, :now FROM unnest(
    CAST(:shares AS text[]), CAST(:cursors AS bigint[]), CAST(:sources AS text[]), CAST(:told AS boolean[])
) s(i, c, o, t)
ORDER BY s.i ON CONFLICT (agency, share_id) DO NOTHING RETURNING share_id
"""
_UP_TO = """
UPDATE delivery SET acknowledged_at = :now WHERE (agency, share_id) IN (
    SELECT agency, share_id FROM delivery WHERE agency = :agency AND cursor <= :up_to AND acknowledged_at IS NULL
    ORDER BY cursor LIMIT :bite
) RETURNING share_id
"""
_THESE = """
UPDATE delivery SET acknowledged_at = :now
WHERE agency = :agency AND share_id = ANY(CAST(:items AS text[])) AND acknowledged_at IS NULL RETURNING share_id
"""


@dataclass(frozen=True, slots=True)
class Given:
    """A page, oldest first."""

    rows: Sequence[feed.FeedRow]


async def give(session: AsyncSession, *, agency: str, after: int, limit: int, now: datetime) -> Given:
    """The next page of the feed; shares that go out for the first time are recorded as delivered."""
    rows = await feed.page(session, agency=agency, after=after, limit=limit)
    await record_first(session, agency=agency, rows=[row for row in rows if row.fresh], now=now)
    return Given(rows)


async def record_first(session: AsyncSession, *, agency: str, rows: Sequence[Leaving], now: datetime) -> None:
    """Shares that go out to their recipient: those that never did before are recorded as delivered."""
    if not rows:
        return
    names = {
        "agency": agency,
        "shares": [row.share_id for row in rows],
        "cursors": [row.cursor for row in rows],
        "sources": [row.source for row in rows],
        "told": [row.told_source for row in rows],
        "now": now,
    }
    first = [row.share_id for row in await session.execute(text(_DELIVER), names)]
    deliveries = [Delivery(share_id=share_id, delivered_at=now) for share_id in first]
    await _record(session, agency=agency, deliveries=deliveries, now=now)


async def acknowledge(
    session: AsyncSession, *, agency: str, up_to: int | None, items: Sequence[str], now: datetime
) -> int:
    """Shares that went out, up to a cursor or by item id, are taken in; returns how many were not before. Up to a
    cursor they may be all that there ever were, so they are taken bite by bite."""
    if up_to is None:
        return await _taken(session, _THESE, {"agency": agency, "items": list(items), "now": now})
    names = {"agency": agency, "up_to": up_to, "now": now, "bite": BITE}
    count = bite = await _taken(session, _UP_TO, names)
    while bite == BITE:
        bite = await _taken(session, _UP_TO, names)
        count += bite
    return count


async def _taken(session: AsyncSession, statement: str, names: dict[str, Any]) -> int:
    rows = await session.execute(text(statement), names)
    taken = [Delivery(share_id=row.share_id, acknowledged_at=names["now"]) for row in rows]
    await _record(session, agency=names["agency"], deliveries=taken, now=names["now"])
    return len(taken)


async def _record(session: AsyncSession, *, agency: str, deliveries: Sequence[Delivery], now: datetime) -> None:
    events = [
        DeliveryRecordedV1(agency=agency, deliveries=tuple(deliveries[start : start + MAX_IN_AN_EVENT]), at=now)
        for start in range(0, len(deliveries), MAX_IN_AN_EVENT)
    ]
    await emit_all(session, events, now=now)

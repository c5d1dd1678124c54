"""Rows of the outbox once they are written: which are due, those that are sent again, and those that are forgotten.

All of it in bites: a week of rows is more than one statement has time for, and more than memory holds.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.db import Database
from chassis.outbox import CHANNEL, Lane

BITE = 5000
"""Rows that one transaction marks or deletes."""
WAVE_BYTES = 16 * 1024 * 1024
"""Bodies of one topic that are sent at a time, but one row however long it is."""

_DUE = """
SELECT id, event_id, topic, key, version, type, time, traceparent, body FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS before_it FROM (
        SELECT * FROM outbox WHERE sent_at IS NULL AND lane = :lane AND topic = :topic ORDER BY id LIMIT :limit
    ) first
) measured
WHERE before_it < :bytes ORDER BY id
"""
_UNANSWERED = """
SELECT count(*) FROM outbox
WHERE topic = :topic AND lane = 'bulk' AND sent_at IS NOT NULL AND answered_at IS NULL AND sent_at >= :since
"""
_UNSEND = """
WITH bite AS (
    SELECT id FROM outbox WHERE id > :after AND sent_at IS NOT NULL
    AND (CAST(:topic AS text) IS NULL OR topic = :topic) AND (CAST(:since AS timestamptz) IS NULL OR time >= :since)
    ORDER BY id LIMIT :bite
), unsent AS (UPDATE outbox SET sent_at = NULL FROM bite WHERE outbox.id = bite.id)
SELECT max(id) AS last, count(*) AS rows FROM bite
"""
_FORGET = """
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE sent_at IS NOT NULL AND time < :before
    AND id < coalesce((SELECT id FROM outbox WHERE time >= :before ORDER BY id LIMIT 1), 9223372036854775807)
    ORDER BY id LIMIT :bite
)
"""
"""Ids grow with time, so that what is old is found at the beginning, and nothing behind it is looked at."""


async def due(session: AsyncSession, topic: str, lane: Lane, *, limit: int) -> Sequence[Row[Any]]:
    """The first unsent rows of a topic's lane in the order of their ids, at most so many and so many bytes."""
    names = {"topic": topic, "lane": str(lane), "limit": limit, "bytes": WAVE_BYTES}
    return (await session.execute(text(_DUE), names)).all()


async def unanswered(session: AsyncSession, topic: str, *, since: datetime) -> int:
    """Bulk rows of a topic that were sent since then and have no answer."""
    return int(await session.scalar(text(_UNANSWERED), {"topic": topic, "since": since}) or 0)


async def unsend(database: Database, *, topic: str | None = None, since: datetime | None = None) -> int:
    """Marks what was sent as unsent: of one topic or all, written since then or ever. Returns how many rows that was.

    Consumers skip what they have seen, so only those that lost it act.
    """
    last: int | None = 0
    count = 0
    while last is not None:
        async with database.transaction() as session:
            names = {"after": last, "topic": topic, "since": since, "bite": BITE}
            last, rows = (await session.execute(text(_UNSEND), names)).one()
            await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
        count += rows
    return count


async def forget_old(session: AsyncSession, *, before: datetime) -> int:
    """Deletes rows that were written before then and are sent (outboxes keep content 7 days), a bite of them; returns
    how many: fewer than a bite once there are no more.

    Sending a row again, to a new broker or on an operator's word, makes it no younger.
    """
    result = await session.execute(text(_FORGET), {"before": before, "bite": BITE})
    return int(getattr(result, "rowcount", 0))

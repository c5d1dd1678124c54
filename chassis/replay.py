"""Sending again what an outbox still keeps: consumers skip what they have seen, so only those that lost it act."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.outbox import CHANNEL


async def resend(session: AsyncSession, topic: str, *, since: datetime | None = None) -> int:
    """Marks the rows of a topic written since then (None = all that are kept) as unsent; returns how many."""
    result = await session.execute(
        text(
            "UPDATE outbox SET sent_at = NULL WHERE topic = :topic AND sent_at IS NOT NULL"
            " AND (CAST(:since AS timestamptz) IS NULL OR time >= :since)"
        ),
        {"topic": topic, "since": since},
    )
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
    return int(getattr(result, "rowcount", 0))

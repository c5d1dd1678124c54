"""Streams that wait because one of their messages cannot be applied. Everyone else goes on.

Nothing here shows content: a parked message is named by topic, key, version, type and the code of what was wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.giving_way import give_way
from chassis.stream import Message, keep_waiting, kept_message
from contracts.errors import NotFound


class NotParked(NotFound):
    """No parked stream has this topic and key."""

    code = "not-parked"


@dataclass(frozen=True)
class ParkedStream:
    """One parked stream: where it stands, why, and how many messages wait behind (that message included)."""

    topic: str
    key: str
    version: int
    """The version of the message that could not be applied."""
    type: str
    reason: str
    parked_at: datetime
    waiting: int


_LIST = """
SELECT p.topic, p.key, p.version + 1, coalesce(w.headers->>'ce_type', ''), p.parked_reason, p.parked_at,
       (SELECT count(*) FROM waiting x WHERE (x.topic, x.key) = (p.topic, p.key))
FROM stream_position p
LEFT JOIN waiting w ON (w.topic, w.key, w.version) = (p.topic, p.key, p.version + 1)
WHERE p.parked_at IS NOT NULL AND (CAST(:topic AS text) IS NULL OR (p.topic, p.key) = (:topic, :key))
ORDER BY p.parked_at, p.topic, p.key
"""
_OPEN = "INSERT INTO stream_position (topic, key, version) VALUES (:topic, :key, 0) ON CONFLICT DO NOTHING"
_AT = "SELECT version FROM stream_position WHERE (topic, key) = (:topic, :key) FOR UPDATE"
_PARK = """
UPDATE stream_position SET parked_at = :now, parked_reason = :reason WHERE (topic, key) = (:topic, :key)
"""


async def park(session: AsyncSession, message: Message, *, reason: str, now: datetime) -> bool:
    """Sets the stream aside at this message; later messages of the stream wait behind it.

    False if the stream does not stand before this message, as somebody else has applied it meanwhile, or gives way.
    """
    names = {"topic": message.topic, "key": message.key}
    await session.execute(text(_OPEN), names)
    at = int(await session.scalar(text(_AT), names) or 0)
    if at >= message.envelope.version:
        return False
    await keep_waiting(session, [message], now=now)
    if at + 1 < message.envelope.version:
        return False
    await session.execute(text(_PARK), names | {"now": now, "reason": reason})
    return not await give_way(session, message.topic, message.key)


async def list_parked(session: AsyncSession) -> Sequence[ParkedStream]:
    rows = await session.execute(text(_LIST), {"topic": None, "key": None})
    return [ParkedStream(*row) for row in rows]


async def show_parked(session: AsyncSession, *, topic: str, key: str) -> ParkedStream:
    rows = (await session.execute(text(_LIST), {"topic": topic, "key": key})).all()
    if not rows:
        raise NotParked
    return ParkedStream(*rows[0])


async def retry_parked(session: AsyncSession, *, topic: str, key: str) -> None:
    """Lets the stream try again; its consumer takes it up within a second, from the message that failed."""
    stream = await show_parked(session, topic=topic, key=key)
    await _go_on(session, stream, at=stream.version - 1)


async def skip_parked(session: AsyncSession, *, topic: str, key: str) -> None:
    """Gives up the message that failed, for good, and goes on with the ones behind it."""
    stream = await show_parked(session, topic=topic, key=key)
    await _go_on(session, stream, at=stream.version)
    names = {"topic": topic, "key": key, "version": stream.version}
    await session.execute(text("DELETE FROM waiting WHERE (topic, key, version) = (:topic, :key, :version)"), names)


async def _go_on(session: AsyncSession, stream: ParkedStream, *, at: int) -> None:
    """The stream goes on behind that version, unless it went on meanwhile. Raises NotParked."""
    went = await session.execute(
        text(
            "UPDATE stream_position SET version = :at, parked_at = NULL, parked_reason = NULL"
            " WHERE (topic, key) = (:topic, :key) AND parked_at IS NOT NULL AND version = :parked - 1"
        ),
        {"topic": stream.topic, "key": stream.key, "at": at, "parked": stream.version},
    )
    if not getattr(went, "rowcount", 0):
        raise NotParked


async def runnable(session: AsyncSession, topics: Sequence[str], *, limit: int) -> Sequence[tuple[str, str]]:
    """Streams that are not parked although their next message already waits: after a retry or a skip."""
    rows = await session.execute(
        text(
            "SELECT p.topic, p.key FROM waiting w JOIN stream_position p"
            " ON (p.topic, p.key, p.version + 1) = (w.topic, w.key, w.version)"
            " WHERE p.parked_at IS NULL AND p.topic = ANY(:topics) LIMIT :limit"
        ),
        {"topics": list(topics), "limit": limit},
    )
    return [(topic, key) for topic, key in rows]


async def overdue_turns(session: AsyncSession, *, before: datetime) -> int:
    """Messages of streams that are not parked and have waited for their turn since before then: a gap, an alarm."""
    found = await session.scalar(
        text(
            "SELECT count(*) FROM waiting w LEFT JOIN stream_position p ON (p.topic, p.key) = (w.topic, w.key)"
            " WHERE p.parked_at IS NULL AND w.arrived_at < :before"
        ),
        {"before": before},
    )
    return int(found or 0)


async def next_message(session: AsyncSession, topic: str, key: str) -> Message | None:
    """The waiting message whose turn it is, if there is one and the stream is not parked."""
    row = (
        await session.execute(
            text(
                "SELECT w.topic, w.key, w.headers, w.body FROM waiting w JOIN stream_position p"
                " ON (p.topic, p.key, p.version + 1) = (w.topic, w.key, w.version)"
                " WHERE (w.topic, w.key) = (:topic, :key) AND p.parked_at IS NULL"
            ),
            {"topic": topic, "key": key},
        )
    ).one_or_none()
    return None if row is None else kept_message(*row)

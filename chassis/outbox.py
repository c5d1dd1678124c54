"""The outbox: events written in the transaction of their cause, sent afterwards by the relay.

A stream is (topic, key). Its versions are gapless because they are given under the stream's row lock, in the
transaction that commits them. Rows leave in the order of their versions, so one that cannot be sent would hold up all
that come after it: what no message can carry is refused, and never written.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import crash
from chassis.consumer import Received, Together
from chassis.ids import new_id
from chassis.telemetry import current_traceparent
from contracts.errors import Invalid
from contracts.event import EventData
from contracts.log import ShareReceiptedV1

CHANNEL = "outbox"


class Lane(StrEnum):
    """`urgent` is drained first; `bulk` never stands before it."""

    URGENT = "urgent"
    BULK = "bulk"


class TooHeavy(Invalid):
    """What is to be told of this is more than one message can carry."""

    code: ClassVar[str] = "too-heavy"


async def emit(session: AsyncSession, event: EventData, *, now: datetime, lane: Lane = Lane.URGENT) -> str:
    """Adds one event; returns its id. Raises TooHeavy."""
    (event_id,) = await emit_all(session, [event], now=now, lane=lane)
    return event_id


async def emit_all(
    session: AsyncSession, events: Sequence[EventData], *, now: datetime, lane: Lane = Lane.URGENT
) -> list[str]:
    """Adds events in the order given, in two statements however many; returns their ids. Raises TooHeavy.

    An urgent event takes the unsent rows of its stream along into the urgent lane, so that turns stay gapless.
    """
    if not events:
        return []
    bodies = [_body(event) for event in events]
    versions = await _next_versions(session, events)
    traceparent = current_traceparent()
    rows = []
    for event, body in zip(events, bodies, strict=True):
        stream = (str(event.TOPIC), event.key)
        versions[stream] += 1
        rows.append(
            {
                "event_id": event.event_id or new_id(),
                "topic": stream[0],
                "key": stream[1],
                "version": versions[stream],
                "type": event.TYPE,
                "time": now,
                "traceparent": traceparent,
                "body": body,
                "lane": lane.value,
            }
        )
    await session.execute(text(_ADD), {name: [row[name] for row in rows] for name in rows[0]})
    crash.here("outbox.written")
    if lane is Lane.URGENT:
        await session.execute(
            text(
                "UPDATE outbox SET lane = 'urgent' FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[])) s(t, k)"
                " WHERE topic = s.t AND key = s.k AND lane = 'bulk' AND sent_at IS NULL"
            ),
            {"topics": [topic for topic, _ in versions], "keys": [key for _, key in versions]},
        )
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
    return [str(row["event_id"]) for row in rows]


def _body(event: EventData) -> bytes:
    body = event.model_dump_json().encode()
    if len(body) > event.MAX_BYTES:
        raise TooHeavy
    return body


_ADD = """
INSERT INTO outbox (event_id, topic, key, version, type, time, traceparent, body, lane)
SELECT event_id, topic, key, version, type, time, traceparent, body, lane
FROM unnest(
    CAST(:event_id AS text[]), CAST(:topic AS text[]), CAST(:key AS text[]), CAST(:version AS bigint[]),
    CAST(:type AS text[]), CAST(:time AS timestamptz[]), CAST(:traceparent AS text[]), CAST(:body AS bytea[]),
    CAST(:lane AS text[])
) WITH ORDINALITY AS e (event_id, topic, key, version, type, time, traceparent, body, lane, place)
ORDER BY place
"""
"""Ordered, so that ids are given in the order of the events."""


async def _next_versions(session: AsyncSession, events: Sequence[EventData]) -> dict[tuple[str, str], int]:
    """Locks the streams in one order and reserves their versions; returns the last one given before these."""
    counts = Counter((str(event.TOPIC), event.key) for event in events)
    streams = sorted(counts)
    result = await session.execute(
        text(
            "INSERT INTO outbox_stream (topic, key, version)"
            " SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:counts AS bigint[]))"
            " ON CONFLICT (topic, key) DO UPDATE SET version = outbox_stream.version + EXCLUDED.version"
            " RETURNING topic, key, version"
        ),
        {
            "topics": [topic for topic, _ in streams],
            "keys": [key for _, key in streams],
            "counts": [counts[stream] for stream in streams],
        },
    )
    return {(topic, key): version - counts[topic, key] for topic, key, version in result}


async def stream_version(session: AsyncSession, topic: str, key: str) -> int:
    """The last version given to a stream; 0 before the first."""
    found = await session.scalar(
        text("SELECT version FROM outbox_stream WHERE topic = :topic AND key = :key"), {"topic": topic, "key": key}
    )
    return int(found or 0)


async def put_again(
    session: AsyncSession, event: EventData, *, version: int, event_id: str, now: datetime, lane: Lane = Lane.BULK
) -> None:
    """Adds an event that was sent before, under the version it had: for filling a consumer again.

    A row that is still there says from now on what this one says (less, where something was erased meanwhile), and has
    the place of a new one.
    """
    await session.execute(
        text(
            "INSERT INTO outbox (event_id, topic, key, version, type, time, body, lane)"
            " VALUES (:event_id, :topic, :key, :version, :type, :time, :body, :lane)"
            " ON CONFLICT (event_id) DO UPDATE SET id = DEFAULT, body = EXCLUDED.body, time = EXCLUDED.time,"
            " lane = EXCLUDED.lane, sent_at = NULL, answered_at = NULL"
        ),
        {
            "event_id": event_id,
            "topic": str(event.TOPIC),
            "key": event.key,
            "version": version,
            "type": event.TYPE,
            "time": now,
            "body": event.model_dump_json().encode(),
            "lane": str(lane),
        },
    )
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


async def _answered(session: AsyncSession, receipts: Sequence[Received[ShareReceiptedV1]]) -> None:
    """Offers were answered: their places in the bulk window are free."""
    await session.execute(
        text("UPDATE outbox SET answered_at = :now WHERE event_id = ANY(:ids) AND answered_at IS NULL"),
        {"now": receipts[-1].time, "ids": [received.data.offer_id for received in receipts]},
    )
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


on_share_receipted = Together(_answered)
"""For the HANDLERS of every owner whose relay has a bulk window."""


async def expect_no_answer(session: AsyncSession, person_ids: Sequence[str], *, now: datetime) -> None:
    """For an owner that erases them. What it offered may be emptied on its way, and is then never answered: it takes no
    place in the bulk window any more, whether it is sent already or not."""
    await session.execute(text(_EXPECT_NO_ANSWER), {"ids": list(person_ids), "now": now})
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


_EXPECT_NO_ANSWER = """
UPDATE outbox SET answered_at = :now WHERE lane = 'bulk' AND answered_at IS NULL
AND EXISTS (SELECT FROM unnest(CAST(:ids AS text[])) id WHERE position(convert_to(id, 'UTF8') IN body) > 0)
"""

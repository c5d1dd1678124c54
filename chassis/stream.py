"""Whose turn it is: the consumer's side of stream versions.

Not above the stream's position = seen, skip. The next = apply. Further ahead, or behind a parked message = wait.
Positions move in the transaction of the effect, so an effect happens once however often its message arrives.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from contracts.envelope import Envelope, from_headers, to_headers


@dataclass(frozen=True)
class Message:
    """A message as it came, its envelope read and its data not yet."""

    topic: str
    key: str
    envelope: Envelope
    value: bytes

    @property
    def stream(self) -> tuple[str, str]:
        return (self.topic, self.key)


@dataclass(frozen=True)
class Turns:
    """What a batch came to: messages to apply now, in order, and how many were seen before or wait."""

    ready: tuple[Message, ...]
    seen: int
    waiting: int


_LOCK = """
SELECT topic, key, version, parked_at IS NOT NULL FROM stream_position
WHERE (topic, key) IN (SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[])))
ORDER BY topic, key FOR UPDATE
"""
_OPEN = """
INSERT INTO stream_position (topic, key, version)
SELECT t, k, 0 FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[])) s(t, k)
ON CONFLICT DO NOTHING
"""
_WAITING = """
SELECT topic, key, version, headers, body FROM waiting
WHERE (topic, key) IN (SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[])))
ORDER BY topic, key, version
"""
_ADVANCE = """
UPDATE stream_position SET version = s.v
FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:versions AS bigint[])) s(t, k, v)
WHERE topic = s.t AND key = s.k
"""
_TAKEN = """
DELETE FROM waiting USING unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:versions AS bigint[])) s(t, k, v)
WHERE topic = s.t AND key = s.k AND version <= s.v
"""
_WAIT = """
INSERT INTO waiting (topic, key, version, headers, body, arrived_at)
VALUES (:topic, :key, :version, CAST(:headers AS jsonb), :body, :now) ON CONFLICT DO NOTHING
"""


async def take_turns(session: AsyncSession, messages: Sequence[Message], *, now: datetime) -> Turns:
    """Locks the streams of a batch, moves their positions, and returns what is to be applied in this transaction."""
    streams = sorted({message.stream for message in messages})
    if not streams:
        return Turns((), 0, 0)
    names = {"topics": [topic for topic, _ in streams], "keys": [key for _, key in streams]}
    await session.execute(text(_OPEN), names)
    rows = (await session.execute(text(_LOCK), names)).all()
    at = {(topic, key): int(version) for topic, key, version, _ in rows}
    parked = {(topic, key) for topic, key, _, is_parked in rows if is_parked}
    kept = _by_stream(await session.execute(text(_WAITING), names))

    ready: list[Message] = []
    ahead: list[Message] = []
    seen, moved = 0, {}
    for message in messages:
        stream = message.stream
        if message.envelope.version <= at[stream]:
            seen += 1
        elif stream in parked or message.envelope.version > at[stream] + 1:
            ahead.append(message)
            kept[stream].setdefault(message.envelope.version, message)
        else:
            current: Message | None = message
            while current is not None:
                ready.append(current)
                at[stream] = moved[stream] = current.envelope.version
                current = kept[stream].get(at[stream] + 1)
    if moved:
        done = {
            "topics": [topic for topic, _ in moved],
            "keys": [key for _, key in moved],
            "versions": list(moved.values()),
        }
        await session.execute(text(_ADVANCE), done)
        if any(kept[stream] for stream in moved):
            await session.execute(text(_TAKEN), done)
    ahead = [message for message in ahead if message.envelope.version > at[message.stream]]
    if ahead:
        await keep_waiting(session, ahead, now=now)
    return Turns(tuple(ready), seen, len(ahead))


async def keep_waiting(session: AsyncSession, messages: Iterable[Message], *, now: datetime) -> None:
    """Keeps messages until their turn comes; the same message twice is kept once."""
    await session.execute(
        text(_WAIT),
        [
            {
                "topic": message.topic,
                "key": message.key,
                "version": message.envelope.version,
                "headers": json.dumps({name: value.decode() for name, value in to_headers(message.envelope)}),
                "body": message.value,
                "now": now,
            }
            for message in messages
        ],
    )


def _by_stream(rows: Iterable[Any]) -> defaultdict[tuple[str, str], dict[int, Message]]:
    found: defaultdict[tuple[str, str], dict[int, Message]] = defaultdict(dict)
    for topic, key, version, headers, body in rows:
        envelope = from_headers((name, value.encode()) for name, value in headers.items())
        found[topic, key][int(version)] = Message(topic, key, envelope, bytes(body))
    return found


async def position(session: AsyncSession, topic: str, key: str) -> int:
    """The last version applied of a stream; 0 before the first."""
    found = await session.scalar(
        text("SELECT version FROM stream_position WHERE topic = :topic AND key = :key"), {"topic": topic, "key": key}
    )
    return int(found or 0)

"""Whose turn it is: the consumer's side of stream versions.

Not above the stream's position = seen, skip. The next = apply. Further ahead, or behind a parked message = wait.
Positions move in the transaction of the effect, so an effect happens once however often its message arrives.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.giving_way import ERASURES, give_way
from contracts.envelope import Envelope, from_headers, to_headers

Stream = tuple[str, str]
"""Topic and key."""


@dataclass(frozen=True)
class Message:
    """A message as it came, its envelope read and its data not yet."""

    topic: str
    key: str
    envelope: Envelope
    value: bytes

    @property
    def stream(self) -> Stream:
        return (self.topic, self.key)


@dataclass(frozen=True)
class Turns:
    """What a batch came to: messages to apply now, in order, and how many were seen before or wait.

    `unfinished` are streams of which more may wait in its turn: they took all along that they may, or were parked.
    """

    ready: tuple[Message, ...]
    seen: int
    waiting: int
    unfinished: tuple[Stream, ...] = ()


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
SELECT w.topic, w.key, w.headers, w.body
FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:versions AS bigint[])) s(t, k, v)
JOIN waiting w ON w.topic = s.t AND w.key = s.k AND w.version <= s.v + :along
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


async def take_turns(session: AsyncSession, messages: Sequence[Message], *, now: datetime, along: int) -> Turns:
    """Locks the streams of a batch, moves their positions, and returns what is to be applied in this transaction.

    A stream that moves takes at most `along` messages with it that waited for that.
    """
    streams = sorted({message.stream for message in messages})
    if not streams:
        return Turns((), 0, 0)
    names = {"topics": [topic for topic, _ in streams], "keys": [key for _, key in streams]}
    await session.execute(text(_OPEN), names)
    rows = (await session.execute(text(_LOCK), names)).all()
    stood = {(topic, key): int(version) for topic, key, version, _ in rows}
    parked = {(topic, key) for topic, key, _, is_parked in rows if is_parked}
    at = dict(stood)

    ready: list[Message] = []
    ahead: list[Message] = []
    kept: defaultdict[Stream, dict[int, Message]] = defaultdict(dict)
    seen = 0
    for message in messages:
        stream = message.stream
        if message.envelope.version <= at[stream]:
            seen += 1
        elif stream in parked or message.envelope.version > at[stream] + 1:
            ahead.append(message)
            kept[stream].setdefault(message.envelope.version, message)
        else:
            at[stream] = message.envelope.version
            ready += [message, *_following(kept[stream], at, stream)]
    unfinished: tuple[Stream, ...] = ()
    if moved := [stream for stream in streams if at[stream] > stood[stream]]:
        waited, unfinished = await _move(session, moved, at, kept, along=along)
        ready += waited
    ahead = [message for message in ahead if message.envelope.version > at[message.stream]]
    if ahead:
        await keep_waiting(session, ahead, now=now)
    for stream in sorted({each.stream for each in ahead if each.stream in parked and each.envelope.type in ERASURES}):
        if await give_way(session, *stream):
            unfinished += (stream,)
    return Turns(tuple(ready), seen, len(ahead), unfinished)


async def _move(
    session: AsyncSession,
    moved: Sequence[Stream],
    at: dict[Stream, int],
    kept: Mapping[Stream, dict[int, Message]],
    *,
    along: int,
) -> tuple[list[Message], tuple[Stream, ...]]:
    """Writes where streams stand, with what waited for that; returns that, and the streams that took all they may."""
    names: dict[str, Any] = {"topics": [topic for topic, _ in moved], "keys": [key for _, key in moved]}
    names["versions"] = [at[stream] for stream in moved]
    furthest = {stream: at[stream] + along for stream in moved}
    waiting = [kept_message(*row) for row in await session.execute(text(_WAITING), names | {"along": along})]
    for message in waiting:
        kept[message.stream].setdefault(message.envelope.version, message)
    ready = [message for stream in moved for message in _following(kept[stream], at, stream)]
    names["versions"] = [at[stream] for stream in moved]
    await session.execute(text(_ADVANCE), names)
    if waiting:
        await session.execute(text(_TAKEN), names)
    return ready, tuple(stream for stream in moved if at[stream] >= furthest[stream])


def _following(kept: Mapping[int, Message], at: dict[Stream, int], stream: Stream) -> Iterable[Message]:
    """What of these has its turn now, one after the other; the stream's position goes with it."""
    while (message := kept.get(at[stream] + 1)) is not None:
        at[stream] += 1
        yield message


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


def kept_message(topic: str, key: str, headers: Mapping[str, str], body: bytes) -> Message:
    """A waiting message as it came."""
    envelope = from_headers((name, value.encode()) for name, value in headers.items())
    return Message(topic, key, envelope, bytes(body))


async def position(session: AsyncSession, topic: str, key: str) -> int:
    """The last version applied of a stream; 0 before the first."""
    found = await session.scalar(
        text("SELECT version FROM stream_position WHERE topic = :topic AND key = :key"), {"topic": topic, "key": key}
    )
    return int(found or 0)

"""How a batch becomes transactions: one if it can be, else one for each message, then what waited for their turns.

*Not now* (connection, lock, timeout) backs off and retries in place; *never valid*, or failing ATTEMPTS times, parks
that message's stream and nothing else. Each is tried in its own turn alone, so that it is parked for what is its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from pydantic import ValidationError

from chassis import logging, parked
from chassis.backoff import backoff, pause
from chassis.db import Database, is_passing
from chassis.stream import Message, Stream, Turns
from contracts.errors import Refusal

log = logging.get(__name__)

ATTEMPTS = 4

Transact = Callable[[Sequence[Message], int], Awaitable[Turns]]
"""Applies messages, with so many waiting ones of each stream at most, and commits."""
Park = Callable[[Message, str, Exception], Awaitable[None]]
"""Sets the message's stream aside, for a reason."""


class Stopping(Exception):
    """The process stops with this batch unapplied: its offsets stay where they were."""


class Batches:
    """The batches of one consumer group. A stream takes at most `size` waiting messages along at a time."""

    def __init__(self, database: Database, *, group: str, size: int, transact: Transact, park: Park) -> None:
        self.database = database
        self.group = group
        self.size = size
        self._transact = transact
        self._park = park

    async def process(self, messages: Sequence[Message], stop: asyncio.Event) -> None:
        """Returns when each of them is applied, waits or is parked. Raises Stopping."""
        while messages:
            try:
                streams: Iterable[Stream] = await self._apply(messages, stop, along=self.size)
            except Stopping:
                raise
            except Exception:
                streams = await self._one_by_one(messages, stop)
            messages = await self.following(streams)

    async def following(self, streams: Iterable[Stream]) -> Sequence[Message]:
        """Of each stream the waiting message whose turn it is, if there is one."""
        async with self.database.session() as session:
            return [found for stream in streams if (found := await parked.next_message(session, *stream))]

    async def _apply(self, messages: Sequence[Message], stop: asyncio.Event, *, along: int) -> Sequence[Stream]:
        """In one transaction, as soon as the database lets it. Returns the streams of which more may wait in its turn;
        raises what will not pass by itself."""
        failures = 0
        while not stop.is_set():
            try:
                return (await self._transact(messages, along)).unfinished
            except Exception as error:
                if not is_passing(error):
                    raise
                failures += 1
                await self._not_now(failures, error, stop)
        raise Stopping

    async def _one_by_one(self, messages: Sequence[Message], stop: asyncio.Event) -> Sequence[Stream]:
        """Each by itself, then what waited for those; returns the streams."""
        for message in messages:
            await self._apply_or_park(message, stop)
        streams = sorted({message.stream for message in messages})
        for stream in streams:
            for _ in range(self.size):
                if not (found := await self.following([stream])):
                    break
                await self._apply_or_park(found[0], stop)
        return streams

    async def _apply_or_park(self, message: Message, stop: asyncio.Event) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._apply([message], stop, along=0)
                return
            except Stopping:
                raise
            except Exception as error:
                if isinstance(error, Refusal | ValidationError) or attempt == ATTEMPTS:
                    await self._park(message, _reason(error), error)
                    return
                await self._not_now(attempt, error, stop)

    async def _not_now(self, failures: int, error: Exception, stop: asyncio.Event) -> None:
        log.warning("consumer.not_now", group=self.group, attempt=failures, error=logging.describe(error))
        await pause(stop, backoff(failures))


def _reason(error: Exception) -> str:
    if isinstance(error, Refusal):
        return error.code
    return "malformed" if isinstance(error, ValidationError) else type(error).__name__

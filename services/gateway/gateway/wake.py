"""Wakes those who wait for their agency's feed: one LISTEN connection per process, no polling.

A waiter registers before it reads, so that nothing committed in between is missed. When the connection is lost everyone
is woken: they read, find what there is, and wait again. An agency follows its feed with so many requests at once and no
more, for each is kept open at that agency's pace: what one leaves unread takes nothing from another.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from chassis import logging
from chassis.backoff import backoff
from chassis.db import Database
from chassis.problems import RETRY_AFTER_SECONDS, Problem
from gateway.operations.board_rows import FEED_CHANNEL

FOLLOWERS = 50
"""Pages on the way, long polls and streams of one agency at one gateway process."""

LOOKED_AFTER_S = 30.0
"""How long nothing may be heard before the connection is tried: one that is broken says nothing either."""

log = logging.get(__name__)


class TooManyFollowers(Problem):
    """The agency follows its feed with as many requests as it may."""

    def __init__(self) -> None:
        super().__init__(
            429,
            "Your feed is followed by as many requests as it may be; end one first.",
            code="too-many-followers",
            headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
        )


class Wakes:
    """Who waits for which agency. `run` listens until it is cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._following: Counter[str] = Counter()

    @contextmanager
    def following(self, agency: str) -> Iterator[None]:
        """One more request that follows this agency's feed. Raises TooManyFollowers."""
        if self._following[agency] >= FOLLOWERS:
            raise TooManyFollowers
        self._following[agency] += 1
        try:
            yield
        finally:
            self._following[agency] -= 1

    @contextmanager
    def watching(self, agency: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever this agency's feed may hold more; the caller clears it before it reads."""
        event = asyncio.Event()
        self._waiting[agency].add(event)
        try:
            yield event
        finally:
            self._waiting[agency].discard(event)
            if not self._waiting[agency]:
                del self._waiting[agency]

    def wake(self, agency: str | None = None) -> None:
        """Wake those who wait for one agency, or everyone."""
        for name in [agency] if agency is not None else list(self._waiting):
            for event in self._waiting.get(name, ()):
                event.set()

    async def run(self) -> None:
        failures = 0
        while True:
            try:
                async with self._database.connection() as connection:
                    await connection.execute(f"LISTEN {FEED_CHANNEL}")
                    self.wake()
                    failures = 0
                    while True:
                        async for notice in connection.notifies(timeout=LOOKED_AFTER_S):
                            self.wake(notice.payload)
                        await connection.execute("SELECT 1")
            except (psycopg.Error, OSError) as error:
                log.warning("feed.listener_lost", error=logging.describe(error))
            self.wake()
            failures += 1
            await asyncio.sleep(backoff(failures))

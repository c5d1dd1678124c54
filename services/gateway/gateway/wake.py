"""Wakes those who wait for their agency's feed: one LISTEN connection per process, no polling.

A waiter registers before it reads, so that nothing committed in between is missed. When the connection is lost everyone
is woken: they read, find what there is, and wait again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from chassis import logging
from chassis.backoff import backoff
from chassis.db import Database
from gateway.operations.board_rows import FEED_CHANNEL

log = logging.get(__name__)


class Wakes:
    """Who waits for which agency. `run` listens until it is cancelled."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

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
                    async for notice in connection.notifies():
                        self.wake(notice.payload)
            except (psycopg.Error, OSError) as error:
                log.warning("feed.listener_lost", error=logging.describe(error))
            self.wake()
            failures += 1
            await asyncio.sleep(backoff(failures))

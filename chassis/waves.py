"""What an outbox holds of one topic, sent wave by wave: at least once, each stream in the order of its versions.

It picks *unsent* rows, never "id greater than the last one" (ids commit out of order). `urgent` goes before `bulk`, and
of a topic with a window at most so many bulk rows may be unanswered.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer
from sqlalchemy import Row, text

from chassis import broker, clock, crash, unsent
from chassis.db import AsyncSession, Database
from chassis.outbox import Lane
from chassis.settings import Settings
from chassis.telemetry import span
from contracts.envelope import Envelope, to_headers

WAVE = 1000
"""Urgent rows sent at a time."""
BULK_WAVE = 100
"""Bulk rows sent at a time: an urgent row waits for one such wave at most."""
BULK_WINDOW = 100
"""Bulk rows of a topic with a window that may be unanswered: what an urgent row finds before it on the topic."""
ANSWERED_WITHIN = timedelta(minutes=10)
"""What has no answer by then takes no place in the window: its answer may never come, and others wait."""
PART = "relay"
"""Who it is that remembers a broker, in the database of a service."""


class AnotherRelay(Exception):
    """Another relay has met a new broker since: what was sent to the old one is not marked."""


class Waves:
    """The sending of one topic to one broker. `bell` is rung when something may be due, and when it is over."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        topic: str,
        window: int | None,
        producer: AIOKafkaProducer,
        cluster: str,
    ) -> None:
        self.database = database
        self.settings = settings
        self.topic = topic
        self.window = window
        self.producer = producer
        self.cluster = cluster
        self.bell = asyncio.Event()

    async def run(self, over: asyncio.Event, stop: asyncio.Event) -> None:
        """Sends until it is over; if that is because the process stops, then what is due once more."""
        while not over.is_set():
            self.bell.clear()
            if not await self._wave():
                await self.bell.wait()
        if stop.is_set():
            await self._wave()

    async def _wave(self) -> int:
        """Sends what is due now and waits for every acknowledgement; returns how many rows that were."""
        async with self.database.session() as session:
            rows = await unsent.due(session, self.topic, Lane.URGENT, limit=WAVE) or await self._bulk(session)
        if not rows:
            return 0
        with span("relay wave", attributes={"count": len(rows)}):
            crash.here("relay.before_send")
            await self.send(rows)
            crash.here("relay.after_send")
            await self._mark([row.id for row in rows], clock.now())
            crash.here("relay.after_mark")
        return len(rows)

    async def _bulk(self, session: AsyncSession) -> Sequence[Row[Any]]:
        room = BULK_WAVE
        if self.window is not None:
            unanswered = await unsent.unanswered(session, self.topic, since=clock.now() - ANSWERED_WITHIN)
            room = min(BULK_WAVE, self.window - unanswered)
        return await unsent.due(session, self.topic, Lane.BULK, limit=room) if room > 0 else []

    async def send(self, rows: Sequence[Row[Any]]) -> None:
        """Hands these rows to the broker and waits until it has them all. Raises KafkaError or TimeoutError."""
        async with asyncio.timeout(30):
            # Rows of one stream go to one partition in the order of their versions; send() keeps that order.
            futures = []
            for place, row in enumerate(rows):
                if place == len(rows) // 2:
                    crash.here("relay.mid_wave")
                futures.append(
                    await self.producer.send(
                        broker.wire_name(self.settings, row.topic),
                        value=row.body,
                        key=row.key.encode(),
                        headers=list(to_headers(self._envelope(row))),
                    )
                )
            for outcome in await asyncio.gather(*futures, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _mark(self, ids: list[int], now: datetime) -> None:
        """A relay that lost its lock unawares must not mark what a new broker has never had."""
        async with self.database.transaction() as session:
            if not await broker.is_still(session, PART, self.cluster):
                raise AnotherRelay
            await session.execute(
                text("UPDATE outbox SET sent_at = :now WHERE id = ANY(:ids)"), {"now": now, "ids": ids}
            )

    def _envelope(self, row: Row[tuple[object, ...]]) -> Envelope:
        return Envelope(
            id=row.event_id,
            source=f"/throughgate/{self.settings.service}",
            type=row.type,
            subject=row.key,
            time=row.time,
            version=row.version,
            traceparent=row.traceparent,
        )

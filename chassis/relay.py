"""The relay sends what the outbox holds and marks it sent: at least once, each stream in the order of its versions.

It picks *unsent* rows, never "id greater than the last one" (ids commit out of order). `urgent` goes before `bulk`, and
of a topic with a window at most so many bulk rows may be unanswered. Topics have no order between them, but precedence:
what is due of the first goes first, however much of the others is. One relay per service holds an advisory lock.
A broker with a new cluster id lost its memory: everything the outbox still keeps is sent again, in order.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import Row, text

from chassis import broker, clock, crash, logging, unsent
from chassis.backoff import backoff
from chassis.consumer import CHECK_EVERY
from chassis.db import AsyncSession, Database, is_passing
from chassis.outbox import CHANNEL, Lane
from chassis.settings import Settings
from chassis.telemetry import span
from contracts.envelope import Envelope, to_headers
from contracts.topics import Topic

log = logging.get(__name__)

WAVE = 1000
"""Urgent rows sent at a time."""
BULK_WAVE = 100
"""Bulk rows of one topic sent at a time: an urgent row waits for one such wave at most."""
BULK_WINDOW = 100
"""Bulk rows of a topic with a window that may be unanswered: what an urgent row finds before it on the topic."""
ANSWERED_WITHIN = timedelta(minutes=10)
"""What has no answer by then takes no place in the window: its answer may never come, and others wait."""
TIDIED_EVERY = timedelta(hours=1)
FIRST_TIDIED = timedelta(minutes=1)
"""After a start: what an old outbox sent once more has been taken by then."""
KEPT = timedelta(days=7) - TIDIED_EVERY
"""How long a row stays that is sent: with the time until the next tidying no longer than 7 days, which is promised."""
_LOCK = 7_468_726_371
"""The advisory lock's number, the same in every service's database."""

_PART = "relay"
_NOT_YET = "unsending for "
"""Before the cluster id that is remembered, until everything is marked as unsent."""


class AnotherRelay(Exception):
    """Another relay has met a new broker since: what was sent to the old one is not marked."""


class Relay:
    """Sends the outbox of one service, its topics in their precedence. `bulk_window` limits unanswered bulk rows by
    topic."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        topics: Sequence[Topic],
        bulk_window: Mapping[Topic, int] | None = None,
    ) -> None:
        self.database = database
        self.settings = settings
        self.topics = [str(topic) for topic in topics]
        self.bulk_window = {str(topic): size for topic, size in (bulk_window or {}).items()}
        self.ready = False

    async def run(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                async with self.database.connection() as listener:
                    await self._lead(listener, stop)
                failures = 0
            except Exception as error:
                if not (isinstance(error, KafkaError | OSError | TimeoutError | AnotherRelay) or is_passing(error)):
                    raise
                failures += 1
                log.warning("relay.not_now", attempt=failures, error=logging.describe(error))
                await asyncio.sleep(backoff(failures, top=2.0))
            finally:
                self.ready = False

    async def _lead(self, listener: psycopg.AsyncConnection, stop: asyncio.Event) -> None:
        """Waits for the lock, then sends until stopped or until something fails.

        While another process of the service sends, this one is as ready as it will be: it takes requests.
        """
        while not stop.is_set():
            got = await (await listener.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
            self.ready = not (got and got[0])
            if not self.ready:
                break
            await asyncio.sleep(0.5)
        await listener.execute(f"LISTEN {CHANNEL}")
        cluster = await broker.cluster_id(self.settings)
        # A broker that lost its memory has no topics, and would make them with other partitions than they must have.
        await broker.ensure_topics(self.settings)
        await self._meet(cluster)
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka,
            acks="all",
            linger_ms=0,
            enable_idempotence=self.settings.kafka_idempotent,
            max_request_size=broker.MAX_MESSAGE_BYTES,
            request_timeout_ms=15_000,
        )
        try:
            await producer.start()
            self.ready = True
            checked = clock.now()
            tidied = checked - TIDIED_EVERY + FIRST_TIDIED
            while not stop.is_set():
                sent = await self._wave(producer, cluster)
                if clock.now() - checked > CHECK_EVERY:
                    checked = clock.now()
                    if await broker.cluster_id(self.settings) != cluster:
                        return
                if clock.now() - tidied >= TIDIED_EVERY and not await self._tidied_more():
                    tidied = clock.now()
                if not sent:
                    await _woken(listener)
        finally:
            await broker.close(producer)

    async def _tidied_more(self) -> bool:
        """A bite of what is old is gone, and there may be more of it: the next wave goes before the next bite."""
        async with self.database.transaction() as session:
            return await unsent.forget_old(session, before=clock.now() - KEPT) == unsent.BITE

    async def _wave(self, producer: AIOKafkaProducer, cluster: str) -> int:
        """Sends what is due now and waits for every acknowledgement; returns how many rows that were."""
        async with self.database.session() as session:
            rows = await self._urgent(session) or await self._bulk(session)
        if not rows:
            return 0
        with span("relay wave", attributes={"count": len(rows)}):
            crash.here("relay.before_send")
            await self._send(producer, rows)
            crash.here("relay.after_send")
            await self._mark([row.id for row in rows], cluster, clock.now())
            crash.here("relay.after_mark")
        return len(rows)

    async def _urgent(self, session: AsyncSession) -> list[Row[Any]]:
        rows: list[Row[Any]] = []
        for topic in self.topics:
            if len(rows) < WAVE:
                rows += await unsent.due(session, topic, Lane.URGENT, limit=WAVE - len(rows))
        return rows

    async def _bulk(self, session: AsyncSession) -> list[Row[Any]]:
        rows: list[Row[Any]] = []
        for topic in self.topics:
            limit = BULK_WAVE
            if topic in self.bulk_window:
                open_ = await unsent.unanswered(session, topic, since=clock.now() - ANSWERED_WITHIN)
                limit = min(BULK_WAVE, self.bulk_window[topic] - open_)
            if limit > 0:
                rows += await unsent.due(session, topic, Lane.BULK, limit=limit)
        return rows

    async def _send(self, producer: AIOKafkaProducer, rows: Sequence[Row[Any]]) -> None:
        async with asyncio.timeout(30):
            # Rows of one stream go to one partition in the order of their versions; send() keeps that order.
            futures = []
            for place, row in enumerate(rows):
                if place == len(rows) // 2:
                    crash.here("relay.mid_wave")
                futures.append(
                    await producer.send(
                        broker.wire_name(self.settings, row.topic),
                        value=row.body,
                        key=row.key.encode(),
                        headers=list(to_headers(self._envelope(row))),
                    )
                )
            for outcome in await asyncio.gather(*futures, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _mark(self, ids: list[int], cluster: str, now: datetime) -> None:
        """A relay that lost its lock unawares must not mark what a new broker has never had."""
        async with self.database.transaction() as session:
            if not await broker.is_still(session, _PART, cluster):
                raise AnotherRelay
            await session.execute(
                text("UPDATE outbox SET sent_at = :now WHERE id = ANY(:ids)"), {"now": now, "ids": ids}
            )

    async def _meet(self, cluster: str) -> None:
        """A new broker is known only once all that it must be sent again is unsent: else a crash in between loses it.
        Until then nobody knows the old one either, and who thinks to be still sending to it marks nothing.

        That is every row which is still there, older ones than KEPT as well: after days without a relay a consumer may
        not have taken them, and a stream with a gap stands for ever, the one with a person's erasure too. Consumers
        that have them skip them, and the next tidying deletes them: sending renews nobody's age.
        """
        async with self.database.transaction() as session:
            another = await broker.is_another(session, _PART, cluster)
            await broker.remember(session, _PART, f"{_NOT_YET}{cluster}" if another else cluster)
        if another:
            crash.here("relay.new_broker")
            await unsent.unsend(self.database)
            async with self.database.transaction() as session:
                await broker.remember(session, _PART, cluster)

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


async def _woken(listener: psycopg.AsyncConnection) -> None:
    """Returns when something was written, or after half a second."""
    async for _ in listener.notifies(timeout=0.5, stop_after=1):
        return

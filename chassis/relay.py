"""The relay sends what the outbox of its service holds, each topic by itself: none waits for another's wave, so that
what is denied goes while decisions are being sent.

One relay per service holds an advisory lock, and is woken by NOTIFY. Its connections are its own: requests that wait
for one person's lock may have all the others of the process, and what is denied meanwhile goes all the same.
A broker with a new cluster id lost its memory: everything the outbox still keeps is sent again, in order.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from chassis import broker, clock, crash, cut_off, logging, unsent
from chassis.backoff import backoff, pause
from chassis.consumer import CHECK_EVERY
from chassis.db import Database, is_passing
from chassis.outbox import CHANNEL
from chassis.settings import Settings
from chassis.waves import PART, AnotherRelay, Waves
from contracts.topics import Topic

log = logging.get(__name__)

TIDIED_EVERY = timedelta(hours=1)
FIRST_TIDIED = timedelta(minutes=1)
"""After a start: what an old outbox sent once more has been taken by then."""
KEPT = timedelta(days=7) - TIDIED_EVERY
"""How long a row stays that is sent: with the time until the next tidying no longer than 7 days, which is promised."""
_LOCK = 7_468_726_371
"""The advisory lock's number, the same in every service's database."""

_NOT_YET = "unsending for "
"""Before the cluster id that is remembered, until everything is marked as unsent."""


class Relay:
    """Sends the outbox of one service. `bulk_window` limits unanswered bulk rows by topic."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        topics: Sequence[Topic],
        bulk_window: Mapping[Topic, int] | None = None,
    ) -> None:
        self.database = database.apart(len(topics) + 1)
        self.settings = settings
        self.topics = tuple(topics)
        self.bulk_window = dict(bulk_window or {})
        self.ready = False

    async def run(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                async with self.database.connection() as listener:
                    await self._lead(listener, stop)
                failures = 0
            except Exception as error:
                if not _is_passing(error):
                    raise
                failures = 1 if self.ready else failures + 1
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
        else:
            return
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
            await self._send(listener, producer, cluster, stop)
        finally:
            await cut_off.close(producer)

    async def _send(
        self, listener: psycopg.AsyncConnection, producer: AIOKafkaProducer, cluster: str, stop: asyncio.Event
    ) -> None:
        """Sends until stopped, until the broker is another or until something fails; each wave that is under way ends.
        Raises what failed, and of several things what will not pass."""
        over = asyncio.Event()
        topics = [self.waves(topic, producer, cluster) for topic in self.topics]
        bells = [topic.bell for topic in topics]

        async def part(work: Coroutine[Any, Any, None]) -> None:
            try:
                await work
            finally:
                over.set()
                _ring(bells)

        parts = [
            self._listen(listener, bells, stop, over),
            self._look_after(cluster, over),
            *(topic.run(over, stop) for topic in topics),
        ]
        outcomes = await asyncio.gather(*map(part, parts), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        for failure in sorted(failures, key=_is_passing):
            raise failure

    def waves(self, topic: Topic, producer: AIOKafkaProducer, cluster: str) -> Waves:
        """The sending of one of the topics to the broker that this producer sends to."""
        return Waves(
            self.database,
            self.settings,
            topic=str(topic),
            window=self.bulk_window.get(topic),
            producer=producer,
            cluster=cluster,
        )

    async def _listen(
        self,
        listener: psycopg.AsyncConnection,
        bells: Sequence[asyncio.Event],
        stop: asyncio.Event,
        over: asyncio.Event,
    ) -> None:
        """Rings when something was written, and now and then, until stopped."""
        while not (stop.is_set() or over.is_set()):
            await _woken(listener)
            _ring(bells)

    async def _look_after(self, cluster: str, over: asyncio.Event) -> None:
        """Tidies, and ends when the broker is another."""
        tidied = clock.now() - TIDIED_EVERY + FIRST_TIDIED
        while not over.is_set() and await broker.cluster_id(self.settings) == cluster:
            if clock.now() - tidied >= TIDIED_EVERY and not await self._tidied_more():
                tidied = clock.now()
            await pause(over, CHECK_EVERY.total_seconds())

    async def _tidied_more(self) -> bool:
        """A bite of what is old is gone, and there may be more of it: the next bite comes after a while."""
        async with self.database.transaction() as session:
            return await unsent.forget_old(session, before=clock.now() - KEPT) == unsent.BITE

    async def _meet(self, cluster: str) -> None:
        """A new broker is known only once all that it must be sent again is unsent: else a crash in between loses it.
        Until then nobody knows the old one either, and who thinks to be still sending to it marks nothing.

        That is every row which is still there, older ones than KEPT as well: after days without a relay a consumer may
        not have taken them, and a stream with a gap stands for ever, the one with a person's erasure too. Consumers
        that have them skip them, and the next tidying deletes them: sending renews nobody's age.
        """
        async with self.database.transaction() as session:
            another = await broker.is_another(session, PART, cluster)
            await broker.remember(session, PART, f"{_NOT_YET}{cluster}" if another else cluster)
        if another:
            crash.here("relay.new_broker")
            await unsent.unsend(self.database)
            async with self.database.transaction() as session:
                await broker.remember(session, PART, cluster)


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, KafkaError | OSError | TimeoutError | AnotherRelay) or is_passing(error)


def _ring(bells: Sequence[asyncio.Event]) -> None:
    for bell in bells:
        bell.set()


async def _woken(listener: psycopg.AsyncConnection) -> None:
    """Returns when something was written, or after half a second."""
    async for _ in listener.notifies(timeout=0.5, stop_after=1):
        return

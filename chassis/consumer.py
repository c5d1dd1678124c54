"""The one consumer loop: fetch a batch, check each message's turn, apply, commit once, then commit offsets.

How a batch is committed, and what becomes of a message that cannot be applied, is in `chassis.batches`. Many that are
parked in a row stop the process: that is a bad deployment, not bad data.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis import broker, clock, crash, cut_off, logging, parked
from chassis.backoff import backoff, pause
from chassis.batches import Batches, Stopping
from chassis.db import Database, is_passing
from chassis.lag import Progress
from chassis.settings import Settings
from chassis.stream import Message, Turns, take_turns
from chassis.telemetry import span
from contracts.envelope import Envelope, Unreadable, decode, from_headers, readable
from contracts.errors import Invalid
from contracts.event import EventData
from contracts.topics import Topic

log = logging.get(__name__)

MAX_PARKED_IN_A_ROW = 50
BATCH = 500
OVERDUE = timedelta(minutes=1)
CHECK_EVERY = timedelta(seconds=2)
LOOKS_EVERY_S = 0.05

D = TypeVar("D", bound=EventData, covariant=True)


@dataclass(frozen=True)
class Received(Generic[D]):
    """An event whose turn has come, with its typed data."""

    id: str
    topic: str
    key: str
    version: int
    time: datetime
    traceparent: str | None
    data: D


@dataclass(frozen=True)
class Together:
    """A handler that takes a run of events of its type at once, in order."""

    handler: Callable[[AsyncSession, Sequence[Any]], Awaitable[None]]


Handler = Callable[[AsyncSession, Any], Awaitable[None]] | Together
Apply = Callable[[AsyncSession, Sequence[Received[EventData]]], Awaitable[None]]


class Misplaced(Invalid):
    """The event belongs into another stream than the one that it came in."""

    code = "misplaced-event"


class TooManyParked(Exception):
    """Message after message cannot be applied: stop, rather than bury everything."""


def dispatch(handlers: Mapping[type[EventData], Handler]) -> Apply:
    """An Apply that hands each event to its handler, in order; types without a handler are passed over."""

    async def apply(session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
        done = 0
        for kind, grouped in groupby(batch, key=lambda received: type(received.data)):
            handler, run = handlers.get(kind), list(grouped)
            steps = [run] if isinstance(handler, Together) else [[received] for received in run]
            for step in steps:
                if done <= len(batch) // 2 < done + len(step):
                    crash.here("consumer.mid_batch")
                done += len(step)
                if isinstance(handler, Together):
                    await handler.handler(session, step)
                elif handler:
                    await handler(session, step[0])

    return apply


class Consumer:
    """One consumer group of a service over some topics. `run(stop)` ends cleanly when `stop` is set.

    The group's name on the broker ends with the cluster's id: a broker that lost its memory is read from its beginning,
    whatever was committed to it before anybody noticed.

    It works with a connection of its own: what was taken in goes on while requests have all the others.

    It begins when `first` has taken what was there for it: what came over that way while both were away goes before.

    A message that `believes` says no to is passed over and takes no turn: who may write to a topic cannot take the turn
    of a message that its owner has signed, and that message still has its own whenever it comes.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        group: str,
        topics: Sequence[Topic],
        apply: Apply,
        batch: int = BATCH,
        after_commit: Callable[[], Awaitable[None]] | None = None,
        believes: Callable[[Message], bool] | None = None,
        first: "Consumer | None" = None,
    ) -> None:
        self.database = database.apart(1)
        self.settings = settings
        self.group = settings.kafka_topic_prefix + group
        self.topics = tuple(topics)
        self.apply = apply
        self.batch = batch
        self.ready = False
        self.first = first
        self.caught_up = False
        self._after_commit = after_commit
        self._believes = believes
        self._parked_in_a_row = 0
        self._batches = Batches(
            self.database, group=self.group, size=batch, transact=self._transaction, park=self._park
        )
        self.progress = Progress()

    async def run(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                await self._consume(stop)
                failures = 0
            except Stopping:
                return
            except Exception as error:
                if not (isinstance(error, KafkaError | OSError | TimeoutError) or is_passing(error)):
                    raise
                failures += 1
                log.warning("consumer.not_there", group=self.group, attempt=failures, error=logging.describe(error))
                await pause(stop, backoff(failures))
            finally:
                self.ready = False

    async def _consume(self, stop: asyncio.Event) -> None:
        cluster = await broker.cluster_id(self.settings)
        await broker.ensure_topics(self.settings)
        shared = self.topics if self.settings.kafka_groups else ()
        consumer = AIOKafkaConsumer(
            *(broker.wire_name(self.settings, topic) for topic in shared),
            bootstrap_servers=self.settings.kafka,
            group_id=f"{self.group}.{cluster}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=self.settings.kafka_fetch_wait_ms,
            session_timeout_ms=self.settings.kafka_session_timeout_ms,
            heartbeat_interval_ms=self.settings.kafka_session_timeout_ms // 5,
            max_partition_fetch_bytes=broker.MAX_MESSAGE_BYTES,
            metadata_max_age_ms=30_000,
        )
        try:
            await consumer.start()
            if not shared:
                consumer.assign(broker.partitions(self.settings, self.topics))
            self.progress.begin(consumer)
            while self.first is not None and not self.first.caught_up and not stop.is_set():
                await pause(stop, LOOKS_EVERY_S)
            self.ready = True
            await cut_off.while_it_hears(consumer, self._take(consumer, cluster, stop))
        finally:
            self.progress.begin(None)
            await cut_off.close(consumer)

    async def _take(self, consumer: AIOKafkaConsumer, cluster: str, stop: asyncio.Event) -> None:
        """Batch after batch, until stopped or until the broker is another."""
        idle_since = clock.now()
        while not stop.is_set():
            records = await consumer.getmany(timeout_ms=200, max_records=self.batch)
            if records:
                await self._handle(consumer, records, stop)
            self.caught_up = self.caught_up or await self.progress.has_caught_up()
            if clock.now() - idle_since > CHECK_EVERY:
                idle_since = clock.now()
                await self._take_up_waiting(stop)
                if await broker.cluster_id(self.settings) != cluster:
                    return

    async def _handle(
        self,
        consumer: AIOKafkaConsumer,
        records: Mapping[TopicPartition, list[ConsumerRecord]],
        stop: asyncio.Event,
    ) -> None:
        self.progress.fetched(records)
        messages = []
        for partition in records:
            for record in records[partition]:
                try:
                    messages.append(self._message(record))
                except Unreadable as error:
                    await self._park(self._unreadable(record), error.code)
        await self.process(messages, stop)
        self.progress.took(records)
        crash.here("consumer.after_commit")
        try:
            await consumer.commit({partition: batch[-1].offset + 1 for partition, batch in records.items()})
            crash.here("consumer.after_offsets")
        except CommitFailedError:
            log.info("consumer.rebalanced", group=self.group)

    async def process(self, messages: Sequence[Message], stop: asyncio.Event) -> None:
        """Applies a batch, in one transaction if it can be, and what waited for its turns."""
        if self._believes is not None:
            messages = [message for message in messages if self._believes(message)]
        await self._batches.process(messages, stop)

    async def _transaction(self, messages: Sequence[Message], along: int) -> Turns:
        links = tuple({found for m in messages if (found := m.envelope.traceparent)})[:32]
        alone = links[0] if len(links) == 1 else None
        with span(f"{self.group} batch", traceparent=alone, links=links, attributes={"count": len(messages)}):
            async with self.database.transaction() as session:
                turns = await take_turns(session, messages, now=clock.now(), along=along)
                ready = [received for message in turns.ready if (received := _received(message))]
                crash.here("consumer.before_apply")
                if ready:
                    await self.apply(session, ready)
                crash.here("consumer.before_commit")
        if turns.waiting:
            log.info("consumer.waiting", group=self.group, waiting=turns.waiting)
        if self._after_commit:
            await self._after_commit()
        self._parked_in_a_row = 0
        return turns

    async def _park(self, message: Message, reason: str, error: BaseException | None = None) -> None:
        async with self.database.transaction() as session:
            if not await parked.park(session, message, reason=reason, now=clock.now()):
                return
        log.error(
            "consumer.parked",
            group=self.group,
            topic=message.topic,
            stream_version=message.envelope.version,
            event_type=message.envelope.type,
            code=reason,
            where=logging.places(error.__traceback__) if error else None,
        )
        self._parked_in_a_row += 1
        if self._parked_in_a_row >= MAX_PARKED_IN_A_ROW:
            raise TooManyParked(f"{self.group}: {self._parked_in_a_row} streams parked in a row")

    async def _take_up_waiting(self, stop: asyncio.Event) -> None:
        """Streams whose next message is already here: after a retry or a skip."""
        async with self.database.session() as session:
            streams = await parked.runnable(session, self.topics, limit=100)
            overdue = await parked.overdue_turns(session, before=clock.now() - OVERDUE)
        if overdue:
            log.error("consumer.gap", group=self.group, waiting=overdue)
        for message in await self._batches.following(streams):
            await self.process([message], stop)

    def _message(self, record: ConsumerRecord) -> Message:
        key, envelope = readable(record.key, "the key"), from_headers(record.headers)
        return Message(broker.own_name(self.settings, record.topic), key, envelope, record.value or b"")

    def _unreadable(self, record: ConsumerRecord) -> Message:
        """A message without a readable envelope has no stream: it is parked as one of its own."""
        key = f"?{record.partition}-{record.offset}"
        envelope = Envelope(id=key, source="unknown", type="unreadable", subject=key, time=clock.now(), version=1)
        return Message(broker.own_name(self.settings, record.topic), key, envelope, record.value or b"")


def _received(message: Message) -> Received[EventData] | None:
    data = decode(message.envelope, message.value)
    if data is None:
        return None
    if (data.TOPIC, data.key) != message.stream:
        raise Misplaced
    envelope = message.envelope
    return Received(
        id=envelope.id,
        topic=message.topic,
        key=message.key,
        version=envelope.version,
        time=envelope.time,
        traceparent=envelope.traceparent,
        data=data,
    )

"""What is single by design, twice at once: relays, consumers of one partition; and topics with wrong partitions."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import Row, text

from chassis import clock
from chassis.broker import WrongTopics, remember, wire_name
from chassis.consumer import Consumer, dispatch
from chassis.db import Database
from chassis.outbox import emit_all
from chassis.relay import Relay
from chassis.settings import Environment, Settings
from chassis.stream import Message
from chassis.waves import Waves
from contracts.caseload import MappaChangedV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, applied, keep, mappa
from tests.support.broker import Broker
from tests.support.eventually import eventually

PERSONS = [f"person-{number}" for number in range(10)]
ROUNDS = 12
_TRIED = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND query LIKE '%pg_try_advisory_lock%' AND query_start > :since
"""


class Watched(Relay):
    """A relay that says which rows it sent, each time, and can be held before it marks them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        super().__init__(database, settings, topics=[Topic.CASELOAD_EVENTS])
        self.sent: Counter[int] = Counter()
        self.before_mark: Callable[[], Awaitable[None]] | None = None

    def waves(self, topic: Topic, producer: AIOKafkaProducer, cluster: str) -> Waves:
        waves = super().waves(topic, producer, cluster)
        send = waves.send

        async def watched(rows: Sequence[Row[Any]]) -> None:
            await send(rows)
            self.sent.update(row.id for row in rows)
            if self.before_mark is not None:
                held, self.before_mark = self.before_mark, None
                await held()

        waves.send = watched  # type: ignore[method-assign]
        return waves


class Counted(Consumer):
    """A consumer that says how many messages it was handed."""

    met = 0

    async def process(self, messages: Sequence[Message], stop: asyncio.Event) -> None:
        self.met += len(messages)
        await super().process(messages, stop)


def _relay(database: Database, settings: Settings) -> Watched:
    return Watched(database, settings)


def _consumer(database: Database, settings: Settings) -> Counted:
    return Counted(
        database,
        settings,
        group="test",
        topics=[Topic.CASELOAD_EVENTS],
        apply=dispatch({MappaChangedV1: keep}),
        batch=7,
    )


async def _is_ready(part: Relay | Consumer) -> bool:
    return part.ready


async def _tries_for_the_lock(database: Database, since: datetime) -> bool:
    """Whether a relay has asked for the lock since then and for nothing after it: who has it listens and sends."""
    async with database.session() as session:
        return bool(await session.scalar(text(_TRIED), {"since": since}))


async def _each_once(
    database: Database, *, rounds: int = ROUNDS, before: int = 0, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Writes rounds of events after those `before` and waits until each was applied once, in its turn."""
    for number in range(rounds):
        async with database.transaction() as session:
            await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
        if number % 4 == 1:
            meanwhile()

    async def everything() -> bool:
        found = await applied(database)
        assert found == {person: list(range(1, before + rounds + 1)) for person in PERSONS}
        return True

    await eventually(everything, within=60)


async def test_a_second_relay_is_ready_while_the_first_one_sends_and_takes_over_from_it(
    database: Database, settings: Settings
) -> None:
    first, second = _relay(database, settings), _relay(database, settings)
    over = asyncio.Event()
    sending = asyncio.create_task(first.run(over))
    try:
        await eventually(partial(_is_ready, first), within=40)
        async with running(second.run, _consumer(database, settings).run):
            await eventually(partial(_is_ready, second), within=40)
            await eventually(partial(_tries_for_the_lock, database, clock.now()))
            await _each_once(database, rounds=1)
            assert first.sent, "the first did not lead"
            assert not second.sent, "both lead"
            await eventually(partial(_tries_for_the_lock, database, clock.now()))
            over.set()
            await sending
            await _each_once(database, before=1)
    finally:
        over.set()
        await sending
    assert len(second.sent) == ROUNDS * len(PERSONS), "the second did not take over"


async def test_who_is_told_to_stop_before_it_has_the_lock_sends_nothing(database: Database, settings: Settings) -> None:
    leading, waiting = _relay(database, settings), _relay(database, settings)
    held = asyncio.Event()
    leading.before_mark = held.wait  # type: ignore[assignment]
    async with running(leading.run):
        await eventually(partial(_is_ready, leading), within=40)
        over = asyncio.Event()
        stopping = asyncio.create_task(waiting.run(over))
        await eventually(partial(_is_ready, waiting), within=40)
        async with database.transaction() as session:
            await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
        over.set()
        await stopping
        held.set()
    assert not waiting.sent


@pytest.mark.kafka
async def test_two_relays_and_the_one_that_leads_loses_its_lock_unawares(
    database: Database, settings: Settings
) -> None:
    """The one that leads stands still with a wave sent and not marked until the other has sent that wave too."""

    def lose_every_lock() -> None:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )

    leading, waiting = _relay(database, settings), _relay(database, settings)

    async def until_overtaken() -> None:
        lose_every_lock()
        await eventually(lambda: leading.sent.keys() <= waiting.sent.keys(), within=60)

    def lose_it_again() -> None:
        if leading.before_mark is None:
            lose_every_lock()

    leading.before_mark = until_overtaken
    consumer = _consumer(database, settings)
    async with running(leading.run, consumer.run):
        await eventually(partial(_is_ready, leading), within=40)
        async with running(waiting.run):
            await _each_once(database, meanwhile=lose_it_again)
    assert leading.before_mark is None, "it never led"
    assert leading.sent.keys() & waiting.sent.keys(), "never had both the same to send"
    assert consumer.met > ROUNDS * len(PERSONS), "nothing came twice"


async def test_who_lost_the_lock_marks_nothing_once_another_relay_has_met_a_new_broker(
    database: Database, settings: Settings
) -> None:
    """It sent to a broker that is gone. What it marked, nobody would send to the new one."""

    async def another_meets() -> None:
        async with database.transaction() as session:
            await remember(session, "relay", "a-cluster-of-another-time")

    relay = _relay(database, settings)
    relay.before_mark = another_meets
    async with database.transaction() as session:
        await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)

    async def sent_again() -> bool:
        assert relay.sent
        assert set(relay.sent.values()) == {2}, relay.sent
        assert await applied(database) == {person: [1] for person in PERSONS}
        return True

    async with running(relay.run, _consumer(database, settings).run):
        await eventually(sent_again, within=40)


async def test_what_was_written_first_and_committed_last_is_sent_too(database: Database, settings: Settings) -> None:
    """Ids are given when a row is written, and rows are seen when they are committed: never in the same order."""

    async def is_there(person: str) -> bool:
        return person in await applied(database)

    async with running(_relay(database, settings).run, _consumer(database, settings).run):
        async with database.transaction() as slow:
            await emit_all(slow, [mappa("slow")], now=NOW)
            async with database.transaction() as quick:
                await emit_all(quick, [mappa("quick")], now=NOW)
            await eventually(lambda: is_there("quick"), within=40)
        await eventually(lambda: is_there("slow"), within=20)


@pytest.mark.kafka
async def test_two_consumers_of_every_partition(database: Database, settings: Settings) -> None:
    alone = settings.model_copy(update={"kafka_groups": False})
    consumers = [_consumer(database, alone), _consumer(database, alone)]
    async with running(_relay(database, settings).run, consumers[0].run, consumers[1].run):
        for consumer in consumers:
            await eventually(partial(_is_ready, consumer), within=40)
        await _each_once(database)
    assert all(consumer.met for consumer in consumers), "one of them never had anything"
    assert sum(consumer.met for consumer in consumers) > ROUNDS * len(PERSONS), "never had both the same"


@pytest.mark.kafka
@pytest.mark.parametrize("part", ["relay", "consumer"])
async def test_a_topic_with_the_wrong_partitions_stops_the_process(
    database: Database, broker: Broker, part: str
) -> None:
    settings = Settings(environment=Environment.TEST, service="caseload", **broker.settings)  # type: ignore[arg-type]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(wire_name(settings, Topic.CASELOAD_EVENTS), 4, 1)])
    finally:
        await admin.close()
    working = _relay(database, settings) if part == "relay" else _consumer(database, settings)
    with pytest.raises(WrongTopics, match=Topic.CASELOAD_EVENTS):
        await asyncio.wait_for(working.run(asyncio.Event()), timeout=60)

"""What is single by design, twice at once: relays, consumers of one partition; and topics with wrong partitions."""

import asyncio
from collections.abc import Callable
from functools import partial

import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from chassis.broker import WrongTopics, wire_name
from chassis.consumer import Consumer, dispatch
from chassis.db import Database
from chassis.outbox import emit_all
from chassis.relay import Relay
from chassis.settings import Environment, Settings
from contracts.caseload import MappaChangedV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, applied, keep, mappa
from tests.support.broker import Broker, EmbeddedBroker
from tests.support.eventually import eventually

PERSONS = [f"person-{number}" for number in range(10)]
ROUNDS = 12


def _relay(database: Database, settings: Settings) -> Relay:
    return Relay(database, settings, topics=[Topic.CASELOAD_EVENTS])


def _consumer(database: Database, settings: Settings) -> Consumer:
    return Consumer(
        database,
        settings,
        group="test",
        topics=[Topic.CASELOAD_EVENTS],
        apply=dispatch({MappaChangedV1: keep}),
        batch=7,
    )


async def _each_once(database: Database, *, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Writes rounds of events and waits until each was applied once, in its turn."""
    for number in range(ROUNDS):
        async with database.transaction() as session:
            await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
        if number % 4 == 1:
            meanwhile()

    async def everything() -> bool:
        found = await applied(database)
        assert found == {person: list(range(1, ROUNDS + 1)) for person in PERSONS}
        return True

    await eventually(everything, within=60)


async def test_a_second_relay_is_ready_while_the_first_one_sends_and_takes_over_from_it(
    database: Database, settings: Settings
) -> None:
    first, second = _relay(database, settings), _relay(database, settings)

    async def is_ready(relay: Relay) -> bool:
        return relay.ready

    async with running(second.run, _consumer(database, settings).run):
        async with running(first.run):
            for relay in (first, second):
                await eventually(partial(is_ready, relay), within=40)
        await _each_once(database)


@pytest.mark.kafka
async def test_two_relays_and_the_one_that_leads_loses_its_lock_unawares(
    database: Database, settings: Settings
) -> None:
    def lose_every_lock() -> None:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )

    relays = [_relay(database, settings), _relay(database, settings)]
    async with running(relays[0].run, relays[1].run, _consumer(database, settings).run):
        await _each_once(database, meanwhile=lose_every_lock)


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
        await _each_once(database)


@pytest.mark.parametrize("part", ["relay", "consumer"])
async def test_a_topic_with_the_wrong_partitions_stops_the_process(
    database: Database, make_broker: Callable[[], EmbeddedBroker], part: str
) -> None:
    broker: Broker = make_broker().broker
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

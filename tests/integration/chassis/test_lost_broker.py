"""A broker that lost everything: the relay sends again what the outbox keeps; consumers skip what they have seen."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis import clock, relay
from chassis.broker import ensure_topics
from chassis.consumer import Consumer, dispatch
from chassis.db import Database
from chassis.outbox import emit_all
from chassis.relay import Relay
from chassis.settings import Environment, Settings
from chassis.unsent import forget_old
from contracts.caseload import MappaChangedV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, applied, keep, mappa
from tests.support.broker import Broker, EmbeddedBroker
from tests.support.eventually import eventually
from tests.support.kafka import KafkaServer

PERSONS = [f"person-{number}" for number in range(20)]


async def test_nothing_is_lost_or_doubled(database: Database, make_broker: Callable[[], EmbeddedBroker]) -> None:
    server = make_broker()

    async def back() -> None:
        server.start()
        await ensure_topics(_settings(server.broker))

    await _each_once(database, _settings(server.broker), kill=server.kill, back=back)


async def test_the_same_on_apache_kafka(database: Database, kafka_node: KafkaServer, kafka_broker: Broker) -> None:
    """Whose topics nobody makes but who misses them, whose producers count, and whose groups had offsets."""

    async def back() -> None:
        await asyncio.to_thread(kafka_node.empty)
        await asyncio.to_thread(kafka_node.start)

    settings = _settings(replace(kafka_broker, prefix="lost."))
    await _each_once(database, settings, kill=kafka_node.end, back=back)


async def _each_once(
    database: Database, settings: Settings, *, kill: Callable[[], None], back: Callable[[], Awaitable[None]]
) -> None:
    """Each is applied once, in its turn: what was sent and nobody took, what was written while the broker was away."""
    await ensure_topics(settings)

    async def write() -> None:
        async with database.transaction() as session:
            await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)

    async def applied_up_to(version: int) -> bool:
        return await applied(database) == {person: list(range(1, version + 1)) for person in PERSONS}

    async with running(Relay(database, settings, topics=[Topic.CASELOAD_EVENTS]).run):
        async with running(_consumer(database, settings).run):
            await write()
            await eventually(lambda: applied_up_to(1), within=40)
            kill()
            await write()
            await back()
            await eventually(lambda: applied_up_to(2), within=60)
        await write()
        await eventually(lambda: _all_sent(database), within=40)
        kill()
        await write()
        await back()
        async with running(_consumer(database, settings).run):
            await eventually(lambda: applied_up_to(4), within=60)


def _consumer(database: Database, settings: Settings) -> Consumer:
    return Consumer(
        database, settings, group="test", topics=[Topic.CASELOAD_EVENTS], apply=dispatch({MappaChangedV1: keep})
    )


def _settings(broker: Broker) -> Settings:
    return Settings(environment=Environment.TEST, service="caseload", **broker.settings)  # type: ignore[arg-type]


async def _all_sent(database: Database) -> bool:
    async with database.session() as session:
        return not await session.scalar(text("SELECT count(*) FROM outbox WHERE sent_at IS NULL"))


async def test_what_is_sent_to_a_new_broker_again_is_no_younger_for_it(
    database: Database, make_broker: Callable[[], EmbeddedBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old rows are sent once more, for whoever has not had them, and are gone with the next tidying."""
    server = make_broker()
    settings = _settings(server.broker)
    await ensure_topics(settings)
    sender = Relay(database, settings, topics=[Topic.CASELOAD_EVENTS])
    written, old = clock.now(), clock.now() - timedelta(days=8)
    async with database.transaction() as session:
        await emit_all(session, [mappa("old")], now=old)
        await emit_all(session, [mappa("p"), mappa("p")], now=written)

    async with running(sender.run):
        await eventually(lambda: _all_sent(database), within=40)
    server.kill()
    server.start()
    for how_long in ("FIRST_TIDIED", "TIDIED_EVERY"):
        monkeypatch.setattr(relay, how_long, timedelta(0))
    consumer = _consumer(database, settings)

    async def all_applied() -> bool:
        return await applied(database) == {"old": [1], "p": [1, 2]}

    async def old_is_gone() -> bool:
        async with database.session() as session:
            return set(await session.scalars(text("SELECT key FROM outbox"))) == {"p"}

    async with running(sender.run, consumer.run):
        await eventually(all_applied, within=40)
        await eventually(old_is_gone, within=20)
    assert await _all_sent(database)
    async with database.transaction() as session:
        assert await forget_old(session, before=written) == 0
        assert await forget_old(session, before=written + timedelta(microseconds=1)) == 2

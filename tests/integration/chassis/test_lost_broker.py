"""A broker that lost everything: the relay sends again what the outbox keeps; consumers skip what they have seen."""

from collections.abc import Callable
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
from tests.support.broker import EmbeddedBroker
from tests.support.eventually import eventually

PERSONS = [f"person-{number}" for number in range(20)]


async def test_nothing_is_lost_or_doubled(database: Database, make_broker: Callable[[], EmbeddedBroker]) -> None:
    server = make_broker()
    made = server.broker.settings
    settings = Settings(environment=Environment.TEST, service="caseload", **made)  # type: ignore[arg-type]
    await ensure_topics(settings)
    relay = Relay(database, settings, topics=[Topic.CASELOAD_EVENTS])
    consumer = Consumer(
        database, settings, group="test", topics=[Topic.CASELOAD_EVENTS], apply=dispatch({MappaChangedV1: keep})
    )

    async def applied_up_to(version: int) -> bool:
        return await applied(database) == {person: list(range(1, version + 1)) for person in PERSONS}

    async with running(relay.run, consumer.run):
        async with database.transaction() as session:
            await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
        await eventually(lambda: applied_up_to(1), within=40)
        for version in (2, 3):
            server.kill()
            async with database.transaction() as session:
                await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
            server.start()
            await ensure_topics(settings)
            await eventually(lambda: applied_up_to(version), within=60)  # noqa: B023


async def _unsent(database: Database) -> int:
    async with database.session() as session:
        return int(await session.scalar(text("SELECT count(*) FROM outbox WHERE sent_at IS NULL")) or 0)


async def test_what_is_sent_to_a_new_broker_again_is_no_younger_for_it(
    database: Database, make_broker: Callable[[], EmbeddedBroker], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old rows are sent once more, for whoever has not had them, and are gone with the next tidying."""
    server = make_broker()
    settings = Settings(environment=Environment.TEST, service="caseload", **server.broker.settings)  # type: ignore[arg-type]
    await ensure_topics(settings)
    sender = Relay(database, settings, topics=[Topic.CASELOAD_EVENTS])
    written, old = clock.now(), clock.now() - timedelta(days=8)
    async with database.transaction() as session:
        await emit_all(session, [mappa("old")], now=old)
        await emit_all(session, [mappa("p"), mappa("p")], now=written)

    async def all_sent() -> bool:
        return await _unsent(database) == 0

    async with running(sender.run):
        await eventually(all_sent, within=40)
    server.kill()
    server.start()
    monkeypatch.setattr(relay, "FIRST_TIDIED", timedelta(0))
    consumer = Consumer(
        database, settings, group="test", topics=[Topic.CASELOAD_EVENTS], apply=dispatch({MappaChangedV1: keep})
    )

    async def all_applied() -> bool:
        return await applied(database) == {"old": [1], "p": [1, 2]}

    async def old_is_gone() -> bool:
        async with database.session() as session:
            return set(await session.scalars(text("SELECT key FROM outbox"))) == {"p"}

    async with running(sender.run, consumer.run):
        await eventually(all_applied, within=40)
        await eventually(old_is_gone, within=20)
    assert await _unsent(database) == 0
    async with database.transaction() as session:
        assert await forget_old(session, before=written) == 0
        assert await forget_old(session, before=written + timedelta(microseconds=1)) == 2

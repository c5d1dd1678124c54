"""A broker that lost everything: the relay sends again what the outbox keeps; consumers skip what they have seen."""

from collections.abc import Callable

from chassis.broker import ensure_topics
from chassis.consumer import Consumer, dispatch
from chassis.db import Database
from chassis.outbox import emit_all
from chassis.relay import Relay
from chassis.settings import Environment, Settings
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

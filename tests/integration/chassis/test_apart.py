"""What was taken in goes on while requests have every connection of the process: they all wait for somebody's lock."""

from sqlalchemy import text

from chassis.consumer import Consumer, dispatch
from chassis.db import Database
from chassis.outbox import emit_all
from chassis.relay import Relay
from chassis.settings import Settings
from contracts.caseload import MappaChangedV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, applied, keep, mappa
from tests.support.eventually import eventually

PERSONS = ["a", "b"]
TOPICS = [Topic.CASELOAD_EVENTS]


async def test_what_was_taken_in_waits_for_no_request(database: Database, settings: Settings) -> None:
    async with database.transaction() as session:
        await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
    process = Database(database.url, pool_size=1)
    relay = Relay(process, settings, topics=TOPICS)
    consumer = Consumer(process, settings, group="test", topics=TOPICS, apply=dispatch({MappaChangedV1: keep}))

    async def all_applied() -> bool:
        return await applied(database) == {person: [1] for person in PERSONS}

    async with process.transaction() as request:
        await request.execute(text("SELECT 1"))
        async with running(relay.run, consumer.run):
            await eventually(all_applied, within=40)
    await process.close()

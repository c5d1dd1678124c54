"""Clients of the broker that are cut off where aiokafka does not notice it: each is closed, and another one made."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from aiokafka import AIOKafkaConsumer, conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from chassis import cut_off
from chassis.broker import wire_name
from chassis.consumer import Consumer, dispatch
from chassis.db import Database
from chassis.outbox import emit
from chassis.relay import Relay
from chassis.settings import Settings
from contracts.caseload import MappaChangedV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, applied, keep, mappa
from tests.support.broker import EmbeddedBroker
from tests.support.eventually import eventually
from throughgate.local.ports import LOOPBACK

SENT = 5


async def _sent_by_turns(server: EmbeddedBroker) -> list[object]:
    """What comes of a request in each turn of the loop from the broker's death on: in one of them the connection is
    gone and nobody was told."""
    connection = await conn.create_conn(LOOPBACK, server.port)
    server.kill()
    outcomes: list[object] = []
    waiting = []
    for _ in range(SENT):
        try:
            waiting.append(asyncio.ensure_future(connection.send(MetadataRequest([]))))
        except Exception as error:
            outcomes.append(error)
        await asyncio.sleep(0)
    return [*outcomes, *await asyncio.gather(*waiting, return_exceptions=True)]


async def test_who_writes_to_a_connection_that_is_gone_is_told_of_a_broken_one(
    make_broker: Callable[[], EmbeddedBroker],
) -> None:
    """On uvloop, as services run."""
    outcomes = await asyncio.to_thread(uvloop.run, _sent_by_turns(make_broker()))
    assert [type(outcome) for outcome in outcomes] == [KafkaConnectionError] * SENT


FETCHES: Callable[[AIOKafkaConsumer], "asyncio.Task[None]"] = lambda client: client._fetcher.error_future  # noqa: E731
KNOWS: Callable[[AIOKafkaConsumer], "asyncio.Task[None]"] = lambda client: client._client._sync_task  # noqa: E731


@pytest.mark.kafka
@pytest.mark.parametrize("task_of", [FETCHES, KNOWS], ids=["fetches", "knows its cluster"])
async def test_a_consumer_whose_client_is_deaf_takes_another(
    database: Database, settings: Settings, task_of: Callable[[AIOKafkaConsumer], "asyncio.Task[None]"]
) -> None:
    consumer = Consumer(
        database, settings, group="deaf", topics=[Topic.CASELOAD_EVENTS], apply=dispatch({MappaChangedV1: keep})
    )

    async def written_and_applied(*versions: int) -> None:
        async with database.transaction() as session:
            await emit(session, mappa("person"), now=NOW)

        async def there() -> bool:
            return await applied(database) == {"person": list(versions)}

        await eventually(there, within=40)

    async with running(Relay(database, settings, topics=[Topic.CASELOAD_EVENTS]).run, consumer.run):
        await written_and_applied(1)
        deaf = consumer.progress._client
        assert deaf is not None
        task_of(deaf).cancel()
        await eventually(lambda: consumer.progress._client not in (None, deaf), within=40)
        await written_and_applied(1, 2)


@pytest.mark.kafka
async def test_nothing_of_a_client_outlives_its_close(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which waits for a broker that does not answer: one that fetches on is of its group, and keeps its partitions."""
    before = asyncio.all_tasks()
    monkeypatch.setattr(cut_off, "CLOSE_S", 0.1)
    client = AIOKafkaConsumer(
        wire_name(settings, Topic.CASELOAD_EVENTS), bootstrap_servers=settings.kafka, group_id=f"{settings.kafka}.left"
    )
    await client.start()
    monkeypatch.setattr(client._coordinator, "close", asyncio.Event().wait)
    await cut_off.close(client)
    await eventually(lambda: asyncio.all_tasks() <= before | {asyncio.current_task()}, within=10)

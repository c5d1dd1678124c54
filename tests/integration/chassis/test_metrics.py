"""Prometheus is told what stands in the database at that moment; of a database that is away nothing is made up."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis.clock import now
from chassis.consumer import Consumer, dispatch
from chassis.db import Database
from chassis.metrics import exposition
from chassis.relay import Relay
from chassis.settings import Settings
from contracts.topics import Topic

TOPIC = Topic.CASELOAD_EVENTS


@pytest.fixture
def parts(database: Database, settings: Settings) -> tuple[Relay, Consumer]:
    relay = Relay(database, settings, topics=[TOPIC])
    return relay, Consumer(database, settings, group="test", topics=[TOPIC], apply=dispatch({}))


async def told(database: Database, parts: tuple[Relay, Consumer]) -> dict[str, float]:
    lines = (await exposition(database, relay=parts[0], consumers=[parts[1]])).decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if line.startswith("throughgate_")]
    return {name.replace(f'{{topic="{TOPIC}"}}', ""): float(value) for name, value in pairs}


async def test_streams_that_stand_and_events_that_wait_are_counted(
    database: Database, parts: tuple[Relay, Consumer]
) -> None:
    before = await told(database, parts)
    assert before["throughgate_database_up"] == 1
    names = (
        "parked_streams",
        "waiting_messages",
        "overdue_messages",
        "outbox_unsent_messages",
        "outbox_oldest_seconds",
    )
    assert {before[f"throughgate_{name}"] for name in names} == {0.0}
    async with database.transaction() as session:
        for key, is_parked, minutes in (("parked", True, 9), ("overdue", False, 9), ("early", False, 0)):
            at = {"topic": TOPIC, "key": key, "at": now() - timedelta(minutes=minutes)}
            position = f"VALUES (:topic, :key, 1, {'now()' if is_parked else 'NULL'})"
            await session.execute(text(f"INSERT INTO stream_position (topic, key, version, parked_at) {position}"), at)
            waiting = "INSERT INTO waiting (topic, key, version, headers, body, arrived_at)"
            await session.execute(text(f"{waiting} VALUES (:topic, :key, 3, '{{}}', '', :at)"), at)
        await session.execute(
            text(
                "INSERT INTO outbox (event_id, topic, key, version, type, time, lane, body)"
                " VALUES ('one', :topic, 'k', 1, 'made.up.v1', :at, 'urgent', '')"
            ),
            {"topic": TOPIC, "at": now() - timedelta(minutes=9)},
        )
    after = await told(database, parts)
    assert after["throughgate_parked_streams"] == 1
    assert after["throughgate_waiting_messages"] == 3
    assert after["throughgate_overdue_messages"] == 1
    assert after["throughgate_outbox_unsent_messages"] == 1
    assert after["throughgate_outbox_oldest_seconds"] >= 9 * 60
    assert after['throughgate_part_ready{part="relay"}'] == 0


async def test_a_part_says_whether_it_works(database: Database, parts: tuple[Relay, Consumer]) -> None:
    relay, consumer = parts
    for ready in (False, True):
        relay.ready = consumer.ready = ready
        found = await told(database, parts)
        for name in ("relay", consumer.group):
            assert found[f'throughgate_part_ready{{part="{name}"}}'] == float(ready)


async def test_of_a_database_that_is_away_nothing_is_said(parts: tuple[Relay, Consumer]) -> None:
    away = Database("postgresql://nobody@127.0.0.1:9/nothing")
    found = await told(away, parts)
    assert found["throughgate_database_up"] == 0
    assert "throughgate_parked_streams" not in found
    await away.close()

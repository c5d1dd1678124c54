"""What is sent, sent again and forgotten of an outbox that holds more than one bite of it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import Row, text

from chassis import broker, clock, cut_off, unsent, waves
from chassis.db import Database
from chassis.outbox import Lane, emit_all, put_again, stream_version
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.waves import PART, Waves
from contracts.codes import Effect
from contracts.decisions import ShareDeniedV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, mappa, offer
from tests.support.eventually import eventually

PERSONS = [f"person-{number}" for number in range(10)]


async def ids(database: Database, where: str) -> list[int]:
    async with database.session() as session:
        return list(await session.scalars(text(f"SELECT id FROM outbox WHERE {where} ORDER BY id")))


async def sent(database: Database) -> None:
    """All that is there was sent."""
    async with database.transaction() as session:
        await session.execute(text("UPDATE outbox SET sent_at = now()"))


class Held(Relay):
    """Sends nothing of one topic until it may; `holds` once something of it would be sent."""

    def __init__(self, database: Database, settings: Settings, held: Topic, *, topics: Sequence[Topic]) -> None:
        super().__init__(database, settings, topics=topics)
        self.held = held
        self.holds, self.may = asyncio.Event(), asyncio.Event()

    def waves(self, topic: Topic, producer: AIOKafkaProducer, cluster: str) -> Waves:
        found = super().waves(topic, producer, cluster)
        if topic is self.held:
            send = found.send

            async def when_it_may(rows: Sequence[Row[Any]]) -> None:
                self.holds.set()
                await self.may.wait()
                await send(rows)

            found.send = when_it_may  # type: ignore[method-assign]
        return found


async def test_a_withdrawal_waits_for_no_wave_of_what_was_written_before_it(
    database: Database, settings: Settings
) -> None:
    denied = ShareDeniedV1(denial_id="d", person_id="p", effect=Effect.WITHDRAW, shares=(), at=NOW)
    async with database.transaction() as session:
        await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
    topics = [Topic.CASELOAD_EVENTS, Topic.SHARE_DENIALS]
    sender = Held(database, settings, Topic.CASELOAD_EVENTS, topics=topics)

    async def unsent_of(topic: Topic) -> int:
        return len(await ids(database, f"topic = '{topic}' AND sent_at IS NULL"))

    async def all_sent(topic: Topic) -> bool:
        return await unsent_of(topic) == 0

    async with running(sender.run):
        await asyncio.wait_for(sender.holds.wait(), 40)
        async with database.transaction() as session:
            await emit_all(session, [denied], now=NOW)
        await eventually(partial(all_sent, Topic.SHARE_DENIALS), within=20)
        assert await unsent_of(Topic.CASELOAD_EVENTS) == len(PERSONS)
        sender.may.set()
        await eventually(partial(all_sent, Topic.CASELOAD_EVENTS), within=20)


async def test_what_is_written_before_it_is_over_is_sent_before_it_ends(database: Database, settings: Settings) -> None:
    """What a service still writes while it stops is not left until it starts again."""
    over, stop = asyncio.Event(), asyncio.Event()
    over.set()
    stop.set()
    await broker.ensure_topics(settings)
    async with database.transaction() as session:
        await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
        await broker.remember(session, PART, "cluster")
    sender = Relay(database, settings, topics=[Topic.CASELOAD_EVENTS])
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    try:
        await sender.waves(Topic.CASELOAD_EVENTS, producer, "cluster").run(over, stop)
    finally:
        await cut_off.close(producer)
    assert await ids(database, "sent_at IS NULL") == []


async def test_a_wave_ends_where_its_bytes_do_but_one_row_goes_however_long(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as session:
        await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
        (length, *_) = await session.scalars(text("SELECT octet_length(body) FROM outbox"))
    for room, goes in ((3 * length, 3), (3 * length + 1, 4), (1, 1), (unsent.WAVE_BYTES, 10)):
        monkeypatch.setattr(unsent, "WAVE_BYTES", room)
        async with database.session() as session:
            due = await unsent.due(session, Topic.CASELOAD_EVENTS, Lane.URGENT, limit=1000)
        assert [row.key for row in due] == PERSONS[:goes]


async def test_everything_is_unsent_bite_by_bite(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsent, "BITE", 3)
    async with database.transaction() as session:
        await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
        await emit_all(session, [offer("p", 1)], now=NOW + timedelta(days=1))
    await sent(database)
    assert await unsent.unsend(database, topic=Topic.OFFERS) == 1
    assert await unsent.unsend(database, since=NOW + timedelta(days=1)) == 0
    assert await unsent.unsend(database) == len(PERSONS)
    assert await ids(database, "sent_at IS NOT NULL") == []


async def test_what_is_old_is_forgotten_bite_by_bite_and_what_was_put_there_again_is_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsent, "BITE", 4)
    async with database.transaction() as session:
        (first, *_) = await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
        version = await stream_version(session, Topic.CASELOAD_EVENTS, PERSONS[0])
        await put_again(session, mappa(PERSONS[0]), version=version, event_id=first, now=NOW + timedelta(days=7))
    await sent(database)
    gone = []
    for _ in range(4):
        async with database.transaction() as session:
            gone.append(await unsent.forget_old(session, before=NOW + timedelta(days=7)))
    assert gone == [4, 4, 1, 0]
    async with database.session() as session:
        assert list(await session.scalars(text("SELECT event_id FROM outbox"))) == [first]


async def test_what_is_never_answered_takes_no_place_in_the_window_for_ever(
    database: Database, settings: Settings
) -> None:
    """An offer that consent has parked, or that an operator has it skip, has no answer."""
    now = clock.now()
    async with database.transaction() as session:
        await emit_all(session, [offer(person, 1) for person in PERSONS], now=now, lane=Lane.BULK)
        await session.execute(
            text("UPDATE outbox SET sent_at = :then WHERE key = ANY(:keys)"),
            {"then": now - waves.ANSWERED_WITHIN, "keys": PERSONS[:5]},
        )
    sender = Relay(database, settings, topics=[Topic.OFFERS], bulk_window={Topic.OFFERS: 3})

    async def three_more() -> bool:
        return len(await ids(database, "sent_at IS NOT NULL")) == 8

    async with running(sender.run):
        await eventually(three_more, within=40)
    async with database.session() as session:
        assert await unsent.unanswered(session, Topic.OFFERS, since=now) == 3

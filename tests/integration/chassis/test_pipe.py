"""Outbox, relay, broker, consumer, on both brokers: each event applied once, in its turn, whatever happens between."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chassis import parked
from chassis.consumer import Consumer, Received, dispatch
from chassis.db import AsyncSession, Database
from chassis.outbox import Lane, emit, emit_all, on_share_receipted
from chassis.relay import Relay
from chassis.settings import Settings
from contracts.caseload import MappaChangedV1
from contracts.codes import Category
from contracts.errors import Invalid
from contracts.event import EventData
from contracts.log import ShareReceiptedV1
from contracts.offers import OfferMadeV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, applied, keep, mappa, offer
from tests.support.eventually import eventually

pytestmark = pytest.mark.kafka
PERSONS = [f"person-{number}" for number in range(12)]


def relay_of(database: Database, settings: Settings, **more: object) -> Relay:
    return Relay(database, settings, topics=(Topic.CASELOAD_EVENTS, Topic.OFFERS), **more)  # type: ignore[arg-type]


def consumer_of(
    database: Database, settings: Settings, handler: object = keep, topic: Topic = Topic.CASELOAD_EVENTS
) -> Consumer:
    apply = dispatch({MappaChangedV1: handler, OfferMadeV1: handler})  # type: ignore[dict-item]
    return Consumer(database, settings, group="test", topics=[topic], apply=apply)


async def test_every_event_is_applied_once_in_its_turn_even_when_sent_twice(
    database: Database, settings: Settings
) -> None:
    for _ in range(10):
        async with database.transaction() as session:
            await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
    expected = {person: list(range(1, 11)) for person in PERSONS}

    async def everything() -> bool:
        return await applied(database) == expected

    async with running(relay_of(database, settings).run, consumer_of(database, settings).run):
        await eventually(everything, within=40)
        async with database.transaction() as session:
            await session.execute(text("UPDATE outbox SET sent_at = NULL"))
            await emit(session, mappa("last"), now=NOW)

        async def last() -> bool:
            return "last" in await applied(database)

        await eventually(last, within=20)
    assert await applied(database) == expected | {"last": [1]}


async def test_a_message_that_cannot_be_applied_parks_its_stream_and_nothing_else(
    database: Database, settings: Settings
) -> None:
    broken = {"person-3"}

    async def picky(session: AsyncSession, received: Received[EventData]) -> None:
        if received.key in broken and received.version == 2:
            raise Invalid("version two is against the rule")
        await keep(session, received)

    for _ in range(3):
        async with database.transaction() as session:
            await emit_all(session, [mappa(person) for person in PERSONS], now=NOW)
    whole = {person: [1, 2, 3] for person in PERSONS}

    async def all_but_one() -> bool:
        return await applied(database) == whole | {"person-3": [1]}

    async def all_of_it() -> bool:
        return await applied(database) == whole

    async with running(relay_of(database, settings).run, consumer_of(database, settings, picky).run):
        await eventually(all_but_one, within=40)
        async with database.session() as session:
            (stream,) = await parked.list_parked(session)
        assert (stream.topic, stream.key, stream.version, stream.reason) == (
            "caseload-events",
            "person-3",
            2,
            "invalid",
        )
        assert stream.waiting == 2
        broken.clear()
        async with database.transaction() as session:
            await parked.retry_parked(session, topic=stream.topic, key=stream.key)
        await eventually(all_of_it, within=20)
    async with database.session() as session:
        assert await parked.list_parked(session) == []
        assert await session.scalar(text("SELECT count(*) FROM waiting")) == 0


async def test_a_parked_message_can_be_given_up(database: Database, settings: Settings) -> None:
    async def never(session: AsyncSession, received: Received[EventData]) -> None:
        if received.version == 1:
            raise Invalid
        await keep(session, received)

    async with database.transaction() as session:
        await emit_all(session, [mappa("p"), mappa("p")], now=NOW)

    async def is_parked() -> Sequence[parked.ParkedStream]:
        async with database.session() as session:
            return await parked.list_parked(session)

    async def second() -> bool:
        return await applied(database) == {"p": [2]}

    async with running(relay_of(database, settings).run, consumer_of(database, settings, never).run):
        await eventually(is_parked, within=40)
        async with database.transaction() as session:
            await parked.skip_parked(session, topic="caseload-events", key="p")
        await eventually(second, within=20)


async def test_a_passing_fault_parks_nothing(database: Database, settings: Settings) -> None:
    faults = 5

    async def shaky(session: AsyncSession, received: Received[EventData]) -> None:
        nonlocal faults
        if faults:
            faults -= 1
            raise OperationalError("", None, ConnectionError())
        await keep(session, received)

    async with database.transaction() as session:
        await emit_all(session, [mappa("p"), mappa("p")], now=NOW)

    async def both() -> bool:
        return await applied(database) == {"p": [1, 2]}

    async with running(relay_of(database, settings).run, consumer_of(database, settings, shaky).run):
        await eventually(both, within=40)


async def test_bulk_waits_for_answers_and_urgent_goes_past_it(database: Database, settings: Settings) -> None:
    async with database.transaction() as session:
        await emit_all(session, [offer(f"bulk-{n}", 1) for n in range(50)], now=NOW, lane=Lane.BULK)
    relay = relay_of(database, settings, bulk_window={Topic.OFFERS: 10})

    async def applied_is(count: int) -> bool:
        return len(await applied(database)) == count

    async def answer() -> None:
        async with database.transaction() as session:
            for key in await applied(database):
                receipt = ShareReceiptedV1(
                    person_id=key, offer_id=f"{key}-1", source="hmp-northgate", category=Category.RELEASE_DATE,
                    subject_ref=key, version=1, permitted=0, refused=0, index=None, at=NOW,
                )  # fmt: skip
                received = Received("r", "share-receipts", key, 1, NOW, None, receipt)
                await on_share_receipted.handler(session, [received])

    async with running(relay.run, consumer_of(database, settings, topic=Topic.OFFERS).run):
        await eventually(lambda: applied_is(10), within=40)
        async with database.transaction() as session:
            await emit(session, offer("urgent", 1), now=NOW)
        await eventually(lambda: applied_is(11), within=20)
        assert "urgent" in await applied(database)
        for reached in (21, 31, 41, 51):
            await answer()
            await eventually(lambda: applied_is(reached), within=20)  # noqa: B023


async def test_what_goes_first_is_taken_first_after_both_were_away(database: Database, settings: Settings) -> None:
    """What waits on one topic is applied before anything of the other, however slow that is."""
    order: list[str] = []

    async def slowly(_: AsyncSession, received: Received[EventData]) -> None:
        await asyncio.sleep(0.05)
        order.append("first")

    async def at_once(_: AsyncSession, received: Received[EventData]) -> None:
        order.append("second")

    async with database.transaction() as session:
        await emit_all(session, [*map(mappa, PERSONS), *(offer(person, 1) for person in PERSONS)], now=NOW)

    async def sent() -> bool:
        async with database.session() as session:
            return not await session.scalar(text("SELECT count(*) FROM outbox WHERE sent_at IS NULL"))

    async with running(relay_of(database, settings).run):
        await eventually(sent, within=40)
    first, second = (
        Consumer(database, settings, group=group, topics=[topic], apply=dispatch({kind: handler}), batch=1)
        for group, topic, kind, handler in (
            ("first", Topic.CASELOAD_EVENTS, MappaChangedV1, slowly),
            ("second", Topic.OFFERS, OfferMadeV1, at_once),
        )
    )
    second.first = first
    async with running(second.run, first.run):
        await eventually(lambda: len(order) == 2 * len(PERSONS), within=60)
    assert order == ["first"] * len(PERSONS) + ["second"] * len(PERSONS)

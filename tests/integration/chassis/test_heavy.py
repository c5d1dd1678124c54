"""What no message can carry is never written, so that no relay stands before it for ever."""

import asyncio

import pytest
from sqlalchemy import text

from chassis import parked
from chassis.consumer import Consumer, Received
from chassis.db import AsyncSession, Database
from chassis.outbox import emit, emit_all, stream_version
from chassis.relay import Relay
from chassis.settings import Environment, Settings
from contracts.errors import Invalid
from contracts.event import EventData
from contracts.log import LogAppendedV1
from contracts.offers import OfferMadeV1
from contracts.topics import Topic
from tests.integration.chassis.conftest import running
from tests.integration.chassis.made_up import NOW, applied, keep, offer
from tests.integration.chassis.test_turns import TOPIC, message
from tests.support.eventually import eventually

MIB = 1024 * 1024
LIMIT = 8 * MIB


def heavy(key: str, letters: str) -> OfferMadeV1:
    return offer(key, 1).model_copy(update={"content": {"text": letters}})


@pytest.mark.parametrize("letters", ["x" * LIMIT, "é" * (LIMIT // 2), "\x01" * (LIMIT // 6)], ids=["a", "é", "u0001"])
async def test_what_a_message_cannot_carry_is_refused_before_anything_is_written(
    database: Database, letters: str
) -> None:
    async with database.transaction() as session:
        with pytest.raises(Invalid) as refused:
            await emit_all(session, [offer("light", 1), heavy("heavy", letters)], now=NOW)
        assert refused.value.code == "too-heavy"
        assert letters[:9] not in refused.value.detail
        assert await stream_version(session, "offers", "light") == 0
        assert await session.scalar(text("SELECT count(*) FROM outbox")) == 0


async def test_who_would_tell_it_is_parked_and_nobody_else(database: Database) -> None:
    async def telling(session: AsyncSession, batch: list[Received[EventData]]) -> None:
        for received in batch:
            await emit(session, heavy(received.key, "x" * (LIMIT if received.key == "p" else 1)), now=NOW)
            await keep(session, received)

    made = Settings(environment=Environment.TEST, service="caseload")
    consumer = Consumer(database, made, group="test", topics=[Topic(TOPIC)], apply=telling)  # type: ignore[arg-type]
    await consumer.process([message("p", 1), message("q", 1)], asyncio.Event())
    assert await applied(database) == {"q": [1]}
    async with database.session() as session:
        assert [(each.key, each.reason) for each in await parked.list_parked(session)] == [("p", "too-heavy")]


@pytest.mark.kafka
async def test_the_heaviest_that_is_written_is_sent(database: Database, settings: Settings) -> None:
    def batch(signature: str) -> LogAppendedV1:
        return LogAppendedV1(log="l", first_index=0, size=0, entries=(), key_id="k", signature=signature)

    room = LogAppendedV1.MAX_BYTES - len(batch("").model_dump_json())
    async with database.transaction() as session:
        await emit_all(session, [batch("x" * room), offer("after", 1)], now=NOW)
    relay = Relay(database, settings, topics=[Topic.SHARE_LOG, Topic.OFFERS])

    async def sent() -> bool:
        async with database.session() as session:
            return not await session.scalar(text("SELECT count(*) FROM outbox WHERE sent_at IS NULL"))

    async with running(relay.run):
        await eventually(sent, within=40)

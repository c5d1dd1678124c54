"""A stream is parked at the message that cannot be applied, and at no other; what waits goes on as soon as it can."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from chassis import parked
from chassis.consumer import Consumer, Received
from chassis.db import AsyncSession, Database
from chassis.settings import Environment, Settings
from chassis.stream import Message, keep_waiting
from contracts.caseload import PersonUnmergedV1
from contracts.errors import Invalid
from contracts.event import EventData
from contracts.topics import Topic
from tests.integration.chassis.made_up import NOW, applied, keep
from tests.integration.chassis.test_turns import TOPIC, message
from tests.support.erasures import person_erased
from tests.support.eventually import eventually
from tests.support.locks import waits_for_a_lock

Place = tuple[str, int]


class Picky:
    """A consumer that refuses some messages, by key and version, and notes how many it is given at a time."""

    def __init__(self, database: Database, *, refused: Collection[Place] = (), batch: int = 500) -> None:
        self.database = database
        self.refused = set(refused)
        self.sizes: list[int] = []
        settings = Settings(environment=Environment.TEST, service="caseload")
        topics = [Topic.CASELOAD_EVENTS]
        self.consumer = Consumer(database, settings, group="test", topics=topics, apply=self._apply, batch=batch)

    async def _apply(self, session: AsyncSession, batch: Sequence[Received[EventData]]) -> None:
        self.sizes.append(len(batch))
        for received in batch:
            if (received.key, received.version) in self.refused:
                raise Invalid
            await keep(session, received)

    async def take(self, *places: Place) -> None:
        await self.consumer.process([message(*place) for place in places], asyncio.Event())

    async def parked(self) -> list[tuple[str, int, int]]:
        """Key, version and how many wait, of each parked stream."""
        async with self.database.session() as session:
            return [(each.key, each.version, each.waiting) for each in await parked.list_parked(session)]


async def test_what_waited_for_a_message_is_not_blamed_on_it(database: Database) -> None:
    picky = Picky(database, refused=[("p", 2)])
    await picky.take(("p", 3), ("p", 2))
    await picky.take(("p", 1))
    assert await applied(database) == {"p": [1]}
    assert await picky.parked() == [("p", 2, 2)]
    async with database.transaction() as session:
        await parked.skip_parked(session, topic=TOPIC, key="p")
        following = await parked.next_message(session, TOPIC, "p")
    assert following is not None
    await picky.consumer.process([following], asyncio.Event())
    assert await applied(database) == {"p": [1, 3]}


async def test_of_two_who_skip_at_once_one_does(database: Database) -> None:
    """The other one saw what is no longer so: the stream would go back, and its messages be applied again."""
    picky = Picky(database, refused=[("p", 1)])
    await picky.take(("p", 1), ("p", 2))

    async def skips() -> None:
        async with database.transaction() as session:
            await parked.skip_parked(session, topic=TOPIC, key="p")

    async with database.transaction() as session:
        await parked.retry_parked(session, topic=TOPIC, key="p")
        late = asyncio.create_task(skips())
        await eventually(lambda: waits_for_a_lock(database))
        await session.execute(text("UPDATE stream_position SET version = 2"))
    with pytest.raises(parked.NotParked):
        await late
    async with database.session() as session:
        assert await session.scalar(text("SELECT version FROM stream_position")) == 2


async def test_what_waits_goes_on_at_once_beside_one_that_cannot(database: Database) -> None:
    picky = Picky(database, refused=[("q", 1)])
    await picky.take(("p", 2), ("p", 3), ("p", 5))
    await picky.take(("p", 1), ("q", 1), ("r", 1))
    assert await applied(database) == {"p": [1, 2, 3], "r": [1]}
    assert await picky.parked() == [("q", 1, 1)]


async def test_a_long_backlog_is_taken_up_a_batch_at_a_time(database: Database) -> None:
    picky = Picky(database, batch=3)
    await picky.take(*(("p", version) for version in range(2, 12)))
    await picky.take(("p", 1))
    assert await applied(database) == {"p": list(range(1, 12))}
    assert max(picky.sizes) <= 1 + 3


async def test_a_message_that_was_applied_meanwhile_parks_nothing(database: Database) -> None:
    picky = Picky(database)
    await picky.take(("p", 1), ("p", 2))
    async with database.transaction() as session:
        for version in (1, 2):
            assert not await parked.park(session, message("p", version), reason="late", now=NOW)
    await picky.take(("p", 3))
    assert await applied(database) == {"p": [1, 2, 3]}
    assert await picky.parked() == []
    async with database.transaction() as session:
        await keep_waiting(session, [message("p", 4)], now=NOW)
        assert await parked.park(session, message("p", 4), reason="never", now=NOW)
    assert await picky.parked() == [("p", 4, 1)]


def erasure(key: str, version: int, *, of: str | None = None) -> Message:
    data, made = person_erased(of or key, at=NOW), message(key, version)
    envelope = replace(made.envelope, type=data.TYPE)
    return replace(made, envelope=envelope, value=data.model_dump_json().encode())


@pytest.mark.parametrize("erased_first", [False, True])
async def test_a_parked_stream_gives_way_to_its_own_persons_erasure(database: Database, erased_first: bool) -> None:
    """Whether the erasure comes when the stream is parked already or waits when it is parked."""
    picky = Picky(database, refused=[("p", 2), ("q", 1)])
    await picky.take(("p", 1), ("q", 1))
    if not erased_first:
        await picky.take(("p", 2))
        assert await picky.parked() == [("q", 1, 1), ("p", 2, 1)]
    await picky.take(("p", 3), ("p", 5))
    await picky.consumer.process([erasure("p", 4)], asyncio.Event())
    if erased_first:
        await picky.take(("p", 2))
    assert await applied(database) == {"p": [1, 4, 5]}
    assert await picky.parked() == [("q", 1, 1)]
    async with database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM waiting WHERE key = 'p'")) == 0


async def test_nothing_gives_way_to_an_erasure_that_is_not_its_own(database: Database) -> None:
    picky = Picky(database, refused=[("p", 1)])
    await picky.take(("p", 1))
    await picky.consumer.process([erasure("p", 2, of="q")], asyncio.Event())
    malformed = replace(erasure("p", 3), value=b"{}")
    await picky.consumer.process([malformed], asyncio.Event())
    assert await picky.parked() == [("p", 1, 3)]


async def test_whose_everything_is_stays_to_be_said_before_an_erasure(database: Database) -> None:
    picky = Picky(database, refused=[("p", 1)])
    undone, made = PersonUnmergedV1(merge_id="m", kept_id="p", removed_id="r", at=NOW), message("p", 1)
    envelope = replace(made.envelope, type=undone.TYPE)
    undoing = replace(made, envelope=envelope, value=undone.model_dump_json().encode())
    await picky.consumer.process([undoing, erasure("p", 2)], asyncio.Event())
    assert await picky.parked() == [("p", 1, 2)]

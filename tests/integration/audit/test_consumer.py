"""The consumer keeps the log whole when messages come twice, late or behind a broken one."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from audit.handlers import TOPICS, appending
from audit.signing import Signer
from chassis.consumer import Consumer
from chassis.db import Database
from chassis.ids import new_id
from chassis.settings import Environment, Settings
from chassis.stream import Message
from contracts.decisions import OfferDecidedV1
from contracts.envelope import Envelope
from contracts.log_leaf import ShareLeaf, read_leaf
from tests.support.log_events import AT, decided, permitted, refused
from tests.support.postgres import MakeDatabase

PEOPLE, VERSIONS = 3, 4


def message(event: OfferDecidedV1, version: int) -> Message:
    envelope = Envelope(id=new_id(), source="consent", type=event.TYPE, subject=event.key, time=AT, version=version)
    return Message(event.TOPIC, event.key, envelope, event.model_dump_json().encode())


def consumer_of(database: Database, signing: Signer) -> Consumer:
    settings = Settings(environment=Environment.TEST, service="audit")
    return Consumer(database, settings, group="audit", topics=TOPICS, apply=appending(signing))


async def logged(database: Database) -> list[ShareLeaf]:
    async with database.session() as session:
        leaves = [
            read_leaf(leaf) for leaf in await session.scalars(text("SELECT leaf FROM log_entry ORDER BY log_index"))
        ]
    return [leaf for leaf in leaves if isinstance(leaf, ShareLeaf)]


def batches_of(messages: Sequence[Message], order: Sequence[int], size: int) -> list[list[Message]]:
    shuffled = [messages[place % len(messages)] for place in order]
    return [shuffled[start : start + size] for start in range(0, len(shuffled), size)]


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(order=st.lists(st.integers(0, PEOPLE * VERSIONS - 1), max_size=30), size=st.integers(1, 7))
async def test_whatever_comes_twice_or_out_of_turn_each_decision_is_in_the_log_once_in_its_turn(
    make_database: MakeDatabase, signing: Signer, order: list[int], size: int
) -> None:
    database = Database(make_database("audit").url)
    people = [new_id() for _ in range(PEOPLE)]
    messages = [
        message(decided(permitted(), refused(), person_id=person, version=version), version)
        for person in people
        for version in range(1, VERSIONS + 1)
    ]
    consumer, stop = consumer_of(database, signing), asyncio.Event()
    for batch in (*batches_of(messages, order, size), messages):
        await consumer.process(batch, stop)
    found = await logged(database)
    await database.close()
    assert len(found) == len({leaf.share_id for leaf in found}) == 2 * PEOPLE * VERSIONS
    for person in {leaf.person for leaf in found}:
        versions = [leaf.version for leaf in found if leaf.person == person]
        assert versions == sorted(versions)


async def test_an_event_that_fits_in_no_leaf_parks_its_stream_and_the_rest_is_logged(
    database: Database, signing: Signer
) -> None:
    broken = decided(permitted(fields_removed=("x" * 70_000,)))
    good = decided(permitted(decided_at=AT + timedelta(seconds=1)))
    await consumer_of(database, signing).process([message(broken, 1), message(good, 1)], asyncio.Event())
    assert [leaf.share_id for leaf in await logged(database)] == [good.decisions[0].share_id]
    async with database.session() as session:
        rows = await session.execute(text("SELECT key, parked_reason FROM stream_position WHERE parked_at IS NOT NULL"))
        assert [tuple(row) for row in rows] == [(broken.person_id, "leaf-too-long")]

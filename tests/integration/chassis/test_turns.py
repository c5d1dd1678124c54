"""Order and once-ness rest on stream versions: whatever arrives, in whatever order and however often."""

import asyncio
import itertools
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.db import Database
from chassis.outbox import Lane, emit, emit_all, stream_version
from chassis.stream import Message, position, take_turns
from contracts.envelope import Envelope
from tests.integration.chassis.made_up import NOW, mappa

TOPIC = "caseload-events"
RUNS = itertools.count()
"""Examples share a database, not their streams."""


def message(key: str, version: int) -> Message:
    envelope = Envelope(
        id=f"{key}-{version}", source="/t", type="mappa.changed.v1", subject=key, time=NOW, version=version
    )
    return Message(TOPIC, key, envelope, mappa(key).model_dump_json().encode())


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_with_any_repetition_is_applied_once_and_in_turn(
    database: Database, data: st.DataObject
) -> None:
    run = next(RUNS)
    sent = [message(f"{key}-{run}", version) for key in "abc" for version in range(1, 6)]
    deliveries = data.draw(st.permutations(sent)) + data.draw(st.lists(st.sampled_from(sent), max_size=10))
    got: dict[str, list[int]] = {}
    while deliveries:
        size = data.draw(st.integers(1, 6))
        batch, deliveries = deliveries[:size], deliveries[size:]
        async with database.transaction() as session:
            for ready in (await take_turns(session, batch, now=NOW, along=9)).ready:
                got.setdefault(ready.key, []).append(ready.envelope.version)
    assert got == {f"{key}-{run}": [1, 2, 3, 4, 5] for key in "abc"}


async def test_a_turn_that_is_rolled_back_was_not_taken(database: Database) -> None:
    async with database.session() as session:
        assert len((await take_turns(session, [message("p", 1)], now=NOW, along=9)).ready) == 1
    async with database.transaction() as session:
        assert len((await take_turns(session, [message("p", 1)], now=NOW, along=9)).ready) == 1
        assert await position(session, TOPIC, "p") == 1
    async with database.transaction() as session:
        turns = await take_turns(session, [message("p", 1)], now=NOW, along=9)
        assert (turns.ready, turns.seen) == ((), 1)


async def test_two_consumers_of_one_stream_apply_it_once(database: Database) -> None:
    counts: list[int] = []

    async def consume() -> None:
        async with database.transaction() as session:
            turns = await take_turns(session, [message("q", 1), message("q", 2)], now=NOW, along=9)
            await asyncio.sleep(random.random() / 50)
            counts.append(len(turns.ready))

    await asyncio.gather(*(consume() for _ in range(8)))
    assert sorted(counts) == [0] * 7 + [2]


async def test_versions_are_gapless_under_concurrent_writers_and_rollbacks(database: Database) -> None:
    async def write(number: int) -> None:
        try:
            async with database.transaction() as session:
                await emit_all(session, [mappa("p"), mappa("r"), mappa("p")], now=NOW)
                if number % 3 == 0:
                    raise RuntimeError
        except RuntimeError:
            return

    await asyncio.gather(*(write(number) for number in range(30)))
    async with database.session() as session:
        rows = (await session.execute(text("SELECT key, version FROM outbox ORDER BY key, id"))).all()
        assert [version for key, version in rows if key == "p"] == list(range(1, 41))
        assert [version for key, version in rows if key == "r"] == list(range(1, 21))
        assert await stream_version(session, TOPIC, "p") == 40


async def test_an_urgent_event_takes_its_streams_unsent_rows_along(database: Database) -> None:
    async with database.transaction() as session:
        await emit_all(session, [mappa("p"), mappa("other"), mappa("p")], now=NOW, lane=Lane.BULK)
        await emit(session, mappa("p"), now=NOW)
    async with database.session() as session:
        rows = await session.execute(text("SELECT key, lane FROM outbox ORDER BY id"))
        assert rows.all() == [("p", "urgent"), ("other", "bulk"), ("p", "urgent"), ("p", "urgent")]

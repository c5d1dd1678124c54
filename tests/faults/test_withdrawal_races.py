"""Withdrawals against everything else at once: nothing is permitted after one, whatever runs beside it.

RACES says how many persons (`make races`: 400; without it: 8). Times are printed and never asserted:
from the acknowledgement until the gateway's rows show nobody, and until the client has an answer that says so.
"""

import asyncio
import os
import random
import statistics
from datetime import timedelta
from functools import partial

import pytest

from tests.faults.checks import reconciled, verified
from tests.faults.conftest import Scene, told_with_its_state
from tests.faults.race_checks import (
    entries,
    mixed,
    permits_after_acknowledgement,
    permits_after_withdrawal,
    verdicts,
)
from tests.faults.races import Races, bulk_lines, seen_by_the_charity, together
from tests.faults.watching import Watch, watched
from tests.support.settled import settled
from tests.system.world import CHARITY, NORTHGATE, Person

RACES = int(os.environ.get("RACES") or 8)
ROUNDS = 6
AT_ONCE = 8
LEAST = 0.3
"""Of each verdict, so that neither refusing nor permitting everything passes."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


def _races(scene: Scene) -> Races:
    return Races(scene.world, random.Random(os.environ.get("SEED")))


def _told(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s (median), {max(seconds):.2f} s (longest)"


async def _judge(scene: Scene, races: Races, watch: Watch, people: list[Person], *, balanced: bool = True) -> None:
    await settled(scene.world.stack)
    log = await asyncio.to_thread(entries, scene.world.stack)
    assert list(permits_after_withdrawal(log)) == []
    assert list(permits_after_acknowledgement(log, races.withdrawals)) == []
    assert list(mixed(log)) == []
    for person in people:
        assert await scene.world.release(CHARITY, person) is None
    await reconciled(scene.world)
    assert (await asyncio.to_thread(verified, scene.world.stack)).findings == ()
    found = verdicts(log, {person.id for person in people})
    emptied = watch.seconds_after(races.emptied)
    assert emptied, "nobody was ever in the view"
    print(
        f"\n{len(people)} persons, {dict(races.did)}; verdicts {dict(found)}; views empty after {_told(emptied)} "
        f"in {watch.looks} looks at them; and answered so after {_told(races.answered)}"
    )
    if balanced:
        assert min(found["permitted"], found["refused"]) >= LEAST * found.total(), dict(found)
    assert races.withdrawals


async def test_everything_at_once(scene: Scene) -> None:
    races = _races(scene)
    people = [await races.ready() for _ in range(RACES)]
    stop = asyncio.Event()
    operating = asyncio.create_task(races.operate(stop, pause_s=(RACES / AT_ONCE) ** 2))
    async with told_with_its_state(scene), watched(scene.world.stack, CHARITY) as watch:
        try:
            await together([partial(races.run, person, rounds=ROUNDS) for person in people], at_once=AT_ONCE)
        finally:
            stop.set()
            await operating
        assert {"push", "grant", "renewal", "withdrawal", "objection", "suspension", "publication"} <= races.did.keys()
        await _judge(scene, races, watch, people)


async def test_two_numbers_become_one_in_the_middle_of_it_and_two_again(scene: Scene) -> None:
    races = _races(scene)
    pairs = [(await races.ready(), await races.ready()) for _ in range(max(2, RACES // 4))]
    granted: dict[str, list[str]] = {}

    async def one(kept: Person, removed: Person) -> None:
        before = [await scene.world.consent(person, CHARITY) for person in (kept, removed)]
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(races.run(person, rounds=ROUNDS)) for person in (kept, removed)]
            group.create_task(races.merge(kept, removed))
        granted[kept.id] = [*before, *(consent for run in runs for consent in run.result())]

    async with told_with_its_state(scene), watched(scene.world.stack, CHARITY) as watch:
        await together([partial(one, *pair) for pair in pairs], at_once=AT_ONCE // 2)
        assert races.did["merge"] == len(pairs)
        await settled(scene.world.stack)
        for kept, removed in pairs:
            await races.empties(kept, granted[kept.id])
            await races.part(kept, removed)
        await _judge(scene, races, watch, [person for pair in pairs for person in pair], balanced=False)


async def test_with_audit_standing_still_views_are_empty_all_the_same(scene: Scene) -> None:
    races = _races(scene)
    people = [await races.ready() for _ in range(max(3, RACES // 4))]
    granted: dict[str, list[str]] = {}
    for person in people:
        granted[person.id] = [await scene.world.consent(person, CHARITY)]
        await scene.world.push(person, scene.today + timedelta(days=40))
        await seen_by_the_charity(scene.world, person)
    async with told_with_its_state(scene), watched(scene.world.stack, CHARITY) as watch:
        scene.processes.stop("audit")
        try:
            for person in people:
                await scene.world.push(person, scene.today + timedelta(days=41))
            await together([partial(races.empties, person, granted[person.id]) for person in people], at_once=AT_ONCE)
        finally:
            scene.processes.go_on("audit")
        await _judge(scene, races, watch, people, balanced=False)


async def test_under_a_bulk_load(scene: Scene) -> None:
    races = _races(scene)
    people = [await races.ready() for _ in range(max(3, RACES // 2))]
    seed = random.randrange(23 * 23)

    async def bulk() -> int:
        desk = scene.world.desk(NORTHGATE)
        async with desk.bulk(bulk_lines(200 * RACES, seed=seed), key=f"race-{seed}-{os.getpid()}") as answer:
            return (await answer.whole()).body.count(b'"applied"')

    async with told_with_its_state(scene), watched(scene.world.stack, CHARITY) as watch:
        loading = asyncio.create_task(bulk())
        await together([partial(races.run, person, rounds=ROUNDS) for person in people], at_once=AT_ONCE)
        assert await loading == 200 * RACES
        await _judge(scene, races, watch, people, balanced=False)

"""Withdrawals against everything else at once: nothing is permitted after one, whatever runs beside it, and what rested
on it is gone from view and feed.

RACES says how many persons (`make races`: 400; without it: 8). Times are printed, and asserted against no clock: from
the acknowledgement until the gateway's rows show nobody takes no longer than from a push until they show it.
"""

import asyncio
import os
import random
from collections.abc import Collection
from functools import partial

import psycopg
import pytest

from chassis.clock import now
from tests.faults.conftest import Scene, told_with_its_state
from tests.faults.race_bulk import Bulk, full_at
from tests.faults.race_checks import Entry, decided_while_suspended, withdrawn_shares
from tests.faults.race_feeds import held
from tests.faults.race_judge import balanced, judge, views_watched
from tests.faults.race_operators import Operators
from tests.faults.races import Races, together
from tests.support.eventually import eventually
from tests.support.settled import owner_urls, settled
from tests.support.stack import RunningStack
from tests.system.world import CHARITY, Person

RACES = int(os.environ.get("RACES") or 8)
ROUNDS = 6 if os.environ.get("RACES") else 4
AT_ONCE = 10
STAYING = max(2, RACES // 8)
"""Persons who agree last, so that hiding everything does not pass."""
MOSTLY = 0.9
"""Of the withdrawals: a look now and then finds the lane between two requests."""

in_the_long_form = pytest.mark.skipif(not os.environ.get("RACES"), reason="a minute or more each: make races")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


def _races(scene: Scene) -> Races:
    return Races(scene.world, random.Random(os.environ.get("SEED")))


async def _ready(races: Races, persons: int) -> list[Person]:
    return [await races.ready() for _ in range(persons)]


async def test_everything_at_once(scene: Scene) -> None:
    await _everything_at_once(scene)


async def test_all_of_it_on_apache_kafka(kafka_scene: Scene) -> None:
    await _everything_at_once(kafka_scene)


async def _everything_at_once(scene: Scene) -> None:
    races, operators = _races(scene), Operators(scene.world)
    people, staying = await _ready(races, RACES), await _ready(races, STAYING)
    runs = [partial(races.run, person, rounds=ROUNDS) for person in people]
    runs += [partial(races.stays, person, rounds=ROUNDS) for person in staying]
    async with told_with_its_state(scene):
        async with views_watched(scene.world.stack) as watches:
            async with operators.at_work(pause_s=RACES / 2):
                await together([*runs], at_once=AT_ONCE)
            await settled(scene.world.stack)
        did = races.did + operators.did
        assert {"push", "grant", "renewal", "withdrawal", "objection", "suspension", "publication"} <= did.keys()
        log = await judge(scene, races, watches, people, staying)
        suspended = decided_while_suspended(log, operators.suspensions)
        print(f"{dict(operators.did)}; while suspended {dict(suspended)}")
        assert suspended["permitted"] == 0
        assert suspended["agency-suspended"] > 0, "nothing was decided while the agency was suspended"


async def test_two_numbers_become_one_in_the_middle_of_it_and_two_again(scene: Scene) -> None:
    await _two_numbers_become_one(scene)


@in_the_long_form
async def test_numbers_become_one_on_apache_kafka(kafka_scene: Scene) -> None:
    await _two_numbers_become_one(kafka_scene)


async def _two_numbers_become_one(scene: Scene) -> None:
    races, operators = _races(scene), Operators(scene.world)
    pairs = [await _ready(races, 2) for _ in range(max(2, RACES // 4))]
    staying = await _ready(races, 1)

    async def one(kept: Person, removed: Person) -> None:
        for person in (kept, removed):
            await races.shows(person)
        async with asyncio.TaskGroup() as group:
            for person in (kept, removed):
                group.create_task(races.race(person, rounds=ROUNDS))
            group.create_task(races.merge(kept, removed))
        races.granted[kept.id] += races.granted[removed.id]

    async with told_with_its_state(scene):
        async with views_watched(scene.world.stack) as watches:
            await together([partial(one, *pair) for pair in pairs], at_once=AT_ONCE // 2)
            assert races.did["merge"] == len(pairs)
            await settled(scene.world.stack)
            for kept, removed in pairs:
                await races.shows(kept)
                await races.empties(kept)
                await operators.part(kept, removed)
                for person in (kept, removed):
                    await races.push(person)
            await races.stays(*staying, rounds=ROUNDS)
            await settled(scene.world.stack)
        people = [person for pair in pairs for person in pair]
        await judge(scene, races, watches, people, staying, removed={gone.id for _, gone in pairs})


async def test_with_audit_standing_still_views_are_empty_all_the_same(scene: Scene) -> None:
    await _with_audit_standing_still(scene)


@in_the_long_form
async def test_audit_stands_on_apache_kafka(kafka_scene: Scene) -> None:
    await _with_audit_standing_still(kafka_scene)


async def _with_audit_standing_still(scene: Scene) -> None:
    """Everybody races twice. In the first race the charity comes to see them; in the second one nothing comes, and what
    the charity sees is withdrawn before it or, of those who stay, in the middle of it."""
    races = _races(scene)
    people, staying = await _ready(races, max(3, RACES // 4)), await _ready(races, STAYING)
    everybody = [*people, *staying]
    async with told_with_its_state(scene):
        async with views_watched(scene.world.stack) as watches:
            await together([partial(races.stays, person, rounds=ROUNDS // 2) for person in everybody], at_once=AT_ONCE)
            scene.processes.stop("audit")
            try:
                stopped_at = now()
                for person in everybody:
                    await races.push(person)
                waiting = await eventually(
                    partial(_permits, scene.world.stack, people, but=watches[CHARITY].stays.keys()), within=60
                )
                runs = [partial(races.goes, person, rounds=ROUNDS) for person in people]
                runs += [partial(races.race, person, rounds=ROUNDS) for person in staying]
                await together(runs, at_once=AT_ONCE)
                went_on_at = now()
            finally:
                scene.processes.go_on("audit")
            await settled(scene.world.stack)
            for person in staying:
                await races.shows(person)
            await settled(scene.world.stack)
        log = await judge(scene, races, watches, people, staying)
        meanwhile = [each for each in log if each.kind == "share" and stopped_at < each.decided_at < went_on_at]
        balanced(meanwhile, people)
        gone = withdrawn_shares(meanwhile, races.withdrawals).keys()
        assert waiting <= gone
        for watch in watches.values():
            assert not gone & watch.stays.keys(), "what was on its way came into the view after all"
        blank = {item["share_id"] for item in (await held(scene.world, CHARITY)).items if item.get("withdrawn")}
        assert waiting <= blank, "what was on its way never arrived"


def _permits(stack: RunningStack, people: list[Person], *, but: Collection[str]) -> set[str]:
    """The charity's live permits of these people's dates. Raises AssertionError where one of `but` is still that."""
    live = "SELECT id FROM share WHERE person_id = ANY(%s) AND recipient = %s AND category = %s AND ended_at IS NULL"
    with psycopg.connect(owner_urls(stack)["consent"]) as connection:
        found = connection.execute(live, ([person.id for person in people], CHARITY, "release-date")).fetchall()
    permits = {share for (share,) in found}
    assert len(permits) == len(people), f"{len(permits)} permits for {len(people)} people"
    assert not permits & set(but), "a push is not decided yet"
    return permits


async def test_under_a_bulk_load(scene: Scene) -> None:
    await _under_a_bulk_load(scene)


@in_the_long_form
async def test_bulk_on_apache_kafka(kafka_scene: Scene) -> None:
    await _under_a_bulk_load(kafka_scene)


async def _under_a_bulk_load(scene: Scene) -> None:
    races, bulk = _races(scene), Bulk(scene.world, supervised=min(250, max(50, RACES)))
    people, staying = await _ready(races, max(3, RACES // 2)), await _ready(races, 1)
    await bulk.ready()
    runs = [partial(races.run, person, rounds=ROUNDS) for person in people]
    runs += [partial(races.stays, person, rounds=ROUNDS) for person in staying]
    async with told_with_its_state(scene):
        async with views_watched(scene.world.stack) as watches:
            async with bulk.loading():
                await together([*runs], at_once=AT_ONCE)
            await settled(scene.world.stack)
        log = await judge(scene, races, watches, people, staying)
        _overlap(log, {person.id for person in people}, {person.id for person in bulk.people})
        moments = [each.acknowledged_at for each in races.withdrawals]
        full, most = full_at(moments, bulk.unsent), max(count for _, count in bulk.unsent)
        print(f"{bulk.applied} lines; bulk offers waited, {most} at most, at {full} of {len(moments)} withdrawals")
        assert full >= MOSTLY * len(moments), "the bulk lane was empty"


def _overlap(log: list[Entry], racing: set[str], loaded: set[str]) -> None:
    """The bulk load's own decisions came between the withdrawals, and after the last of them."""
    withdrawals = [entry.index for entry in log if entry.kind == "withdrawal" and entry.person in racing]
    decided = [entry.index for entry in log if entry.kind == "share" and entry.person in loaded]
    between = [index for index in decided if withdrawals[0] < index < withdrawals[-1]]
    after = [index for index in decided if index > withdrawals[-1]]
    print(f"decisions of the bulk load: {len(between)} between the withdrawals, {len(after)} after them")
    assert between, "no withdrawal came into the bulk load"
    assert after, "the bulk load was over before the last withdrawal"

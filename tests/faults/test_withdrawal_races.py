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

from tests.faults.checks import reconciled, verified
from tests.faults.conftest import Scene, told_with_its_state
from tests.faults.race_bulk import Bulk
from tests.faults.race_checks import (
    Entry,
    decided_while_suspended,
    entries,
    mixed,
    permits_after_acknowledgement,
    permits_after_objection,
    permits_after_withdrawal,
    verdicts,
    withdrawn_shares,
)
from tests.faults.race_feeds import held, lacking, left_behind, traces, unheard_of
from tests.faults.race_operators import Operators
from tests.faults.races import ON_CONSENT, Races, together
from tests.faults.watching import Watch, told, watched
from tests.support.eventually import eventually
from tests.support.settled import owner_urls, settled
from tests.support.stack import RunningStack
from tests.system.world import CHARITY, PROBATION, Person

RACES = int(os.environ.get("RACES") or 8)
ROUNDS = 6
AT_ONCE = 10
STAYING = max(2, RACES // 8)
"""Persons who agree last, so that hiding everything does not pass."""
LEAST = 0.3
"""Of each verdict on consent, so that neither refusing nor permitting everything passes."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


def _races(scene: Scene) -> Races:
    return Races(scene.world, random.Random(os.environ.get("SEED")))


async def _ready(races: Races, persons: int) -> list[Person]:
    return [await races.ready() for _ in range(persons)]


async def _judge(
    scene: Scene,
    races: Races,
    watch: Watch,
    people: list[Person],
    staying: list[Person],
    *,
    removed: Collection[str] = (),
) -> list[Entry]:
    """Judges a race that has settled, of people who withdrew and people who agreed last; returns the log.

    `removed` were merged into others: the last withdrawal was the others'.
    """
    log = await asyncio.to_thread(entries, scene.world.stack)
    assert races.emptied.keys() == {person.id for person in people} - set(removed)
    assert list(permits_after_withdrawal(log)) == []
    assert list(permits_after_acknowledgement(log, races.withdrawals)) == []
    assert list(permits_after_objection(log, races.objections)) == []
    assert list(mixed(log)) == []
    for person in people:
        assert await scene.world.release(CHARITY, person) is None
    await reconciled(scene.world)
    assert (await asyncio.to_thread(verified, scene.world.stack)).findings == ()
    await _feeds(scene, people, staying)
    found = verdicts(log, {person.id for person in people})
    _view(races, watch, log, f"{len(people)} and {len(staying)} persons, {dict(races.did)}; on consent {dict(found)}")
    assert min(found["permitted"], found["refused"]) >= LEAST * found.total(), dict(found)
    return log


async def _feeds(scene: Scene, people: list[Person], staying: list[Person]) -> None:
    """What feeds and views still hold. What stands on law goes on."""
    withdrawn, standing = await traces(scene.world, people), await traces(scene.world, staying)
    for agency in ON_CONSENT:
        holds = await held(scene.world, agency)
        assert list(left_behind(holds, withdrawn)) == []
        assert list(lacking(holds, standing)) == []
        assert agency != CHARITY or unheard_of(holds, withdrawn) == set()
    assert list(lacking(await held(scene.world, PROBATION), {**withdrawn, **standing})) == []


def _objected(races: Races, log: list[Entry]) -> None:
    """The objections of this race decided something: others, of races before it, are in the log too."""
    refused = {entry.person for entry in log if entry.leaf.get("reason") == "objection"}
    assert refused & {each.person for each in races.objections}, "no objection decided anything"


def _view(races: Races, watch: Watch, log: list[Entry], what: str) -> None:
    """What the charity's view showed in the meantime: nothing that was hidden, and nothing for long."""
    came, went = watch.came_after(races.pushed), watch.went_after(races.emptied)
    outstayed = watch.outstayed(withdrawn_shares(log, races.withdrawals))
    print(
        f"\n{what}; views empty after {told(went)}, {len(outstayed)} shares gone after {told(outstayed)}, "
        f"and others there after {told(came)} in {watch.looks} looks, at most {watch.longest_pause_s:.2f} s apart; "
        f"and answered so after {told(races.answered)}"
    )
    assert watch.denied == set(), "a view shows what the gateway was told to hide"
    assert watch.returned == set(), "something came into a view again"
    assert watch.seen_again(races.emptied) == set(), "a view that was empty shows somebody again"
    assert watch.late(went=went, outstayed=outstayed, came=came) is None


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
        async with watched(scene.world.stack, CHARITY) as watch:
            async with operators.at_work(pause_s=RACES / 2):
                await together([*runs], at_once=AT_ONCE)
            await settled(scene.world.stack)
        did = races.did + operators.did
        assert {"push", "grant", "renewal", "withdrawal", "objection", "suspension", "publication"} <= did.keys()
        log = await _judge(scene, races, watch, people, staying)
        _objected(races, log)
        suspended = decided_while_suspended(log, operators.suspensions)
        print(f"{dict(operators.did)}; while suspended {dict(suspended)}")
        assert suspended["permitted"] == 0
        assert suspended["agency-suspended"] > 0, "nothing was decided while the agency was suspended"


async def test_two_numbers_become_one_in_the_middle_of_it_and_two_again(scene: Scene) -> None:
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
        async with watched(scene.world.stack, CHARITY) as watch:
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
        log = await _judge(scene, races, watch, people, staying, removed={gone.id for _, gone in pairs})
        _objected(races, log)


async def test_with_audit_standing_still_views_are_empty_all_the_same(scene: Scene) -> None:
    races = _races(scene)
    people, staying = await _ready(races, max(3, RACES // 4)), await _ready(races, 1)
    async with told_with_its_state(scene):
        async with watched(scene.world.stack, CHARITY) as watch:
            for person in (*people, *staying):
                await races.shows(person)
            scene.processes.stop("audit")
            try:
                for person in (*people, *staying):
                    await races.push(person)
                waiting = await eventually(
                    partial(_permits, scene.world.stack, people, but=watch.stays.keys()), within=60
                )
                await together([partial(races.empties, person) for person in people], at_once=AT_ONCE)
            finally:
                scene.processes.go_on("audit")
            await settled(scene.world.stack)
        await _judge(scene, races, watch, people, staying)
        assert not waiting & watch.stays.keys(), "what was on its way came into the view after all"
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
    races, bulk = _races(scene), Bulk(scene.world, supervised=min(250, max(50, RACES)))
    people, staying = await _ready(races, max(3, RACES // 2)), await _ready(races, 1)
    await bulk.ready()
    runs = [partial(races.run, person, rounds=ROUNDS) for person in people]
    runs += [partial(races.stays, person, rounds=ROUNDS) for person in staying]
    async with told_with_its_state(scene):
        async with watched(scene.world.stack, CHARITY) as watch:
            async with bulk.loading(at_least=200 * RACES):
                await together([*runs], at_once=AT_ONCE)
            await settled(scene.world.stack)
        log = await _judge(scene, races, watch, people, staying)
        _objected(races, log)
        _overlap(log, {person.id for person in people}, {person.id for person in bulk.people})


def _overlap(log: list[Entry], racing: set[str], loaded: set[str]) -> None:
    """The bulk load's own decisions came between the withdrawals, and after the last of them."""
    withdrawals = [entry.index for entry in log if entry.kind == "withdrawal" and entry.person in racing]
    decided = [entry.index for entry in log if entry.kind == "share" and entry.person in loaded]
    between = [index for index in decided if withdrawals[0] < index < withdrawals[-1]]
    after = [index for index in decided if index > withdrawals[-1]]
    print(f"decisions of the bulk load: {len(between)} between the withdrawals, {len(after)} after them")
    assert between, "no withdrawal came into the bulk load"
    assert after, "the bulk load was over before the last withdrawal"

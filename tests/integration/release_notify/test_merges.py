"""Two numbers become one person and two again: dates move, versions go up, nothing newer loses to something older."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chassis.ids import new_id
from contracts.caseload import PersonUnmergedV1
from release_notify.operations.merges import unmerge
from release_notify.queries.states import lock_persons
from tests.integration.release_notify.conftest import SOUTHMOOR, World
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.locks import waits_for_a_lock
from tests.support.merging import orders, told


async def two(world: World) -> tuple[str, str]:
    kept, removed = await world.held(), await world.held()
    return kept, removed


async def release(world: World, person: str, **options: Any) -> dict[str, Any]:
    answer = await world.get(f"/people/{person}/release", **options)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def effective(world: World, person: str) -> str | None:
    answer = await world.get(f"/people/{person}/release")
    return (answer.json().get("effective") or {}).get("release_date")


async def test_everything_moves_to_the_kept_number_and_the_removed_ones_offer_is_retracted(world: World) -> None:
    kept, removed = await two(world)
    await world.push(removed, "CRD", "2026-09-01")
    old = await release(world, removed)
    await world.merged(kept, removed)

    new = await release(world, kept)
    assert new["effective"]["release_date"] == "2026-09-01"
    assert new["release_id"] != old["release_id"]
    assert new["version"] == 1
    assert (await release(world, removed))["release_id"] == new["release_id"], "the removed number is an alias"
    retracted = (await world.offers(removed))[-1]
    assert (retracted["subject_ref"], retracted["version"], retracted["content"]) == (old["release_id"], 2, None)
    assert [offer["content"]["release_date"] for offer in await world.offers(kept)] == ["2026-09-01"]


async def test_what_was_pushed_later_counts_whichever_number_it_came_under(world: World) -> None:
    kept, removed = await two(world)
    await world.push(removed, "CRD", "2026-09-01")
    world.now += timedelta(minutes=1)
    await world.push(kept, "CRD", "2026-08-01")
    world.now += timedelta(minutes=1)
    await world.push(removed, "ARD", "2026-07-01")
    before = await release(world, kept)
    await world.merged(kept, removed)
    after = await release(world, kept)
    assert (after["effective"]["release_date"], after["version"]) == ("2026-08-01", before["version"])

    other, gone = await two(world)
    await world.push(other, "CRD", "2026-08-01")
    world.now += timedelta(minutes=1)
    await world.push(gone, "CRD", "2026-09-01")
    stays = await release(world, other)
    await world.merged(other, gone)
    moved = await release(world, other)
    assert (moved["effective"]["release_date"], moved["release_id"]) == ("2026-09-01", stays["release_id"])
    assert moved["version"] == stays["version"] + 1


async def test_a_sequence_given_under_either_number_stays_stale(world: World) -> None:
    kept, removed = await two(world)
    await world.push(removed, "CRD", "2026-09-01", sequence=9)
    await world.push(kept, "CRD", "2026-09-02", sequence=3)
    await world.merged(kept, removed)
    assert (await world.push(kept, "CRD", "2026-09-05", sequence=9)).json()["outcome"] == "stale"
    assert (await world.push(removed, "CRD", "2026-09-05", sequence=10)).json()["outcome"] == "applied"
    assert (await release(world, kept))["effective"]["release_date"] == "2026-09-05"


async def test_an_unmerge_moves_back_what_moved_and_no_version_goes_down(world: World) -> None:
    kept, removed = await two(world)
    await world.push(kept, "CRD", "2026-08-01")
    world.now += timedelta(minutes=1)
    await world.push(removed, "CRD", "2026-09-01")
    await world.push(removed, "SLED", "2027-09-01")
    own = await release(world, removed)
    await world.merged(kept, removed)
    await world.merged(kept, removed)
    await world.push(kept, "HDCED", "2026-07-01")
    await world.unmerged(kept, removed)
    await world.unmerged(kept, removed)

    back, alone = await release(world, removed), await release(world, kept)
    assert (back["release_id"], back["effective"]["release_date"]) == (own["release_id"], "2026-09-01")
    assert back["licence_ends"] == "2027-09-01"
    assert (alone["effective"]["release_date"], alone["licence_ends"]) == ("2026-08-01", None)
    types = (await world.get(f"/people/{kept}/release-dates")).json()["items"]
    assert [item["date_type"] for item in types] == ["CRD", "HDCED"]
    for person in (kept, removed):
        versions = [offer["version"] for offer in await world.offers(person)]
        assert versions == sorted(set(versions))
        assert (await world.offers(person))[-1]["content"] is not None


async def test_who_waited_while_a_merge_was_undone_gets_the_number_as_it_is_now(world: World) -> None:
    kept, removed = await two(world)
    await world.merged(kept, removed)

    async def locked() -> str:
        async with world.database.transaction() as session:
            return (await lock_persons(session, [removed]))[0][removed]

    async with world.database.transaction() as session:
        await lock_persons(session, [kept])
        waiting = asyncio.create_task(locked())
        await eventually(lambda: waits_for_a_lock(world.database))
        undone = PersonUnmergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=world.now)
        await unmerge(session, undone, now=world.now)
    assert await waiting == removed


async def test_of_nested_merges_the_inner_one_is_undone(world: World) -> None:
    """The event names the present root as kept: not the number that the removed one was merged into."""
    outer, inner, removed = await world.held(), await world.held(), await world.held()
    await world.push(outer, "CRD", "2026-07-01")
    world.now += timedelta(minutes=1)
    await world.push(inner, "SLED", "2027-08-01")
    await world.push(removed, "CRD", "2026-09-01")
    own = await release(world, removed)
    await world.merged(inner, removed)
    await world.merged(outer, inner)
    assert (await release(world, outer))["effective"]["release_date"] == "2026-09-01"
    await world.unmerged(outer, removed)

    back, alone = await release(world, removed), await release(world, outer)
    assert (back["release_id"], back["effective"]["release_date"]) == (own["release_id"], "2026-09-01")
    assert (alone["effective"]["release_date"], alone["licence_ends"]) == ("2026-07-01", "2027-08-01")
    assert (await release(world, inner))["release_id"] == alone["release_id"], "the two others stay one"
    await world.push(removed, "CRD", "2026-09-02")
    assert (await world.offers(removed))[-1]["content"]["release_date"] == "2026-09-02"
    assert (await release(world, outer))["effective"]["release_date"] == "2026-07-01"


async def test_merges_that_are_heard_of_in_the_wrong_order_come_to_the_same(world: World) -> None:
    """Merges have streams of their own, by the number that is kept."""
    outer, inner, removed = await world.held(), await world.held(), await world.held()
    await world.push(removed, "CRD", "2026-09-01")
    before = world.now
    await world.merged(outer, inner)
    await world.merged(inner, removed, at=before)
    await world.unmerged(outer, inner)
    assert (await release(world, inner))["effective"]["release_date"] == "2026-09-01"

    one, other = await two(world)
    await world.push(one, "CRD", "2026-08-01")
    await world.merged(one, other)
    await world.merged(other, one)
    await world.unmerged(one, other)
    for number in (one, other):
        assert (await release(world, number))["effective"]["release_date"] == "2026-08-01"
    assert (await world.offers(one))[-1]["content"] is None
    assert (await world.offers(other))[-1]["content"] is not None


@pytest.mark.parametrize("parted", [False, True])
async def test_the_latest_holds_in_whatever_order_it_is_heard_of(world: World, parted: bool) -> None:
    for order in orders(parted=parted):
        first, second, number = await world.held(), await world.held(), await world.held()
        await world.push(first, "CRD", "2026-07-01")
        await world.push(number, "CRD", "2026-09-01")
        for event in told(first, second, number, at=world.now, order=order):
            await world.hear(event)
        shown = [await effective(world, person) for person in (first, second, number)]
        assert shown == ["2026-07-01", None if parted else "2026-09-01", "2026-09-01"], order


async def test_a_number_that_is_merged_elsewhere_takes_nobody_along(world: World) -> None:
    """The undoing of its first merge is not heard of yet."""
    first, second, number = await world.held(), await world.held(), await world.held()
    await world.push(first, "CRD", "2026-07-01")
    await world.push(second, "CRD", "2026-08-01")
    await world.merged(first, number)
    await world.merged(second, number)
    assert (await release(world, first))["effective"]["release_date"] == "2026-07-01"
    assert (await release(world, number))["effective"]["release_date"] == "2026-08-01"


async def test_a_withdrawal_after_a_merge_holds_for_dates_of_both_numbers(world: World) -> None:
    kept, removed = await two(world)
    await world.push(removed, "CRD", "2026-09-01")
    await world.merged(kept, removed)
    world.now += timedelta(minutes=1)
    gone = await world.call("POST", f"/people/{kept}/release-dates/CRD/withdrawal", {"reason_code": "set-aside"})
    assert gone.json()["effective"] is None
    assert (await world.offers(kept))[-1]["content"]["release_date"] is None


async def test_custody_follows_the_newest_movement_of_either_number(world: World) -> None:
    kept, removed = await two(world)
    await world.moved(removed, "transferred", SOUTHMOOR, at=datetime(2026, 3, 1, tzinfo=UTC))
    await world.push(kept, "CRD", "2026-08-01")
    await world.merged(kept, removed)
    problem(await world.push(kept, "CRD", "2026-08-02"), 409, "not-in-custody")
    assert (await world.push(kept, "CRD", "2026-08-02", agency=SOUTHMOOR)).status_code == 200
    assert {offer["source"] for offer in (await world.offers(kept))[1:]} == {SOUTHMOOR}


async def test_a_number_whose_release_is_behind_brings_no_dates_into_present_custody(world: World) -> None:
    kept, removed = await two(world)
    await world.push(kept, "CRD", "2026-05-01")
    await world.moved(kept, "released", None, at=datetime(2026, 5, 1, tzinfo=UTC))
    await world.push(removed, "CRD", "2026-12-01")
    past = (await world.offers(kept))[0]["subject_ref"]
    await world.merged(kept, removed)
    now = await release(world, kept)
    assert now["effective"]["release_date"] == "2026-12-01"
    assert (now["released_on"], now["release_id"] == past) == (None, False)
    assert [offer["content"] is None for offer in await world.offers(kept)] == [False, True, False]


async def test_of_two_numbers_a_movement_counts_before_a_later_registration(world: World) -> None:
    kept, removed = await two(world)
    await world.moved(removed, "received", SOUTHMOOR, at=world.now, registered=True)
    await world.merged(kept, removed)
    assert (await world.push(kept, "CRD", "2026-09-01")).status_code == 201
    problem(await world.push(kept, "CRD", "2026-09-02", agency=SOUTHMOOR), 409, "not-in-custody")


async def test_a_number_whose_release_is_behind_leaves_behind_what_was_merged_into_it(world: World) -> None:
    kept, inner, removed = await world.held(), await world.held(), await world.held()
    await world.push(inner, "CRD", "2026-05-01", status="confirmed")
    await world.merged(kept, inner)
    await world.moved(kept, "released", None, at=datetime(2026, 5, 1, tzinfo=UTC))
    await world.push(removed, "ARD", "2026-12-01")
    await world.merged(kept, removed)
    assert await effective(world, kept) == "2026-12-01"

"""A merge is undone: which releases are a number's own again, and which its own custody had put behind it."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.ids import new_id
from tests.integration.release_notify.conftest import NORTHGATE, World
from tests.integration.release_notify.test_merges import effective, release, two

RELEASED = datetime(2026, 5, 1, tzinfo=UTC)
AGAIN = datetime(2026, 5, 20, tzinfo=UTC)


async def freed(world: World, person: str) -> None:
    await world.moved(person, "released", None, at=RELEASED)


async def held_again(world: World, person: str) -> None:
    await world.moved(person, "received", NORTHGATE, at=AGAIN, custody_id="c2")


async def test_an_undone_merge_brings_back_no_release_of_a_past_time_in_custody(world: World) -> None:
    kept, removed = await two(world)
    await world.push(removed, "CRD", "2026-05-01", status="confirmed")
    await freed(world, removed)
    await held_again(world, removed)
    await world.merged(kept, removed)
    await world.unmerged(kept, removed)
    assert [offer["content"] is None for offer in await world.offers(removed)] == [False, True]
    pushed = (await world.push(removed, "ARD", "2026-12-01")).json()
    assert (pushed["outcome"], pushed["effective"]["release_date"]) == ("applied", "2026-12-01")


@pytest.mark.parametrize("held_by_other", [False, True], ids=["ended by its own custody", "closed by the merge before"])
async def test_what_its_own_custody_ended_stays_behind_though_that_is_heard_of_late(
    world: World, held_by_other: bool
) -> None:
    """Movements come in the stream of their number, a merge in that of the number that is kept."""
    kept, removed = await two(world) if held_by_other else (new_id(), await world.held())
    await world.push(removed, "CRD", "2026-05-01", status="confirmed")
    if held_by_other:
        await freed(world, removed)
    await world.merged(kept, removed)
    if not held_by_other:
        await freed(world, removed)
    await held_again(world, removed)
    await world.unmerged(kept, removed)
    assert (await world.offers(removed))[-1]["content"] is None
    assert (await world.push(removed, "ARD", "2026-12-01")).json()["effective"]["release_date"] == "2026-12-01"


async def test_a_release_that_the_merge_closed_is_its_number_s_own_again(world: World) -> None:
    kept, removed = await two(world)
    await world.push(removed, "CRD", "2026-05-01")
    await freed(world, removed)
    past = await release(world, removed)
    for _ in range(2):
        await world.merged(kept, removed)
        assert await effective(world, kept) is None
        await world.unmerged(kept, removed)
    back = await release(world, removed)
    assert (back["release_id"], back["released_on"]) == (past["release_id"], "2026-05-01")
    assert back["effective"]["release_date"] == "2026-05-01"


async def test_a_time_in_custody_that_ended_under_another_number_did_not_end_for_those_who_part(world: World) -> None:
    """An inner merge stays: what was pushed later under its removed number still counts."""
    outer, inner, removed = await world.held(), await world.held(), await world.held()
    await world.push(inner, "CRD", "2026-08-01")
    world.now += timedelta(minutes=1)
    await world.push(removed, "CRD", "2026-09-01")
    await world.merged(inner, removed)
    own = await release(world, inner)
    await world.merged(outer, inner)
    await freed(world, outer)
    await held_again(world, outer)
    assert await effective(world, outer) is None
    await world.unmerged(outer, inner)
    back = await release(world, inner)
    assert (back["release_id"], back["effective"]["release_date"]) == (own["release_id"], "2026-09-01")
    await world.unmerged(inner, removed)
    assert [await effective(world, each) for each in (inner, removed)] == ["2026-08-01", "2026-09-01"]

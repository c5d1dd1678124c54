"""Milestones by the timer: each fires once, over moves, restarts, transfers and merges."""

from datetime import UTC, datetime, timedelta

from tests.integration.release_notify.conftest import NOW, SOUTHMOOR, World


def on(month: int, day: int, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, 6, tzinfo=UTC)


async def test_each_fires_once_on_its_day_or_late(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-08-31")
    await world.push(person, "SLED", "2027-03-01")
    assert await world.tick() == 0
    for day in (on(6, 7), on(6, 8), on(6, 8), on(7, 20), on(8, 27), on(8, 31), on(9, 1)):
        world.now = day
        await world.tick()
    assert await world.milestones(person) == [
        "release-84-days",
        "release-56-days",
        "release-28-days",
        "release-14-days",
        "release-7-days",
        "release-2-working-days",
        "release-day",
    ]
    world.now = on(8, 31, year=2027)
    assert await world.tick() == 3
    assert await world.tick() == 0
    assert (await world.milestones(person))[-3:] == ["released-28-days", "sled-28-days", "released-6-months"]


async def test_a_moved_date_moves_them_and_none_fires_again(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-06-20")
    assert await world.tick() == 3
    await world.push(person, "CRD", "2026-12-20")
    world.now = on(6, 20)
    assert await world.tick() == 0
    await world.push(person, "CRD", "2026-06-30")
    assert await world.tick() == 1
    assert await world.milestones(person) == [
        "release-84-days",
        "release-56-days",
        "release-28-days",
        "release-14-days",
    ]


async def test_a_withdrawn_date_has_none(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-08-31")
    await world.call("POST", f"/people/{person}/release-dates/CRD/withdrawal", {"reason_code": "died"})
    world.now = on(9, 30)
    assert await world.tick() == 0


async def test_after_the_real_release_they_count_from_that_day(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-08-31")
    world.now = on(6, 3)
    await world.moved(person, "released", None, at=world.now)
    world.now = on(7, 1)
    assert await world.tick() == 1
    (event,) = await world.events("release.milestone-reached.v1", person)
    assert (event["milestone"], event["due_on"], event["release_date"]) == (
        "released-28-days",
        "2026-07-01",
        "2026-06-03",
    )


async def test_neither_a_transfer_nor_a_merge_makes_one_fire_again(world: World) -> None:
    kept, removed = await world.held(), await world.held()
    await world.push(removed, "CRD", "2026-06-20")
    assert await world.tick() == 3
    await world.moved(removed, "transferred", SOUTHMOOR, at=NOW)
    assert await world.tick() == 0
    await world.merged(kept, removed)
    assert await world.tick() == 0
    await world.unmerged(kept, removed)
    assert await world.tick() == 0
    world.now += timedelta(days=5)
    assert await world.tick() == 1
    fired = await world.milestones(kept) + await world.milestones(removed)
    assert sorted(fired) == sorted(set(fired))

"""Custody and what follows it: the right to push, whose release it is, and where one time in custody ends."""

from datetime import UTC, datetime

import pytest

from chassis.ids import new_id
from contracts.caseload import CustodyChangedV1
from contracts.codes import CustodyStatus
from tests.integration.release_notify.conftest import NORTHGATE, SOUTHMOOR, World
from tests.support.http import problem


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 9, tzinfo=UTC)


async def held(world: World) -> str:
    person = "0190a000-0000-7000-8000-000000000001"
    await world.moved(person, "received", NORTHGATE, at=at(1, 5))
    return person


async def test_a_transfer_keeps_dates_and_hands_over_the_release_and_the_right_to_push(world: World) -> None:
    person = await held(world)
    pushed = (await world.push(person, "CRD", "2026-09-01", sequence=5)).json()
    await world.moved(person, "transferred", SOUTHMOOR, at=at(5, 1))

    problem(await world.push(person, "CRD", "2026-09-02", sequence=6), 409, "not-in-custody")
    problem(await world.get(f"/people/{person}/release"), 404, "not-found")
    release = (await world.get(f"/people/{person}/release", agency=SOUTHMOOR)).json()
    assert (release["release_id"], release["version"]) == (pushed["release_id"], 2)
    assert release["effective"]["release_date"] == "2026-09-01"
    first, second = await world.offers(person)
    assert (second["subject_ref"], second["source"], second["version"]) == (first["subject_ref"], SOUTHMOOR, 2)
    assert second["content"]["prison"] == SOUTHMOOR

    new = (await world.push(person, "CRD", "2026-09-03", agency=SOUTHMOOR, sequence=1)).json()
    assert (new["outcome"], new["version"]) == ("applied", 3)


async def test_after_the_real_release_the_release_stays_as_a_fact(world: World) -> None:
    person = await held(world)
    await world.push(person, "CRD", "2026-06-01")
    await world.moved(person, "released", None, at=at(6, 1))
    problem(await world.push(person, "CRD", "2026-09-02"), 409, "not-in-custody")
    release = (await world.get(f"/people/{person}/release")).json()
    assert (release["released_on"], release["version"]) == ("2026-06-01", 1)
    assert [offer["version"] for offer in await world.offers(person)] == [1]


async def test_a_new_time_in_custody_is_a_new_release(world: World) -> None:
    person = await held(world)
    first = (await world.push(person, "CRD", "2026-06-01", sequence=3)).json()
    await world.moved(person, "released", None, at=at(6, 1))
    await world.moved(person, "recalled", SOUTHMOOR, at=at(7, 1), custody_id="c2")
    retracted = (await world.offers(person))[-1]
    assert (retracted["subject_ref"], retracted["version"], retracted["content"]) == (first["release_id"], 2, None)
    problem(await world.get(f"/people/{person}/release", agency=SOUTHMOOR), 404, "not-found")

    second = (await world.push(person, "PRRD", "2026-12-01", agency=SOUTHMOOR)).json()
    assert second["release_id"] != first["release_id"]
    assert (second["version"], second["effective"]["date_type"]) == (1, "PRRD")
    dates = (await world.get(f"/people/{person}/release-dates", agency=SOUTHMOOR)).json()
    assert [item["date_type"] for item in dates["items"]] == ["PRRD"]
    history = (await world.get(f"/people/{person}/release/history", agency=SOUTHMOOR)).json()
    assert [item["direction"] for item in history["items"]] == ["new", "withdrawn", "new"]


async def test_a_release_that_is_taken_back_ends_nothing(world: World) -> None:
    person = await held(world)
    first = (await world.push(person, "CRD", "2026-06-01")).json()
    await world.moved(person, "released", None, at=at(5, 30))
    await world.moved(person, "returned", NORTHGATE, at=at(5, 31))
    release = (await world.get(f"/people/{person}/release")).json()
    assert (release["release_id"], release["released_on"]) == (first["release_id"], None)
    assert (await world.push(person, "CRD", "2026-06-03")).json()["version"] == 2


async def test_redelivered_movements_change_nothing(world: World) -> None:
    person = await held(world)
    await world.push(person, "CRD", "2026-09-01")
    await world.moved(person, "transferred", SOUTHMOOR, at=at(5, 1))
    world.versions[person] -= 1
    await world.moved(person, "transferred", NORTHGATE, at=at(5, 2))
    assert (await world.get(f"/people/{person}/release")).status_code == 404
    assert len(await world.offers(person)) == 2


async def test_a_push_waits_until_the_movement_it_relies_on_is_heard(world: World) -> None:
    person = await held(world)
    answer = await world.push(person, "CRD", "2026-09-01", headers={"Throughgate_After": "1"})
    assert answer.status_code == 201
    behind = await world.push(person, "CRD", "2026-09-02", headers={"Throughgate_After": "2"})
    problem(behind, 503, "not-caught-up")
    assert "retry-after" in behind.headers


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
async def test_a_booking_that_was_another_s_leaves_nothing_to_whom_it_was_written_under(
    world: World, together: bool
) -> None:
    """What caseload tells when it moves to somebody new: both events name the movement that moved."""
    wrong, right, movement = new_id(), new_id(), new_id()

    def says(person: str, status: str, prison: str | None, moved_at: datetime | None) -> CustodyChangedV1:
        return CustodyChangedV1(
            person_id=person,
            movement_id=movement,
            custody_id=movement,
            status=CustodyStatus(status),
            prison=prison,
            occurred_at=at(1, 5),
            moved_at=moved_at,
            at=world.now,
        )

    await world.hear(says(wrong, "received", NORTHGATE, at(1, 5)))
    assert (await world.push(wrong, "CRD", "2026-09-01")).status_code == 201
    both = [says(wrong, "released", None, None), says(right, "received", NORTHGATE, at(1, 5))]
    for batch in [both] if together else [[each] for each in both]:
        await world.hear(*batch)
    problem(await world.push(wrong, "CRD", "2026-09-02"), 409, "not-in-custody")
    assert [each["content"] is None for each in await world.offers(wrong)] == [False, True]
    assert (await world.push(right, "CRD", "2026-09-02")).status_code == 201

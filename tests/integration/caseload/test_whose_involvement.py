"""Involvement is its agency's own: nobody else ends it or makes it longer, and custody's goes with custody."""

from datetime import UTC, datetime, timedelta

from caseload.operations.involvement import end_due
from tests.integration.caseload.conftest import World
from tests.integration.caseload.test_custody import move, received


async def involved(world: World, person: str) -> set[tuple[str, str]]:
    """Who is involved, and in which state."""
    found = await world.rows(
        "SELECT agency, state FROM involvement WHERE person_id = :id AND state <> 'ended'", id=person
    )
    return {tuple(row) for row in found}


async def time_passes(world: World, until: datetime) -> None:
    async with world.database.transaction() as session:
        await end_due(session, now=until)


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


async def test_a_transfer_ends_the_old_prison_s_involvement_whatever_roles_it_gave(world: World) -> None:
    person = await received(world)
    answer = await world.put("hmp-northgate", f"/people/{person}/involvement", {"roles": ["offender-manager"]})
    assert answer.json()["roles"] == ["custody", "offender-manager"]
    await move(world, "hmp-northgate", person, "transferred", "2026-03-05T10:00:00Z", to_prison="MDI")
    assert await involved(world, person) == {("hmp-southmoor", "confirmed")}


async def test_a_release_ends_it_too(world: World) -> None:
    person = await received(world)
    await world.put("hmp-northgate", f"/people/{person}/involvement", {"roles": ["offender-manager"]})
    await move(world, "hmp-northgate", person, "released", "2026-03-05T10:00:00Z")
    assert await involved(world, person) == set()


async def test_the_holder_is_involved_until_a_movement_says_otherwise(world: World) -> None:
    person, until = await received(world), soon()
    body = {"roles": ["custody"], "until": until.isoformat()}
    assert (await world.put("hmp-northgate", f"/people/{person}/involvement", body)).status_code == 200
    await time_passes(world, until)
    assert await involved(world, person) == {("hmp-northgate", "confirmed")}


async def test_nobody_ends_another_s_confirmed_involvement(world: World) -> None:
    person, until = await received(world), soon()
    crn = {"roles": ["offender-manager"], "reference": "X123456"}
    claimed = await world.put("probation-north", f"/people/{person}/involvement", crn)
    assert claimed.json()["state"] == "confirmed"
    await world.put("hmp-northgate", f"/people/{person}/involvement/police-north", {"roles": ["iom-team"]})
    for other, role in (("probation-north", "offender-manager"), ("hmp-northgate", "custody")):
        body = {"roles": [role], "until": until.isoformat()}
        answer = await world.put("police-north", f"/people/{person}/involvement/{other}", body)
        assert answer.status_code == 200, answer.text
    await time_passes(world, until)
    assert {agency for agency, _ in await involved(world, person)} == {
        "hmp-northgate",
        "police-north",
        "probation-north",
    }


async def test_who_confirmed_until_a_day_may_say_another_day_and_who_is_confirmed_may_not(world: World) -> None:
    person, until = await received(world), soon()
    path = f"/people/{person}/involvement"
    await world.put("charity-newstart", path, {"roles": ["mentor"]})
    confirmed = {"roles": ["mentor"], "until": (until + timedelta(hours=1)).isoformat()}
    await world.put("hmp-northgate", f"{path}/charity-newstart", confirmed)
    await world.put("hmp-northgate", f"{path}/charity-newstart", confirmed | {"until": until.isoformat()})
    for said in ({}, {"until": (until + timedelta(days=9)).isoformat()}):
        assert (await world.put("charity-newstart", path, {"roles": ["mentor"], **said})).status_code == 200
    await time_passes(world, until)
    assert await involved(world, person) == {("hmp-northgate", "confirmed")}

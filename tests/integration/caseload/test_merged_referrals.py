"""What is said of one of two merged numbers stays its own: a referral, the involvement that comes of it, a section."""

import asyncio
from collections.abc import Sequence

import pytest

from caseload.operations.merges import unmerge
from chassis import clock
from chassis.ids import new_id
from contracts.codes import ReferralAction, ReferralRole, ReferralState
from contracts.referral import ReferralStateChangedV1
from tests.integration.caseload.conftest import World
from tests.integration.caseload.test_whose_involvement import involved
from tests.support.eventually import eventually
from tests.support.locks import waits_for_a_lock

PRISON, TRUST = "hmp-northgate", "mht-riverside"


def said(person: str, referral: str, to: ReferralState, *, involved: bool) -> ReferralStateChangedV1:
    return ReferralStateChangedV1(
        person_id=person,
        referral_id=referral,
        chain_id=referral,
        sender=PRISON,
        receiver=TRUST,
        from_state=ReferralState.RECEIVED,
        to_state=to,
        action=ReferralAction.ACCEPTANCE,
        by=ReferralRole.RECEIVER,
        involved=involved,
        at=clock.now(),
    )


def accepted(person: str, referral: str) -> ReferralStateChangedV1:
    return said(person, referral, ReferralState.ACCEPTED, involved=True)


def over(person: str, referral: str) -> ReferralStateChangedV1:
    return said(person, referral, ReferralState.COMPLETED, involved=False)


@pytest.fixture
async def people(world: World) -> Sequence[str]:
    """Two records, of which the second will be merged into the first."""
    other = {"name": {"family": "Marlowe", "given": "Idris"}, "date_of_birth": "1970-01-01"}
    return [await world.register(PRISON, "noms:A1234AA"), await world.register(PRISON, "noms:A1235AA", **other)]


async def merge(world: World, kept: str, removed: str) -> str:
    answer = await world.post("operator", "/merges", {"kept_id": kept, "removed_id": removed})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["merge_id"])


async def test_of_two_accepted_referrals_each_ends_its_own(world: World, people: Sequence[str]) -> None:
    kept, removed = people
    one, two = new_id(), new_id()
    await world.feed(accepted(kept, one))
    await world.feed(accepted(removed, two))
    await merge(world, kept, removed)
    await world.feed(over(kept, one))
    assert (TRUST, "confirmed") in await involved(world, kept)
    await world.feed(over(removed, two))
    assert TRUST not in {agency for agency, _ in await involved(world, kept)}


async def test_what_was_accepted_while_two_were_one_goes_back_with_its_referral(
    world: World, people: Sequence[str]
) -> None:
    kept, removed = people
    referral = new_id()
    merged = await merge(world, kept, removed)
    await world.feed(accepted(removed, referral))
    assert (TRUST, "confirmed") in await involved(world, kept)
    (event,) = [each for each in await world.events("involvement.changed.v1") if each["agency"] == TRUST]
    assert event["person_id"] == removed
    assert (await world.post("operator", f"/merges/{merged}/reversal")).status_code == 200
    assert TRUST not in {agency for agency, _ in await involved(world, kept)}
    assert (TRUST, "confirmed") in await involved(world, removed)
    await world.feed(over(removed, referral))
    assert TRUST not in {agency for agency, _ in await involved(world, removed)}


async def test_what_waits_while_a_merge_is_undone_is_of_the_number_as_it_is_then(
    world: World, people: Sequence[str]
) -> None:
    kept, removed = people
    merged = await merge(world, kept, removed)
    async with world.database.transaction() as session:
        await unmerge(session, merge_id=merged, reversed_by="operator", now=clock.now())
        waiting = asyncio.create_task(world.feed(accepted(removed, new_id())))
        await eventually(lambda: waits_for_a_lock(world.database))
    await waiting
    assert (TRUST, "confirmed") in await involved(world, removed)
    assert TRUST not in {agency for agency, _ in await involved(world, kept)}


async def test_what_an_agency_ended_and_claims_again_is_no_referral_s_to_end(
    world: World, people: Sequence[str]
) -> None:
    person, _ = people
    referral = new_id()
    await world.feed(accepted(person, referral))
    assert (await world.delete(TRUST, f"/people/{person}/involvement")).status_code == 204
    claimed = await world.put(TRUST, f"/people/{person}/involvement", {"roles": ["mental-health-care"]})
    assert claimed.json()["state"] == "claimed"
    await world.feed(over(person, referral))
    assert (TRUST, "claimed") in await involved(world, person)


async def test_of_two_sections_the_one_that_its_agency_cannot_reach_is_offered_to_nobody(
    world: World, people: Sequence[str]
) -> None:
    kept, removed = people
    managed = {"managed": True, "level": 2, "category": 1}
    await world.put(PRISON, f"/people/{kept}/sections/risk-markers", {"markers": []})
    await world.put(
        PRISON,
        f"/people/{removed}/sections/risk-markers",
        {"markers": [{"code": "arson", "level": "high"}], "mappa": managed},
    )
    merged = await merge(world, kept, removed)
    hidden = [each for each in await world.events("offer.made.v1") if each["category"] == "risk-markers"][-1]
    assert (hidden["version"], hidden["content"]) == (2, None)
    ended = (await world.events("mappa.changed.v1"))[-1]
    assert (ended["person_id"], ended["managed"]) == (removed, False)
    assert (await world.post("operator", f"/merges/{merged}/reversal")).status_code == 200
    again = [each for each in await world.events("offer.made.v1") if each["category"] == "risk-markers"][-1]
    assert (again["person_id"], again["subject_ref"], again["version"]) == (removed, hidden["subject_ref"], 3)
    assert again["content"]["mappa"] == managed
    back = (await world.events("mappa.changed.v1"))[-1]
    assert (back["person_id"], back["managed"], back["level"]) == (removed, True, 2)


async def test_a_section_that_came_with_a_merge_speaks_under_its_own_number(
    world: World, people: Sequence[str]
) -> None:
    kept, removed = people
    managed = {"markers": [{"code": "arson", "level": "high"}], "mappa": {"managed": True, "level": 2, "category": 1}}
    await world.put(PRISON, f"/people/{removed}/sections/risk-markers", managed)
    await merge(world, kept, removed)
    assert (await world.put(PRISON, f"/people/{kept}/sections/risk-markers", {"markers": []})).status_code == 200
    told = [(each["person_id"], each["managed"]) for each in await world.events("mappa.changed.v1")]
    assert told == [(removed, True), (removed, False)]

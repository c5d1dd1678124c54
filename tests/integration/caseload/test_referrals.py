"""An accepted referral opens its receiver's involvement and its end closes it, whatever else the agency had."""

import pytest

from caseload.domain.referrals import ROLES
from chassis import clock
from chassis.ids import new_id
from contracts.codes import RECEIVING, ReferralAction, ReferralRole, ReferralState
from contracts.referral import ReferralStateChangedV1
from tests.integration.caseload.conftest import World

TRUST = "mht-riverside"


class Referral:
    """One referral's steps as its owner tells them."""

    def __init__(self, world: World, person: str) -> None:
        self.world, self.person, self.id = world, person, new_id()
        self.state: ReferralState = ReferralState.RECEIVED

    async def step(self, action: str, to: str, *, involved: bool, receiver: str = TRUST) -> None:
        before, self.state = self.state, ReferralState(to)
        event = ReferralStateChangedV1(
            person_id=self.person,
            referral_id=self.id,
            chain_id=self.id,
            sender="hmp-northgate",
            receiver=receiver,
            from_state=before,
            to_state=self.state,
            action=ReferralAction(action),
            by=ReferralRole.RECEIVER,
            involved=involved,
            at=clock.now(),
        )
        await self.world.feed(event)

    async def accept(self, receiver: str = TRUST) -> None:
        await self.step("acceptance", "accepted", involved=True, receiver=receiver)

    async def complete(self) -> None:
        await self.step("outcome", "completed", involved=False)


@pytest.fixture
async def person(world: World) -> str:
    return await world.register("hmp-northgate", "noms:A1234AA")


async def involved(world: World, agency: str = TRUST) -> list[tuple[str, list[str]]]:
    rows = await world.rows(
        "SELECT state, roles FROM involvement WHERE agency = :agency AND state <> 'ended'", agency=agency
    )
    return [(state, roles) for state, roles in rows]


async def test_an_acceptance_opens_a_confirmed_involvement_and_the_end_closes_it(world: World, person: str) -> None:
    referral = Referral(world, person)
    await referral.step("receipt", "received", involved=False)
    assert await involved(world) == []
    await referral.accept()
    await referral.step("allocation", "allocated", involved=True)
    assert await involved(world) == [("confirmed", ["mental-health-care"])]
    assert (await world.get(TRUST, f"/people/{person}/involvement")).json()["state"] == "confirmed"
    await referral.complete()
    assert await involved(world) == []
    told = [each for each in await world.events("involvement.changed.v1", person) if each["agency"] == TRUST]
    assert [(each["state"], each["via"]) for each in told] == [("confirmed", "referral"), ("ended", "referral")]


async def test_consent_withdrawn_in_mid_referral_keeps_the_involvement(world: World, person: str) -> None:
    referral = Referral(world, person)
    await referral.accept()
    await referral.step("consent-withdrawal", "consent-withdrawn", involved=True)
    assert await involved(world) == [("confirmed", ["mental-health-care"])]


async def test_the_last_of_two_referrals_closes(world: World, person: str) -> None:
    first, second = Referral(world, person), Referral(world, person)
    await first.accept()
    await second.accept()
    await first.complete()
    assert await involved(world) == [("confirmed", ["mental-health-care"])]
    await second.complete()
    assert await involved(world) == []


async def test_a_claim_stands_as_a_claim_again_when_the_referral_has_ended(world: World, person: str) -> None:
    await world.put(TRUST, "/people/noms:A1234AA/involvement", {"roles": ["outreach"]})
    referral = Referral(world, person)
    await referral.accept()
    assert await involved(world) == [("confirmed", ["outreach", "mental-health-care"])]
    await referral.complete()
    assert await involved(world) == [("claimed", ["outreach"])]


async def test_what_another_agency_confirmed_stays_confirmed(world: World, person: str) -> None:
    referral = Referral(world, person)
    await referral.accept()
    claim = {"roles": ["outreach"], "reason": "On the resettlement list."}
    assert (await world.put("hmp-northgate", f"/people/{person}/involvement/{TRUST}", claim)).status_code == 200
    await referral.complete()
    assert await involved(world) == [("confirmed", ["outreach"])]


async def test_each_receiving_kind_has_its_role(world: World, person: str) -> None:
    assert set(ROLES) == RECEIVING
    await Referral(world, person).accept("housing-northtown")
    assert await involved(world, "housing-northtown") == [("confirmed", ["housing-officer"])]

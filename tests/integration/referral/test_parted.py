"""After a merge is undone a referral is the number's own again, whatever came of it while the two were one."""

import pytest

from chassis.ids import new_id
from contracts.caseload import PersonUnmergedV1
from contracts.codes import Category
from tests.integration.referral.conftest import TRUST, World
from tests.integration.referral.test_screening import answer, asked
from tests.support.erasures import HEARD, batches, person_erased

MEETING = {"at": "2026-06-20T09:30:00Z", "with": "the team", "place": "the clinic"}


async def test_what_is_first_offered_while_they_are_one_is_offered_under_its_own_number(world: World) -> None:
    kept, removed = new_id(), new_id()
    referral_id = await world.received(removed)
    screening_id = await asked(world, removed)
    await world.merged(kept, removed)
    assert (await answer(world, screening_id)).status_code == 200
    await world.did(referral_id, "acceptance", {"team": "north"})
    await world.did(referral_id, "appointments", MEETING)
    offered = {each["category"]: each["person_id"] for each in await world.offers()}
    assert set(offered.values()) == {removed}
    assert {Category.KNOWN_TO_SERVICE, Category.REFERRAL_STATUS, Category.ENGAGEMENT} <= set(offered)


@pytest.mark.parametrize("heard", HEARD)
async def test_who_was_parted_before_the_other_was_erased_keeps_their_referrals(world: World, heard: str) -> None:
    kept, removed = new_id(), new_id()
    referral_id = await world.received(removed)
    await world.merged(kept, removed)
    parted = PersonUnmergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=world.now)
    erased = person_erased(kept, at=world.now)
    for batch in batches(heard, parted, erased):
        await world.hear(*batch)
    assert (await world.view(referral_id, TRUST))["person_id"] == removed
    await world.did(referral_id, "acceptance", {})
    assert (await world.view(referral_id, TRUST))["state"] == "accepted"

"""Who was one with somebody that is erased, and was parted before, keeps every date: in whichever order it is heard."""

import pytest

from chassis.ids import new_id
from contracts.caseload import PersonUnmergedV1
from tests.integration.release_notify.conftest import World
from tests.integration.release_notify.test_merges import effective
from tests.support.erasures import HEARD, batches, person_erased


@pytest.mark.parametrize("heard", HEARD)
async def test_who_was_parted_keeps_what_is_theirs(world: World, heard: str) -> None:
    kept, removed = await world.held(), await world.held()
    await world.push(removed, "CRD", "2026-07-10")
    await world.merged(kept, removed)
    parted = PersonUnmergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=world.now)
    erased = person_erased(kept, at=world.now)
    for batch in batches(heard, parted, erased):
        await world.hear(*batch)
    assert await effective(world, removed) == "2026-07-10"
    assert (await world.get(f"/people/{kept}/release")).status_code == 404
    assert (await world.offers(removed))[-1]["content"]["release_date"] == "2026-07-10"
    pushed = (await world.push(removed, "CRD", "2026-07-17")).json()
    assert pushed["effective"]["release_date"] == "2026-07-17"

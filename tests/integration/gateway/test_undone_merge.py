"""Two numbers that were one person for a while: whom nobody referred is nobody's to see."""

from caseload.operations.merges import merge, unmerge
from chassis import clock
from tests.integration.gateway.test_referrals import act, asking, refer, when
from tests.integration.gateway.world import PRISON, PROBATION, TRUST, held, join, new_number, registration
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe


async def test_what_was_accepted_while_two_were_one_opens_nothing_of_the_other(pipe: Pipe) -> None:
    number, other = new_number(), new_number()
    removed, kept = await held(pipe, number), await held(pipe, other)
    await pipe.settle()
    made = await refer(pipe, PRISON, asking(f"noms:{number}", order_reference="MTR 1", statutory=True))
    referral = made["referral_id"]
    await eventually(when(pipe, TRUST, referral, state="received"))
    async with pipe.outboxes["caseload"].transaction() as session:
        row = await merge(
            session, kept_id=kept, removed_id=removed, cause="operator", merged_by="operator", now=clock.now()
        )
        merged = row.id
    await pipe.settle()
    await act(pipe, TRUST, referral, "acceptance", {})

    async def shown() -> bool:
        return "release" in (await pipe.call(*TRUST, "GET", f"/people/{kept}")).json()

    await eventually(shown)

    async with pipe.outboxes["caseload"].transaction() as session:
        await unmerge(session, merge_id=merged, reversed_by="operator", now=clock.now())

    async def unknown() -> bool:
        answer = await pipe.call(*TRUST, "GET", f"/people/{kept}")
        return bool(problem(answer, 404, "person-unknown"))

    await eventually(unknown)

    async def goes_on() -> bool:
        mine = await pipe.call(*TRUST, "GET", f"/people/{removed}/involvement")
        return bool(mine.json().get("state") == "confirmed")

    await eventually(goes_on)


async def test_of_two_registrations_of_an_agency_others_see_the_one_that_it_can_change(pipe: Pipe) -> None:
    number, other = new_number(), new_number()
    kept, removed = await held(pipe, number), await held(pipe, other)
    misnamed = {**registration(f"noms:{other}"), "name": {"family": "Mistaken", "given": "Oswin"}}
    assert (await pipe.call(*PRISON, "PUT", f"/people/{removed}", misnamed)).status_code == 200
    await join(pipe, PROBATION, other)

    async def seen(person_id: str) -> list[str]:
        answer = await pipe.call(*PROBATION, "GET", f"/people/{person_id}")
        first = answer.json().get("identity", {"own": True})
        shown = [first, *first.get("others", ())]
        return sorted(each["content"]["name"]["family"] for each in shown if not each.get("own"))

    async def mistaken() -> bool:
        return await seen(removed) == ["Mistaken"]

    await eventually(mistaken)
    async with pipe.outboxes["caseload"].transaction() as session:
        row = await merge(
            session, kept_id=kept, removed_id=removed, cause="operator", merged_by="operator", now=clock.now()
        )
        merged = row.id

    async def mended() -> bool:
        return await seen(kept) == ["Fenwright"]

    await eventually(mended)
    async with pipe.outboxes["caseload"].transaction() as session:
        await unmerge(session, merge_id=merged, reversed_by="operator", now=clock.now())
    await eventually(mistaken)

"""Onward referrals keep one chain; refusals are counted; who nobody accepted is on a list until somebody decides."""

import asyncio

import pytest

from chassis.ids import new_id
from contracts.caseload import PersonUnmergedV1
from contracts.codes import Category
from referral.operations.merges import unmerge
from referral.queries.persons import lock_person
from tests.integration.referral.conftest import DRUGS, OTHER_TRUST, PRISON, TRUST, World
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.locks import waits_for_a_lock
from tests.support.merging import orders, told

NONE = {"reason_code": "NO_CAPACITY", "next": {"kind": "none"}}


def onward(agency: str) -> dict[str, object]:
    return {"reason_code": "OUT_OF_AREA", "next": {"kind": "agency", "id": agency}}


async def test_a_person_bounced_twice_is_flagged_and_then_accepted(world: World) -> None:
    person = new_id()
    first = await world.received(person)
    world.wait(days=10)
    await world.did(first, "rejection", onward(OTHER_TRUST))
    assert len((await world.get(f"/referrals?person_id={person}")).json()["items"]) == 1
    await world.decide_answer(first)
    (draft,) = (await world.get(f"/referrals?person_id={person}&state=draft")).json()["items"]
    assert (draft["to"], draft["onward_of"], draft["reason"]) == (OTHER_TRUST, first, "Asks for help before release.")
    assert "consent_id" not in draft
    problem(await world.get(f"/referrals/{draft['referral_id']}", agency=OTHER_TRUST), 404, "not-found")
    assert len(await world.offers()) == 3

    second = draft["referral_id"]
    sent = await world.did(second, "submission", agency=PRISON)
    assert (sent["chain_id"], sent["chain"]["bounces"]) == (draft["chain_id"], 1)
    await world.decide(Category.REFERRAL, second)
    world.wait(days=5)
    told = await world.did(second, "rejection", onward(DRUGS), agency=OTHER_TRUST)
    assert (told["chain"]["bounces"], told["alerts"]) == (1, []), "its own; what others refused comes with the share"
    (bounced,) = await world.events("referral.bounced.v1")
    assert (bounced["bounces"], bounced["chain_id"]) == (2, draft["chain_id"])
    await world.decide_answer(second)
    sent = await world.view(second, PRISON)
    assert (sent["chain"]["bounces"], sent["chain"]["days"]) == (2, 15)
    assert "bounced-twice" in sent["alerts"]
    (entry,) = (await world.get("/unaccepted")).json()["items"]
    assert (entry["person_id"], entry["state"], entry["bounces"], entry["days"]) == (person, "draft", 2, 15)

    third = entry["referral_id"]
    await world.did(third, "submission", agency=PRISON)
    await world.decide(Category.REFERRAL, third)
    newest = (await world.offers(Category.REFERRAL))[-1]["content"]
    assert newest["chain"]["bounces"] == 2
    assert "bounced-twice" in newest["alerts"]
    await world.did(third, "acceptance", {}, agency=DRUGS)
    assert len((await world.get("/unaccepted")).json()["items"]) == 1
    await world.decide_answer(third)
    assert (await world.get("/unaccepted")).json()["items"] == []
    assert (await world.view(third, PRISON))["chain"]["accepted"] is True


async def test_rejected_with_nothing_next_stays_on_the_list_until_someone_decides(world: World) -> None:
    person = new_id()
    referral_id = await world.received(person)
    await world.did(referral_id, "rejection", NONE)
    await world.decide_answer(referral_id)
    assert [each["state"] for each in (await world.get("/unaccepted")).json()["items"]] == ["rejected"]
    assert (await world.get("/unaccepted?need=alcohol")).json()["items"] == []
    await world.did(referral_id, "closure", {"reason_code": "NEE"}, agency=PRISON)
    assert (await world.get("/unaccepted")).json()["items"] == []


async def test_a_chain_is_continued_by_its_own_ends_alone(world: World) -> None:
    person = new_id()
    referral_id = await world.received(person)
    problem(await world.write(person, to=DRUGS, agency="police-north", onward_of=referral_id), 422, "no-such-referral")
    problem(await world.write(new_id(), to=DRUGS, onward_of=referral_id), 422, "no-such-referral")
    mine = (await world.write(person, to=DRUGS, onward_of=referral_id)).json()
    theirs = (await world.write(person, to=OTHER_TRUST, agency=TRUST, onward_of=referral_id)).json()
    chain = (await world.view(referral_id, PRISON))["chain_id"]
    assert (mine["chain_id"], theirs["chain_id"]) == (chain, chain)
    assert [warning["code"] for warning in mine["warnings"]] == ["live-elsewhere", "nobody-in-area"]
    assert [warning["code"] for warning in theirs["warnings"]] == ["nobody-in-area"]


async def test_a_second_referral_to_the_same_receiver_is_not_elsewhere(world: World) -> None:
    person = new_id()
    await world.received(person)
    again = (await world.write(person)).json()
    assert "live-elsewhere" not in [warning["code"] for warning in again["warnings"]]
    other = (await world.write(person, to=OTHER_TRUST)).json()
    assert "live-elsewhere" in [warning["code"] for warning in other["warnings"]]


async def test_somebody_who_disengaged_is_referred_again(world: World) -> None:
    person = new_id()
    first = await world.received(person)
    await world.did(first, "acceptance", {})
    await world.did(first, "outcome", {"result": "disengaged", "code": "no-contact"})
    await world.decide_answer(first)
    again = await world.received(person)
    assert (await world.view(again, TRUST))["state"] == "received"
    counted = await world.get("/monitoring?by=outcome&direction=received", agency=TRUST)
    assert counted.json()["items"] == [{"key": "prematurely-ended", "count": 1}]


async def test_a_merge_moves_referrals_and_an_unmerge_moves_them_back(world: World) -> None:
    kept, removed = new_id(), new_id()
    referral_id = await world.received(removed)
    await world.merged(kept, removed)
    assert (await world.view(referral_id, TRUST))["person_id"] == kept
    for person in (kept, removed):
        assert len((await world.get(f"/referrals?person_id={person}")).json()["items"]) == 1
    await world.did(referral_id, "acceptance", {})
    assert {each["person_id"] for each in await world.events("referral.state-changed.v1")} == {removed}, "one stream"
    await world.unmerged(kept, removed)
    assert (await world.view(referral_id, TRUST))["person_id"] == removed
    assert (await world.get(f"/referrals?person_id={kept}")).json()["items"] == []


async def test_who_waited_while_a_merge_was_undone_gets_the_number_as_it_is_now(world: World) -> None:
    kept, removed = new_id(), new_id()
    await world.merged(kept, removed)

    async def locked() -> str:
        async with world.database.transaction() as session:
            return await lock_person(session, removed)

    async with world.database.transaction() as session:
        await lock_person(session, kept)
        waiting = asyncio.create_task(locked())
        await eventually(lambda: waits_for_a_lock(world.database))
        undone = PersonUnmergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=world.now)
        await unmerge(session, undone, now=world.now)
    assert await waiting == removed


async def test_of_nested_merges_the_inner_one_is_undone(world: World) -> None:
    """The event names the present root as kept: not the number that the removed one was merged into."""
    outer, inner, removed = new_id(), new_id(), new_id()
    stays, moves = await world.received(inner), await world.received(removed)
    await world.merged(inner, removed)
    await world.merged(outer, inner)
    await world.unmerged(outer, removed)
    assert (await world.view(moves, TRUST))["person_id"] == removed
    assert (await world.view(stays, TRUST))["person_id"] == outer
    assert len((await world.get(f"/referrals?person_id={outer}")).json()["items"]) == 1
    await world.did(moves, "acceptance", {})
    assert (await world.events("referral.state-changed.v1"))[-1]["person_id"] == removed


async def test_merges_that_are_heard_of_in_the_wrong_order_come_to_the_same(world: World) -> None:
    """Merges have streams of their own, by the number that is kept."""
    outer, inner, removed = new_id(), new_id(), new_id()
    nested = await world.received(removed)
    before = world.now
    await world.merged(outer, inner)
    await world.merged(inner, removed, at=before)
    await world.unmerged(outer, inner)
    assert (await world.view(nested, TRUST))["person_id"] == inner

    one, other = new_id(), new_id()
    turned = await world.received(one)
    await world.merged(one, other)
    await world.merged(other, one)
    await world.unmerged(one, other)
    assert (await world.view(turned, TRUST))["person_id"] == other


@pytest.mark.parametrize("parted", [False, True])
async def test_the_latest_holds_in_whatever_order_it_is_heard_of(world: World, parted: bool) -> None:
    for order in orders(parted=parted):
        first, second, number = new_id(), new_id(), new_id()
        referral_id = await world.received(number)
        for event in told(first, second, number, at=world.now, order=order):
            await world.hear(event)
        assert (await world.view(referral_id, TRUST))["person_id"] == (number if parted else second), order


async def test_a_number_that_is_merged_elsewhere_takes_nobody_along(world: World) -> None:
    """The undoing of its first merge is not heard of yet."""
    first, second, number = new_id(), new_id(), new_id()
    stays, moves = await world.received(first), await world.received(number)
    await world.merged(first, number)
    await world.merged(second, number)
    assert (await world.view(stays, TRUST))["person_id"] == first
    assert (await world.view(moves, TRUST))["person_id"] == second


async def test_lists_go_by_pages_and_each_measure_counts(world: World) -> None:
    ids = [await world.received() for _ in range(3)]
    first = await world.get("/referrals?direction=received&limit=2", agency=TRUST)
    rest = await world.get(f"/referrals?direction=received&limit=2&cursor={first.json()['next']}", agency=TRUST)
    found = [each["referral_id"] for each in first.json()["items"] + rest.json()["items"]]
    assert found == sorted(ids, reverse=True)
    assert rest.json()["next"] is None
    made = await world.did(ids[0], "appointments", {"at": "2026-06-10T09:00:00Z"})
    await world.did(ids[0], f"appointments/{made['appointment_id']}/attendance", {"outcome": "cancelled-by-service"})
    counted = {}
    for by in ("source", "answer", "days-to-answer", "bounces", "cancellations", "engagement", "outcome"):
        answer = await world.get(f"/monitoring?by={by}&direction=received", agency=TRUST)
        assert answer.status_code == 200, answer.text
        counted[by] = {each["key"]: each["count"] for each in answer.json()["items"]}
    assert counted["source"] == {PRISON: 3}
    assert counted["answer"] == {"received": 3}
    assert counted["bounces"] == {"0": 3}
    assert counted["cancellations"] == counted["engagement"] == {"cancelled-by-service": 1}

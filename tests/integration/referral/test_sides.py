"""A sender whose clause refuses the answer learns it from nothing: state, version, list, conflict, chain or clock."""

import asyncio
from typing import Any

from chassis.ids import new_id
from contracts.codes import Category
from tests.integration.referral.conftest import OTHER_TRUST, PRISON, TRUST, World
from tests.support.http import problem

NO = {"reason_code": "NO_CAPACITY", "next": {"kind": "agency", "id": OTHER_TRUST}}


async def seen_by_sender(world: World, referral_id: str) -> list[Any]:
    """Everything that the sender can ask for, without ids and times that differ between any two referrals."""
    one = await world.get(f"/referrals/{referral_id}")
    found = one.json()
    ids = {found["referral_id"], found["chain_id"], found["person_id"]}
    lists = [
        (await world.get(f"/referrals?person_id={found['person_id']}{more}")).json()["items"]
        for more in ("", "&state=received", "&state=rejected", "&overdue=true", "&need=mental-health")
    ]
    unaccepted = (await world.get(f"/unaccepted?person_id={found['person_id']}")).json()["items"]
    refused = [
        await world.act(referral_id, action, body, agency=PRISON)
        for action, body in (
            ("submission", None),
            ("information", {"answer": "x"}),
            ("closure", {"reason_code": "NEE"}),
        )
    ]
    raw = [one.headers["etag"], found, lists, unaccepted, *((each.status_code, each.json()) for each in refused)]
    text = repr(raw)
    for each in ids:
        text = text.replace(each, "ID")
    return [text]


async def test_an_answer_that_was_refused_to_the_sender_shows_nowhere(world: World) -> None:
    quiet, rejected, asked = await world.received(), await world.received(), await world.received()
    await world.did(rejected, "rejection", NO)
    await world.decide_answer(rejected, permitted=False)
    await world.did(asked, "information-request", {"question": "Which medication?"})
    await world.decide_answer(asked, permitted=False)
    wanted = await seen_by_sender(world, quiet)
    assert await seen_by_sender(world, rejected) == wanted
    assert await seen_by_sender(world, asked) == wanted

    world.wait(days=30)
    await world.tick()
    late = await seen_by_sender(world, quiet)
    assert late != wanted
    assert await seen_by_sender(world, rejected) == late
    assert await seen_by_sender(world, asked) == late


async def test_withdrawing_what_was_refused_in_silence_looks_like_any_withdrawal(world: World) -> None:
    answers = []
    for reject in (False, True):
        referral_id = await world.received()
        if reject:
            await world.did(referral_id, "rejection", NO)
            await world.decide_answer(referral_id, permitted=False)
        found = await world.did(referral_id, "withdrawal", {"reason_code": "MIS"}, agency=PRISON)
        answers.append([found["state"], found["version"], len(found["history"]), found["allowed_actions"]])
        offer = (await world.offers(Category.REFERRAL))[-1]
        answers[-1] += [offer["content"], offer["type"], offer["referral"]["live"]]
        assert (await world.view(referral_id, TRUST))["state"] == ("rejected" if reject else "withdrawn")
    assert answers[0] == answers[1]


async def test_consent_withdrawn_after_a_silent_refusal_looks_as_it_does_without_one(world: World) -> None:
    states = []
    for reject in (False, True):
        referral_id = await world.received()
        if reject:
            await world.did(referral_id, "rejection", NO)
            await world.decide_answer(referral_id, permitted=False)
        await world.decide(Category.REFERRAL, referral_id, permitted=False)
        found = await world.view(referral_id, PRISON)
        states.append((found["state"], found["version"], found["alerts"]))
    assert states == [("consent-withdrawn", 3, [])] * 2


async def test_the_answer_comes_when_it_is_permitted_later(world: World) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "acceptance", {})
    await world.decide_answer(referral_id, permitted=False)
    assert (await world.view(referral_id, PRISON))["state"] == "received"
    await world.decide_answer(referral_id, permitted=True)
    assert (await world.view(referral_id, PRISON))["state"] == "accepted"


async def test_an_older_answer_that_is_decided_late_does_not_take_the_sender_back(world: World) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "information-request", {"question": "Since when?"})
    await world.decide_answer(referral_id)
    await world.did(referral_id, "information", {"answer": "March."}, agency=PRISON)
    (subject,) = (await world.rows("SELECT status_id FROM referral"))[0]
    await world.decide(Category.REFERRAL_STATUS, subject, version=1)
    assert (await world.view(referral_id, PRISON))["state"] == "received"


async def test_two_of_the_receiver_s_staff_answer_at_once_and_one_wins(world: World) -> None:
    referral_id = await world.received()
    seen = f'"{(await world.view(referral_id, TRUST))["version"]}"'
    both = await asyncio.gather(
        world.act(referral_id, "acceptance", {}, etag=seen),
        world.act(referral_id, "rejection", {"reason_code": "NO_CAPACITY", "next": {"kind": "none"}}, etag=seen),
    )
    assert sorted(each.status_code for each in both) in ([200, 409], [200, 412])
    state = (await world.view(referral_id, TRUST))["state"]
    assert [each["to_state"] for each in await world.events("referral.state-changed.v1")] == [
        "submitted",
        "received",
        state,
    ]
    assert len(await world.offers(Category.REFERRAL_STATUS)) == 1
    winner = next(each for each in both if each.status_code == 200)
    assert winner.json()["state"] == state


async def test_sender_and_receiver_at_once_are_both_done(world: World) -> None:
    """Neither has a version of the other's: the sender takes back what is accepted in the same moment."""
    referral_id = await world.received()
    mine, theirs = [f'"{(await world.view(referral_id, agency))["version"]}"' for agency in (PRISON, TRUST)]
    both = await asyncio.gather(
        world.act(referral_id, "withdrawal", {"reason_code": "MIS"}, agency=PRISON, etag=mine),
        world.act(referral_id, "acceptance", {}, etag=theirs),
    )
    assert both[0].status_code == 200
    assert both[1].status_code in (200, 412)
    assert (await world.view(referral_id, PRISON))["state"] == "withdrawn"
    assert (await world.view(referral_id, TRUST))["state"] == "withdrawn"
    assert (await world.events("referral.state-changed.v1"))[-1]["involved"] is False


async def test_the_receiver_is_not_told_the_sender_s_reason_nor_the_sender_the_receiver_s(world: World) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "rejection", NO | {"comment": "Full."})
    await world.decide_answer(referral_id)
    sent = await world.view(referral_id, PRISON)
    assert sent["state"] == "rejected"
    assert not {"reason_code", "comment", "next"} & set(sent)
    assert [line.get("code") for line in sent["history"]] == [None, None, None]
    had = await world.view(referral_id, TRUST)
    assert had["history"][-1]["code"] == "NO_CAPACITY"
    problem(await world.get(f"/referrals/{new_id()}"), 404, "not-found")

"""Several people answer at the same moment, each at a desk of their own: one wins, and nothing is lost."""

import asyncio
from typing import Any

import pytest

from chassis.http_client import Answer
from tests.support.eventually import eventually
from tests.system.referring import agree, refer, sees
from tests.system.world import KINDS, NORTHGATE, TRUST, Person, World
from throughgate.client import Desk

pytestmark = pytest.mark.kafka

ANSWERS: dict[str, tuple[str, Any]] = {
    "acceptance": ("accepted", {}),
    "rejection": ("rejected", {"reason_code": "NO_CAPACITY", "next": {"kind": "none"}}),
    "advice": ("returned-with-advice", {"comment": "Ask the day team."}),
    "information-request": ("information-requested", {"question": "Since when?"}),
}
"""Action -> the state that it leads to, and a body."""
ROUNDS = 4


async def received(world: World) -> tuple[Person, str]:
    person = await world.person()
    await agree(world, person, TRUST)
    referral = await refer(world, person, TRUST)
    await sees(world, TRUST, referral, state="received", reason=...)
    await sees(world, NORTHGATE, referral, state="received")
    return person, referral


async def etag_of(world: World, agency: str, referral: str) -> str:
    return str((await world.desk(agency).call("GET", f"/referrals/{referral}")).headers["etag"])


async def post(desk: Desk, referral: str, action: str, body: Any, etag: str) -> Answer:
    return await desk.call("POST", f"/referrals/{referral}/{action}", body, headers={"if-match": etag})


async def test_of_the_receivers_staff_who_answer_at_once_one_wins_and_the_sender_hears_that_answer_alone(
    world: World,
) -> None:
    staff = [Desk(world.http, TRUST, KINDS[TRUST], user=f"clerk-{number}") for number in range(len(ANSWERS))]
    for desk in staff:
        await desk.token()
    for round_ in range(ROUNDS):
        person, referral = await received(world)
        etag = await etag_of(world, TRUST, referral)
        order = [*list(ANSWERS)[round_:], *list(ANSWERS)[:round_]]
        calls = zip(staff, order, strict=True)
        made = await asyncio.gather(*(post(desk, referral, each, ANSWERS[each][1], etag) for desk, each in calls))
        (winner,) = [action for action, answer in zip(order, made, strict=True) if answer.ok]
        assert {answer.status for answer in made if not answer.ok} <= {409, 412}
        state = ANSWERS[winner][0]
        had = await sees(world, TRUST, referral, state=state)
        assert [line["to_state"] for line in had["history"]] == ["received", state]
        await sees(world, NORTHGATE, referral, state=state)
        told = await world.shares(person, recipient=NORTHGATE, category="referral-status", decision="permitted")
        assert len(told) == 1
        (item,) = await world.feed_about(NORTHGATE, person, "referral-status")
        assert (item["share_id"], item["content"]["state"]) == (told[0]["share_id"], state)


async def test_a_sender_who_takes_back_what_is_accepted_in_that_moment_has_taken_it_back(world: World) -> None:
    """Neither end has a version of the other's, so neither is refused for what the other does."""
    for _ in range(ROUNDS):
        person, referral = await received(world)
        mine, theirs = [await etag_of(world, agency, referral) for agency in (NORTHGATE, TRUST)]
        back, accepted = await asyncio.gather(
            post(world.desk(NORTHGATE), referral, "withdrawal", {"reason_code": "MIS"}, mine),
            post(world.desk(TRUST), referral, "acceptance", {}, theirs),
        )
        assert back.status == 200
        assert accepted.status in (200, 409, 412)
        await sees(world, NORTHGATE, referral, state="withdrawn")
        had = await sees(world, TRUST, referral, state="withdrawn")
        wanted = ["received", "accepted", "withdrawn"] if accepted.ok else ["received", "withdrawn"]
        assert [line["to_state"] for line in had["history"]] == wanted
        assert "reason" not in await gone(world, referral)

        async def over(person: Person = person) -> bool:
            return (await world.desk(TRUST).call("GET", f"{person.path}/involvement")).status == 404

        await eventually(over, within=30)


async def gone(world: World, referral: str) -> dict[str, Any]:
    """The receiver's referral, when it does not hold the sender's words any more."""

    async def bare() -> dict[str, Any]:
        found: dict[str, Any] = await world.desk(TRUST).get(f"/referrals/{referral}")
        return found if "reason" not in found else {}

    found: dict[str, Any] = await eventually(bare, within=30)
    return found

"""All that was said goes with every offer of a referral: so it is bounded, and who is over the bound is told so."""

import pytest

from contracts.codes import Category
from referral.operations import act, appointments
from tests.integration.referral.conftest import PRISON, TRUST, World
from tests.support.http import problem

AT = {"at": "2026-06-20T09:00:00Z"}
ASKED = {"question": "Which medication?"}


async def test_a_side_makes_as_many_appointments_as_are_kept_of_one_referral(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appointments, "MOST_APPOINTMENTS", 2)
    referral_id, other = await world.received(), await world.received()
    for agency in (PRISON, TRUST):
        for _ in range(2):
            made = await world.did(referral_id, "appointments", AT, agency=agency)
        problem(await world.act(referral_id, "appointments", AT, agency=agency), 409, "too-many-appointments")
        assert len((await world.view(referral_id, agency))["appointments"]) == 2
        outcome = f"appointments/{made['appointment_id']}/attendance"
        await world.did(referral_id, outcome, {"outcome": "missed"}, agency=agency)
    assert len((await world.offers(Category.REFERRAL))[-1]["content"]["appointments"]) == 2
    await world.did(other, "appointments", AT, agency=PRISON)


async def test_who_has_no_room_for_the_first_appointment_can_still_say_yes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "appointments", AT)
    monkeypatch.setattr(appointments, "MOST_APPOINTMENTS", 1)
    refused = await world.act(referral_id, "acceptance", {"appointment_at": AT["at"]})
    problem(refused, 409, "too-many-appointments")
    assert (await world.did(referral_id, "acceptance", {}))["state"] == "accepted"


async def test_the_sender_is_asked_as_often_as_answers_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(act, "MOST_ANSWERS", 2)
    referral_id = await world.received()
    for _ in range(2):
        await world.did(referral_id, "information-request", ASKED)
        await world.decide_answer(referral_id)
        await world.did(referral_id, "information", {"answer": "None."}, agency=PRISON)
    problem(await world.act(referral_id, "information-request", ASKED), 409, "asked-too-often")
    assert (await world.view(referral_id, TRUST))["state"] == "received"
    assert (await world.did(referral_id, "acceptance", {}))["state"] == "accepted"

"""Due times, release dates that move, and what time alone brings: each once, whoever is restarted meanwhile."""

import asyncio
from datetime import date, timedelta
from typing import Any

from chassis.ids import new_id
from contracts.codes import Category
from contracts.referral import ReferralOverdueV1
from referral.operations.timers import mark_overdue
from tests.integration.referral.conftest import NOW, PRISON, PROBATION, TRUST, World


async def test_a_trust_that_never_answers_is_overdue_once_and_both_ends_are_told(world: World) -> None:
    referral_id = await world.received(urgency="emergency")
    assert (await world.view(referral_id, TRUST))["due_at"] == "2026-06-01T13:00:00Z"
    world.wait(hours=3, minutes=59)
    assert await world.tick() == (0, 0, 0)
    world.wait(minutes=1)
    assert await world.tick() == (2, 0, 0)
    assert await world.tick() == (0, 0, 0)
    for agency in (PRISON, TRUST):
        found = await world.view(referral_id, agency)
        assert (found["overdue"], found["alerts"]) == (True, ["overdue"])
    (event,) = await world.events("referral.overdue.v1")
    assert (event["sender"], event["receiver"]) == (PRISON, TRUST)
    told = (await world.offers(Category.REFERRAL))[-1]
    assert (told["type"], told["content"]["overdue"]) == ("referral.overdue", True)
    answered = (await world.offers(Category.REFERRAL_STATUS))[-1]
    assert (answered["type"], answered["content"]) == (
        "referral.overdue",
        {"referral_id": referral_id, "state": "received", "overdue": True},
    )
    overdue = (await world.get("/referrals?direction=received&overdue=true", agency=TRUST)).json()["items"]
    assert [each["referral_id"] for each in overdue] == [referral_id]
    await world.did(referral_id, "acceptance", {})
    assert (await world.view(referral_id, TRUST))["overdue"] is False


async def test_two_processes_mark_what_is_overdue_once(world: World) -> None:
    for _ in range(5):
        await world.received(urgency="emergency")
    world.wait(hours=5)

    async def run() -> int:
        async with world.database.transaction() as session:
            return await mark_overdue(session, now=world.now, limit=2)

    while any(await asyncio.gather(run(), run())):
        pass
    assert len(await world.events("referral.overdue.v1")) == 5


async def test_a_due_time_gives_away_no_date_that_was_not_shared(world: World) -> None:
    person = new_id()
    await world.release(person, "r-1", date(2026, 6, 10), version=1)
    referral_id = await world.received(person, urgency="routine", agency=PROBATION)
    plain = await world.received(urgency="routine", agency=PROBATION)
    for agency in (PROBATION, TRUST):
        assert (await world.view(referral_id, agency))["due_at"] == (await world.view(plain, agency))["due_at"]
    await world.show_release(person, "r-1", version=1, to=(TRUST,))
    assert (await world.view(referral_id, TRUST))["due_at"] == "2026-06-03T16:00:00Z"
    assert (await world.view(referral_id, PROBATION))["due_at"] == "2026-06-29T16:00:00Z"
    await world.show_release(person, "r-1", version=1, refused=(TRUST,))
    assert (await world.view(referral_id, TRUST))["due_at"] == "2026-06-29T16:00:00Z"


async def test_a_release_moved_to_a_friday_at_two_days_notice_with_an_open_referral(world: World) -> None:
    person = new_id()
    await world.release(person, "r-1", date(2026, 9, 1), version=1, shown_to=(TRUST,))
    referral_id = await world.received(person, urgency="routine")
    before = await world.view(referral_id, TRUST)
    assert (before["due_at"], before["alerts"]) == ("2026-06-29T16:00:00Z", [])
    world.wait(days=2)
    await world.release(person, "r-1", date(2026, 6, 5), version=2)
    assert (await world.view(referral_id, TRUST))["due_at"] == "2026-06-29T16:00:00Z"
    await world.show_release(person, "r-1", version=2, to=(TRUST,))
    after = await world.view(referral_id, TRUST)
    assert (after["due_at"], after["alerts"]) == ("2026-06-03T13:00:00Z", ["due-moved"])
    assert after["version"] > before["version"]
    told = (await world.offers(Category.REFERRAL))[-1]
    assert told["type"] == "referral.release-date-moved"
    assert (told["content"]["due_at"], told["content"]["alerts"]) == ("2026-06-03T13:00:00Z", ["due-moved"])
    (moved,) = [each for each in await world.events("referral.due-changed.v1") if each["why"] == "release-date-moved"]
    assert moved["new_due_at"] == "2026-06-03T13:00:00Z"
    sent = await world.view(referral_id, PRISON)
    assert sent["due_at"] == "2026-06-03T13:00:00Z", "the prison knows its own date"


async def test_too_early_and_not_enough_time_are_judged_again(world: World) -> None:
    service = {"name": "Through the gate", "area": "northshire", "needs": ["mental-health"]}
    when = {"opens_days_before_release": 84, "next_start": "2026-07-01"}
    await world.call("PUT", "/services/ttg", service | when, agency=TRUST)
    person = new_id()
    await world.release(person, "r-1", date(2026, 12, 1), version=1, shown_to=(TRUST,))
    body: dict[str, Any] = {"to": None, "service_id": "ttg"}
    open_, refused = [await world.received(person, **body) for _ in range(2)]
    await world.did(refused, "rejection", {"reason_code": "TOO_EARLY", "next": {"kind": "none"}})
    await world.decide_answer(refused)
    await world.release(person, "r-1", date(2026, 12, 2), version=2, shown_to=(TRUST,))
    assert "too-early" in (await world.view(open_, TRUST))["alerts"]
    assert (await world.view(refused, PRISON))["alerts"] == []
    await world.release(person, "r-1", date(2026, 6, 25), version=3, shown_to=(TRUST,))
    assert (await world.view(open_, TRUST))["alerts"] == ["not-enough-time"]
    assert (await world.view(refused, PRISON))["alerts"] == ["reason-past"]
    warned = await world.write(person, **body)
    assert [each["code"] for each in warned.json()["warnings"]] == ["wait-too-long"]


async def test_a_date_that_moves_past_an_appointment_is_announced(world: World) -> None:
    person = new_id()
    await world.release(person, "r-1", date(2026, 6, 8), version=1, shown_to=(TRUST,))
    referral_id = await world.received(person)
    await world.did(referral_id, "acceptance", {"appointment_at": "2026-06-10T09:00:00Z"})
    assert (await world.view(referral_id, TRUST))["alerts"] == []
    await world.release(person, "r-1", date(2026, 6, 20), version=2)
    assert (await world.view(referral_id, TRUST))["alerts"] == []
    await world.show_release(person, "r-1", version=2, to=(TRUST,))
    assert (await world.view(referral_id, TRUST))["alerts"] == ["appointment-before-release"]
    assert (await world.offers(Category.REFERRAL))[-1]["content"]["alerts"] == ["appointment-before-release"]


async def test_windows_open_and_close_once(world: World) -> None:
    person = new_id()
    await world.release(person, "r-1", date(2026, 6, 20), version=1)
    assert await world.tick() == (0, 0, 1)
    assert await world.tick() == (0, 0, 0)
    await world.release(person, "r-1", date(2026, 6, 22), version=2)
    assert await world.tick() == (0, 0, 0)
    for _ in range(240):
        world.wait(days=1)
        await world.tick()
    found = await world.events("referral.window-changed.v1")
    assert [(each["window"], each["open"], each["at"][:10]) for each in found] == [
        ("reconnect-referral", True, "2026-06-01"),
        ("reconnect-care", True, "2026-06-22"),
        ("reconnect-referral", False, "2026-07-20"),
        ("reconnect-care", False, "2026-12-22"),
    ]


async def test_what_stands_too_long_expires_each_side_by_its_own(world: World) -> None:
    waiting = (await world.write(new_id())).json()["referral_id"]
    await world.decide(Category.REFERRAL, waiting, permitted=False)
    silent = await world.received()
    await world.did(silent, "information-request", {"question": "Since when?"})
    await world.decide_answer(silent, permitted=False)
    world.now = NOW + timedelta(days=91)
    await world.tick()
    assert await world.tick() == (0, 0, 0)
    assert (await world.view(waiting, PRISON))["state"] == "expired"
    assert (await world.view(silent, TRUST))["state"] == "expired"
    assert (await world.view(silent, PRISON))["state"] == "received"


async def test_what_is_overdue_names_the_receivers_single_point_of_contact_to_both_ends(world: World) -> None:
    desk = {"name": "Single point of contact, Riverside", "email": "contact@mht-riverside.example"}
    await world.name_contact(TRUST, desk)
    referral_id = await world.received(urgency="emergency")
    assert "contact" not in await world.view(referral_id, TRUST)
    world.wait(hours=5)
    await world.tick()
    (overdue,) = await world.events(ReferralOverdueV1.TYPE)
    assert overdue["contact"] == desk | {"telephone": None}
    assert (await world.view(referral_id, TRUST))["contact"] == desk
    assert (await world.view(referral_id, PRISON))["contact"] == desk
    offer = (await world.offers(Category.REFERRAL))[-1]
    assert (offer["type"], offer["content"]["contact"]) == ("referral.overdue", desk)
    await world.did(referral_id, "acceptance", {})
    assert "contact" not in await world.view(referral_id, TRUST)
    assert "contact" not in (await world.offers(Category.REFERRAL))[-1]["content"]

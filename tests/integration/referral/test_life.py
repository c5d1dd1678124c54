"""From submission to outcome: each end by its own token, the share by its receipts."""

from chassis.ids import new_id
from contracts.codes import Category
from tests.integration.referral.conftest import DRUGS, OTHER_TRUST, PRISON, PROBATION, TRUST, World
from tests.support.http import problem

OFFER = Category.REFERRAL
NO = {"reason_code": "NO_CAPACITY", "next": {"kind": "none"}}


async def test_a_referral_is_offered_to_its_receiver_and_received_when_the_share_is_recorded(world: World) -> None:
    person = new_id()
    written = await world.write(person, scores={"phq9": 14})
    assert written.status_code == 201
    body = written.json()
    assert (body["state"], body["direction"], body["version"]) == ("submitted", "sent", 1)
    assert written.headers["etag"] == '"1"'
    (offer,) = await world.offers(OFFER)
    assert (offer["source"], offer["addressees"][0]["agency"], offer["version"]) == (PRISON, TRUST, 1)
    assert offer["referral"] == {
        "referral_id": body["referral_id"],
        "sender": PRISON,
        "receiver": TRUST,
        "order_reference": None,
        "live": True,
        "screening": False,
    }
    assert offer["content"]["reason"] == "Asks for help before release."
    problem(await world.get(f"/referrals/{body['referral_id']}", agency=TRUST), 404, "not-found")
    assert (await world.get("/referrals?direction=received", agency=TRUST)).json()["items"] == []

    await world.decide(OFFER, body["referral_id"])
    sent, had = await world.view(body["referral_id"], PRISON), await world.view(body["referral_id"], TRUST)
    assert (sent["state"], had["state"], had["direction"]) == ("received", "received", "received")
    assert "reason" in sent
    assert not {"reason", "needs", "urgency", "scores", "statutory"} & set(had)
    assert had["due_at"] == "2026-06-08T16:00:00Z"
    assert [line["to_state"] for line in sent["history"]] == ["submitted", "received"]
    assert "acceptance" in had["allowed_actions"]


async def test_refused_by_consent_it_waits_and_goes_on_by_itself_when_a_basis_appears(world: World) -> None:
    referral_id = (await world.write(new_id())).json()["referral_id"]
    await world.decide(OFFER, referral_id, permitted=False)
    assert (await world.view(referral_id, PRISON))["state"] == "awaiting-consent"
    problem(await world.get(f"/referrals/{referral_id}", agency=TRUST), 404, "not-found")
    await world.decide(OFFER, referral_id, permitted=True)
    found = await world.view(referral_id, PRISON)
    assert [line["to_state"] for line in found["history"]] == [
        "submitted",
        "awaiting-consent",
        "submitted",
        "received",
    ]
    assert (await world.view(referral_id, TRUST))["state"] == "received"


async def test_yes_with_an_appointment_attended_and_completed(world: World) -> None:
    referral_id = await world.received()
    body = {"team": "North", "appointment_at": "2026-06-10T09:30:00Z", "interim_support": "A call each week."}
    accepted = await world.did(referral_id, "acceptance", body)
    assert (accepted["state"], accepted["team"]) == ("accepted", "North")
    (appointment,) = accepted["appointments"]
    (status,) = await world.offers(Category.REFERRAL_STATUS)
    assert (status["source"], status["addressees"][0]["agency"]) == (TRUST, PRISON)
    assert status["content"]["appointment_at"] == "2026-06-10T09:30:00Z"
    assert (await world.view(referral_id, PRISON))["state"] == "received"
    await world.decide_answer(referral_id)
    sent = await world.view(referral_id, PRISON)
    assert (sent["state"], sent["appointments"]) == ("accepted", [])
    assert "interim_support" not in sent

    await world.did(referral_id, "allocation", {"team": "North"})
    path = f"appointments/{appointment['appointment_id']}/attendance"
    came = await world.did(referral_id, path, {"outcome": "attended"})
    assert came["state"] == "in-progress"
    engagement = await world.offers(Category.ENGAGEMENT)
    assert [each["version"] for each in engagement] == [1, 2]
    assert engagement[1]["content"] == {
        "referral_id": referral_id,
        "appointment_id": appointment["appointment_id"],
        "at": "2026-06-10T09:30:00Z",
        "outcome": "attended",
        "attended": True,
    }
    outcome = {"result": "completed", "code": "needs-met", "scores": {"phq9": 4}}
    ended = await world.did(referral_id, "outcome", outcome)
    assert (ended["state"], ended["outcome_scores"]) == ("completed", {"phq9": 4})
    events = await world.events("referral.state-changed.v1")
    assert [(each["to_state"], each["involved"]) for each in events] == [
        ("submitted", False),
        ("received", False),
        ("accepted", True),
        ("allocated", True),
        ("in-progress", True),
        ("completed", False),
    ]
    refs = {(each["category"], each["subject_ref"]) for each in await world.offers()}
    assert len({ref for _, ref in refs}) == len(refs)


async def test_what_the_state_does_not_allow_names_the_state_and_what_it_does(world: World) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "hold", {"reason": "Staff away.", "until": "2026-07-01"})
    found = problem(await world.act(referral_id, "acceptance", {}), 409, "transition-not-allowed")
    assert found["state"] == "on-hold"
    assert "resumption" in found["allowed_actions"]
    problem(await world.act(referral_id, "allocation", {"team": "A"}), 409, "transition-not-allowed")
    await world.did(referral_id, "resumption")


async def test_if_match_is_needed_and_has_to_be_fresh(world: World) -> None:
    referral_id = await world.received()
    path = f"/referrals/{referral_id}/acceptance"
    problem(await world.call("POST", path, {}, agency=TRUST), 428, "precondition-required")
    problem(await world.call("POST", path, {}, agency=TRUST, If_Match='"77"'), 412, "precondition-failed")


async def test_codes_that_say_nothing_alone_need_a_comment(world: World) -> None:
    referral_id = await world.received()
    for code in ("OTHER", "INSUFFICIENT_INFORMATION", "RISK_CANNOT_BE_MANAGED"):
        body = {"reason_code": code, "next": {"kind": "none"}}
        problem(await world.act(referral_id, "rejection", body), 422, "comment-required")
    problem(await world.act(referral_id, "rejection", {"reason_code": "OTHER"}), 422, "invalid")
    no_such = {"reason_code": "NO_CAPACITY", "next": {"kind": "agency", "id": "nobody"}}
    refused = problem(await world.act(referral_id, "rejection", no_such), 422, "no-such-receiver")
    assert refused["errors"][0]["pointer"] == "/next/id"
    told = await world.did(referral_id, "rejection", NO | {"comment": "Full until autumn."})
    assert (told["state"], told["reason_code"], told["next"]) == ("rejected", "NO_CAPACITY", {"kind": "none"})


async def test_information_is_asked_for_given_and_the_clock_stands_meanwhile(world: World) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "information-request", {"question": "Which medication?"})
    await world.decide_answer(referral_id)
    assert "due_at" not in await world.view(referral_id, TRUST)
    world.wait(days=7)
    given = await world.did(referral_id, "information", {"answer": "None at present."}, agency=PRISON)
    assert given["state"] == "received"
    found = await world.view(referral_id, TRUST)
    assert (found["state"], found["due_at"]) == ("received", "2026-06-15T16:00:00Z")
    newest = (await world.offers(OFFER))[-1]
    assert newest["content"]["information"][0]["answer"] == "None at present."


async def test_advice_goes_back_and_the_sender_submits_again_or_closes(world: World) -> None:
    first, second = await world.received(), await world.received()
    for referral_id in (first, second):
        await world.did(referral_id, "advice", {"comment": "Ask the GP first."})
        await world.decide_answer(referral_id)
    again = await world.did(first, "submission", agency=PRISON)
    assert again["state"] == "submitted"
    await world.decide(OFFER, first)
    assert (await world.view(first, TRUST))["state"] == "received"
    closed = await world.did(second, "closure", {"reason_code": "NEE"}, agency=PRISON)
    assert closed["state"] == "closed"
    assert (await world.view(second, TRUST))["state"] == "closed"
    assert (await world.offers(OFFER))[-1]["content"] is None


async def test_consent_withdrawn_in_mid_referral_and_back(world: World) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "acceptance", {})
    await world.decide_answer(referral_id)
    await world.decide(OFFER, referral_id, permitted=False)
    for agency in (PRISON, TRUST):
        assert (await world.view(referral_id, agency))["state"] == "consent-withdrawn"
    assert (await world.view(referral_id, TRUST))["allowed_actions"] == ["outcome"]
    assert (await world.events("referral.state-changed.v1"))[-1]["involved"]
    await world.decide(OFFER, referral_id, permitted=True)
    for agency in (PRISON, TRUST):
        assert (await world.view(referral_id, agency))["state"] == "accepted"


async def test_the_receiver_can_close_what_lost_its_consent(world: World) -> None:
    referral_id = await world.received()
    await world.did(referral_id, "acceptance", {})
    await world.decide(OFFER, referral_id, permitted=False)
    ended = await world.did(referral_id, "outcome", {"result": "disengaged", "code": "declined"})
    assert (ended["state"], ended["result"]) == ("prematurely-ended", "disengaged")


async def test_both_ends_make_appointments_and_each_sees_its_own(world: World) -> None:
    referral_id = await world.received()
    body = {"at": "2026-06-20T09:00:00Z", "with": "Gate officer", "place": "The gate"}
    mine = await world.did(referral_id, "appointments", body, agency=PRISON)
    assert mine["appointment_id"] == mine["appointments"][0]["appointment_id"]
    assert mine["appointments"][0]["with"] == "Gate officer"
    assert (await world.view(referral_id, TRUST))["appointments"] == []
    assert (await world.offers(OFFER))[-1]["content"]["appointments"][0]["place"] == "The gate"
    assert await world.offers(Category.ENGAGEMENT) == []
    other = f"appointments/{mine['appointment_id']}/attendance"
    problem(await world.act(referral_id, other, {"outcome": "missed"}), 404, "not-found")
    done = await world.did(referral_id, other, {"outcome": "missed"}, agency=PRISON)
    assert done["appointments"][0]["outcome"] == "missed"


async def test_who_may_refer_and_to_whom(world: World) -> None:
    person = new_id()
    problem(await world.write(person, to=PROBATION), 422, "no-such-receiver")
    problem(await world.write(person, to=TRUST, agency=TRUST), 422, "refers-to-itself")
    problem(await world.write(person, agency="auditor-north"), 403, "insufficient-scope")
    problem(await world.write(person, statutory=True), 422, "invalid")
    ordered = (await world.write(person, statutory=True, order_reference="ORD-7")).json()
    assert (await world.offers(OFFER))[-1]["referral"]["order_reference"] == "ORD-7"
    assert ordered["order_reference"] == "ORD-7"
    for agency in (OTHER_TRUST, DRUGS, PROBATION):
        problem(await world.get(f"/referrals/{ordered['referral_id']}", agency=agency), 404, "not-found")


async def test_the_same_command_again_is_answered_again_and_done_once(world: World) -> None:
    body = {
        "person": new_id(),
        "to_agency": TRUST,
        "needs": ["drugs"],
        "reason": "Wants help.",
        "urgency": "routine",
        "statutory": False,
    }
    first = await world.call("POST", "/referrals", body, Idempotency_Key="k-1")
    again = await world.call("POST", "/referrals", body, Idempotency_Key="k-1")
    assert again.headers["idempotency-replayed"] == "true"
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert len(await world.offers()) == 1

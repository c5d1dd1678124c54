"""A referral that gets an answer: who hears what of it, on which ground, and how it never ends nowhere."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.clock import now
from tests.support.eventually import eventually
from tests.system.world import HOUSING, NORTHGATE, PROBATION, TRUST, Person, World
from throughgate.client import Refused

pytestmark = pytest.mark.kafka

MOORLAND = "mht-moorland"
NOTHING_CLINICAL = {"comment", "question", "interim_support", "outcome_scores", "team", "member"}


async def refer(world: World, person: Person, to: str, *, by: str = NORTHGATE, **more: object) -> str:
    body = {
        "person": f"noms:{person.noms}",
        "to_agency": to,
        "needs": ["mental-health"],
        "reason": "Low in mood since sentence; asks for help before release.",
        "urgency": "routine",
        "statutory": False,
        **more,
    }
    return str((await world.desk(by).post("/referrals", body))["referral_id"])


async def agree(world: World, person: Person, *receivers: str, **more: object) -> None:
    said: dict[str, Any] = {
        "categories": ["identity", "referral", "release-date"],
        "purposes": ["direct-care"],
        "statement": {"id": "referral-leaflet", "version": "1"},
        **more,
    }
    await world.consent(person, *receivers, **said)


async def sees(world: World, agency: str, referral: str, **wanted: object) -> dict[str, Any]:
    """Waits until this side sees the referral so; `...` is anything that is there."""

    async def so() -> dict[str, Any]:
        answer = await world.desk(agency).call("GET", f"/referrals/{referral}")
        assert answer.ok, answer.status
        found = dict(answer.json())
        for name, value in wanted.items():
            assert found.get(name) if value is ... else found.get(name) == value, found
        return found

    found: dict[str, Any] = await eventually(so, within=30)
    return found


async def act(world: World, agency: str, referral: str, action: str, body: object = None) -> dict[str, Any]:
    """Does this on what the side knows now; if it has learnt something meanwhile, it looks again."""
    desk = world.desk(agency)

    async def done() -> dict[str, Any]:
        etag = (await desk.call("GET", f"/referrals/{referral}")).headers["etag"]
        answer = await desk.call("POST", f"/referrals/{referral}/{action}", body or {}, headers={"if-match": etag})
        assert answer.status != 412
        if not answer.ok:
            raise Refused(answer, action)
        return dict(answer.json())

    found: dict[str, Any] = await eventually(done, within=30)
    return found


async def test_a_referral_refused_for_lack_of_consent_is_agreed_to_and_accepted_and_the_prison_sees_nothing_clinical(
    world: World,
) -> None:
    person = await world.person()
    referral = await refer(world, person, TRUST)
    await sees(world, NORTHGATE, referral, state="awaiting-consent")
    assert (await world.desk(TRUST).call("GET", f"/referrals/{referral}")).status == 404
    await agree(world, person, TRUST)
    await sees(world, TRUST, referral, state="received", reason=...)
    body = {"appointment_at": "2031-03-10T09:30:00Z", "interim_support": "Weekly calls until then."}
    await act(world, TRUST, referral, "acceptance", body)
    told = await sees(world, NORTHGATE, referral, state="accepted", appointment_at="2031-03-10T09:30:00Z")
    assert not NOTHING_CLINICAL & set(told)
    for item in await world.feed_about(NORTHGATE, person, "referral-status"):
        assert set(item["content"]) <= {"referral_id", "state", "reason_code", "appointment_at"}
    involved = await world.desk(TRUST).call("GET", f"{person.path}/involvement")
    assert involved.ok


async def test_a_referral_bounced_between_two_trusts_before_it_is_accepted_keeps_one_chain(world: World) -> None:
    person = await world.person()
    await agree(world, person, TRUST, MOORLAND)
    first = await refer(world, person, TRUST)
    opened = await sees(world, TRUST, first, state="received", reason=...)
    refusal = {"reason_code": "OUT_OF_AREA", "next": {"kind": "agency", "id": MOORLAND}}
    await act(world, TRUST, first, "rejection", refusal)
    await sees(world, NORTHGATE, first, state="rejected", reason_code="OUT_OF_AREA")

    async def drafted() -> str:
        page = await world.desk(NORTHGATE).get("/referrals", person_id=person.id, state="draft")
        return next((str(each["referral_id"]) for each in page["items"]), "")

    second: str = await eventually(drafted, within=30)
    assert (await world.desk(MOORLAND).call("GET", f"/referrals/{second}")).status == 404
    await act(world, NORTHGATE, second, "submission")
    onward = await sees(world, MOORLAND, second, state="received", reason=...)
    assert onward["chain_id"] == opened["chain_id"]
    await act(world, MOORLAND, second, "acceptance")
    told = await sees(world, NORTHGATE, second, state="accepted")
    assert (told["chain"]["bounces"], told["chain"]["accepted"]) == (1, True)


async def test_a_court_ordered_referral_needs_no_consent_and_survives_its_withdrawal(world: World) -> None:
    person = await world.person()
    await world.supervise(person)
    ordered = {"statutory": True, "order_reference": "Order 118 of 2030"}
    referral = await refer(world, person, TRUST, by=PROBATION, **ordered)
    await sees(world, TRUST, referral, state="received", reason=...)
    await world.withdraw(person)
    await act(world, TRUST, referral, "acceptance")
    await sees(world, PROBATION, referral, state="accepted")
    permit = await world.logged(person, recipient=TRUST, category="referral", decision="permitted")
    assert (permit["clause"], permit["basis"], permit["consent_id"]) == ("4.2", "statutory", None)
    answer = await world.logged(person, recipient=PROBATION, category="referral-status", decision="permitted")
    assert (answer["clause"], answer["basis"], answer["consent_id"]) == ("4.3", "statutory", None)


async def test_a_councils_duty_to_refer_referral_asks_for_consent_and_the_persons_own_choice(world: World) -> None:
    person = await world.person()
    await world.push(person, now().date() + timedelta(days=30))
    referral = await refer(world, person, HOUSING, needs=["accommodation"])
    await sees(world, NORTHGATE, referral, state="awaiting-consent")
    await agree(world, person, HOUSING, categories=["accommodation", "referral"], purposes=["housing-duty"])
    received = await sees(world, HOUSING, referral, state="received", reason=...)
    assert received["needs"] == ["accommodation"]
    permit = await world.logged(person, recipient=HOUSING, category="referral", decision="permitted")
    assert permit["clause"] == "3.2"


async def test_consent_withdrawn_between_acceptance_and_appointment_leaves_the_bare_state_to_both_ends(
    world: World,
) -> None:
    person = await world.person()
    await agree(world, person, TRUST)
    referral = await refer(world, person, TRUST)
    await sees(world, TRUST, referral, state="received", reason=...)
    await act(world, TRUST, referral, "acceptance", {"appointment_at": "2031-03-10T09:30:00Z"})
    await sees(world, NORTHGATE, referral, state="accepted", appointment_at=...)
    await world.withdraw(person)
    bare = await sees(world, TRUST, referral, state="consent-withdrawn")
    assert not {"reason", "needs", "scores"} & set(bare)
    before = await sees(world, NORTHGATE, referral, state="consent-withdrawn")
    assert "appointment_at" not in before
    assert before["reason"]

    await act(world, TRUST, referral, "outcome", {"result": "prematurely-ended", "code": "declined"})
    refused = await world.desk(NORTHGATE).call(
        "POST", f"/referrals/{referral}/information", {"answer": "x"}, headers={"if-match": '"0"'}
    )
    assert refused.status in (409, 412)
    assert b"prematurely-ended" not in refused.body
    after = await sees(world, NORTHGATE, referral, state="consent-withdrawn")
    assert after == before

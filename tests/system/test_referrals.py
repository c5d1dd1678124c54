"""A referral that gets an answer: who hears what of it, on which ground, and how it never ends nowhere."""

from datetime import timedelta

import pytest

from chassis.clock import now
from tests.support.eventually import eventually
from tests.system.referring import MOORLAND, act, agree, refer, sees
from tests.system.world import HOUSING, NORTHGATE, PROBATION, TRUST, Person, World

pytestmark = pytest.mark.kafka

NOTHING_CLINICAL = {"comment", "question", "interim_support", "outcome_scores", "team", "member"}


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


async def test_a_referral_bounced_between_two_trusts_before_it_is_accepted_is_flagged_to_both_ends(
    world: World,
) -> None:
    person = await world.person()
    await world.supervise(person)
    await agree(world, person, TRUST, MOORLAND)
    referral = await refer(world, person, TRUST, by=PROBATION)
    chain = (await sees(world, TRUST, referral, state="received", reason=...))["chain_id"]
    for number, (here, there) in enumerate([(TRUST, MOORLAND), (MOORLAND, TRUST)], start=1):
        refusal = {"reason_code": "OUT_OF_AREA", "next": {"kind": "agency", "id": there}}
        await act(world, here, referral, "rejection", refusal)
        told = await sees(world, PROBATION, referral, state="rejected", reason_code="OUT_OF_AREA")
        assert told["chain"]["bounces"] == number
        assert ("bounced-twice" in told.get("alerts", [])) is (number == 2)
        referral = await onward(world, person)
        assert (await world.desk(there).call("GET", f"/referrals/{referral}")).status == 404
        await act(world, PROBATION, referral, "submission")
        received = await sees(world, there, referral, state="received", reason=...)
        assert received["chain_id"] == chain
    assert "bounced-twice" in received["alerts"]
    unaccepted = await world.desk(PROBATION).get("/unaccepted", person_id=person.id)
    assert [(each["chain_id"], each["bounces"]) for each in unaccepted["items"]] == [(chain, 2)]
    await act(world, TRUST, referral, "acceptance")
    told = await sees(world, PROBATION, referral, state="accepted")
    assert (told["chain"]["bounces"], told["chain"]["accepted"]) == (2, True)
    assert (await world.desk(PROBATION).get("/unaccepted", person_id=person.id))["items"] == []


async def onward(world: World, person: Person) -> str:
    """The draft that a rejection made, once its sender has heard of it."""

    async def drafted() -> str:
        page = await world.desk(PROBATION).get("/referrals", person_id=person.id, state="draft")
        return next((str(each["referral_id"]) for each in page["items"]), "")

    found: str = await eventually(drafted, within=30)
    return found


async def test_a_person_who_disengages_is_referred_again_in_the_same_chain(world: World) -> None:
    person = await world.person()
    more = {"categories": ["identity", "referral", "engagement"], "purposes": ["direct-care", "offender-management"]}
    await agree(world, person, TRUST, NORTHGATE, **more)
    first = await refer(world, person, TRUST)
    await sees(world, TRUST, first, state="received", reason=...)
    accepted = await act(world, TRUST, first, "acceptance", {"appointment_at": "2031-03-10T09:30:00Z"})
    appointment = accepted["appointments"][0]["appointment_id"]
    await act(world, TRUST, first, f"appointments/{appointment}/attendance", {"outcome": "missed"})
    await act(world, TRUST, first, "outcome", {"result": "disengaged", "code": "no-contact"})
    ended = await sees(world, NORTHGATE, first, state="prematurely-ended", reason_code="no-contact")
    assert [each["outcome"] for each in ended["appointments"]] == ["missed"]

    async def over() -> bool:
        return (await world.desk(TRUST).call("GET", f"{person.path}/involvement")).status == 404

    await eventually(over, within=30)
    again = await refer(world, person, TRUST, onward_of=first)
    received = await sees(world, TRUST, again, state="received", reason=...)
    assert received["chain_id"] == ended["chain_id"]
    await act(world, TRUST, again, "acceptance")
    told = await sees(world, NORTHGATE, again, state="accepted")
    assert (told["chain"]["accepted"], told["chain"]["bounces"]) == (True, 0)
    assert (await world.desk(NORTHGATE).get(f"/referrals/{first}"))["state"] == "prematurely-ended"


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

"""What stood on consent and had ended already is taken back with the consent: it was still in its recipient's feed."""

from datetime import timedelta

from sqlalchemy import text

from chassis import clock
from chassis.ids import new_id
from contracts.codes import Category
from contracts.offers import OfferMadeV1, ReferralAssertion
from tests.integration.consent.conftest import Callers
from tests.support.consent_bodies import consent_body
from tests.support.consent_service import ConsentService, offer
from tests.support.consent_world import JUSTIFICATION

CHARITY, PROBATION, TRUST = "charity-newstart", "probation-north", "mht-riverside"
PRISON, DRUGS = "hmp-northgate", "das-riverside"


async def left(service: ConsentService, callers: Callers, agency: str = CHARITY) -> tuple[str, list[str]]:
    """An agency that got two versions on consent and then left; the person, and its shares."""
    person = new_id()
    await service.feed(
        offer(person), service.involvement(person, PROBATION), service.involvement(person, agency, "claimed")
    )
    given = await callers.post(PROBATION, f"/people/{person}/consents", consent_body(agency))
    assert given.status_code == 201, given.text
    moved = {"release_date": "2027-04-09", "date_type": "CRD", "status": "confirmed", "reason": "correction"}
    await service.feed(offer(person, version=2, content=moved))
    await service.feed(service.involvement(person, agency, "ended"))
    *_, first, second, ended = await service.decisions(agency)
    assert (ended["ends"], ended["effect"], ended["reason"]) == (second["share_id"], "end", "no-involvement")
    return person, [first["share_id"], second["share_id"]]


def asked(person: str, about: ReferralAssertion, reason: str) -> OfferMadeV1:
    """A referral as its sender offers it."""
    return offer(
        person,
        source=about.sender,
        category=Category.REFERRAL,
        subject_ref=about.referral_id,
        content={"reason": reason},
        to=(about.receiver,),
        referral=about,
    )


def rejected(person: str, about: ReferralAssertion) -> OfferMadeV1:
    """Its receiver's answer."""
    return offer(
        person,
        source=about.receiver,
        category=Category.REFERRAL_STATUS,
        subject_ref=about.referral_id,
        content={"referral_id": about.referral_id, "state": "rejected"},
        to=(about.sender,),
        referral=about,
    )


async def test_a_withdrawal_takes_back_what_an_agency_got_before_it_left(
    service: ConsentService, callers: Callers
) -> None:
    person, (first, second) = await left(service, callers)
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals")).status_code == 200
    taken = (await service.decisions(CHARITY))[-1]
    assert (taken["verdict"], taken["ends"], taken["effect"]) == ("refused", second, "withdraw")
    assert "consent-withdrawn" in [miss["reason"] for miss in taken["near_misses"]]
    denial = (await service.events("share.denied.v1"))[-1]
    assert denial["effect"] == "withdraw"
    assert {each["share_id"] for each in denial["shares"]} == {first, second}
    # Once: a further word about the person takes nothing back again.
    before = len(await service.decisions(CHARITY))
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals")).status_code == 200
    assert len(await service.decisions(CHARITY)) == before


async def test_what_it_got_before_it_left_and_came_back_is_hidden_with_what_it_has(
    service: ConsentService, callers: Callers
) -> None:
    person, (first, second) = await left(service, callers)
    await service.feed(service.involvement(person, CHARITY, "claimed"))
    third = (await service.decisions(CHARITY))[-1]
    assert (third["verdict"], third["version"]) == ("permitted", 2)
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals")).status_code == 200
    named = {each["share_id"] for denial in await service.events("share.denied.v1") for each in denial["shares"]}
    assert named == {first, second, third["share_id"]}
    (taken,) = [each for each in await service.decisions(CHARITY) if each["effect"] == "withdraw"]
    assert (taken["ends"], taken["reason"]) == (third["share_id"], "consent-withdrawn")
    await service.feed(service.involvement(person, TRUST))
    assert [each["effect"] for each in await service.decisions(CHARITY)].count("withdraw") == 1


async def test_what_it_got_in_two_times_is_taken_back_at_once(service: ConsentService, callers: Callers) -> None:
    person, shares = await left(service, callers)
    await service.feed(service.involvement(person, CHARITY, "claimed"))
    await service.feed(service.involvement(person, CHARITY, "ended"))
    third = (await service.decisions(CHARITY))[-1]["ends"]
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals")).status_code == 200
    denials = [each for each in await service.events("share.denied.v1") if each["effect"] == "withdraw"]
    assert {each["share_id"] for denial in denials for each in denial["shares"]} == {*shares, third}
    (taken,) = [each for each in await service.decisions(CHARITY) if each["effect"] == "withdraw"]
    assert taken["ends"] == third


async def test_it_stays_while_the_person_goes_on_agreeing(service: ConsentService, callers: Callers) -> None:
    person, _ = await left(service, callers)
    before = len(await service.decisions(CHARITY))
    elsewhere = {"recipients": [{"agency": TRUST}]}
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals", elsewhere)).status_code == 200
    assert len(await service.decisions(CHARITY)) == before


async def test_what_runs_out_after_its_share_ended_is_taken_back_too(service: ConsentService, callers: Callers) -> None:
    person, (_, second) = await left(service, callers)
    async with service.database.transaction() as session:
        past = {"past": clock.now() - timedelta(days=1), "person": person}
        await session.execute(text("UPDATE consent SET valid_until = :past WHERE person_id = :person"), past)
        await session.execute(text("UPDATE person SET decide_again_at = :past WHERE id = :person"), past)
    await service.drain()
    taken = (await service.decisions(CHARITY))[-1]
    assert (taken["ends"], taken["effect"]) == (second, "withdraw")


async def test_a_referral_that_was_answered_and_its_answer_go_with_the_consent_to_it(
    service: ConsentService, callers: Callers
) -> None:
    person, referral = new_id(), new_id()
    live = ReferralAssertion(referral_id=referral, sender=PROBATION, receiver=TRUST, live=True)
    closed = live.model_copy(update={"live": False})

    await service.feed(service.involvement(person, PROBATION))
    agreed = consent_body(TRUST, categories=["referral"], purposes=["direct-care", "offender-management"])
    assert (await callers.post(PROBATION, f"/people/{person}/consents", agreed)).status_code == 201
    question = asked(person, live, "Low mood.")
    answer = rejected(person, closed)
    over = question.model_copy(update={"offer_id": new_id(), "version": 2, "referral": closed})
    await service.feed(question, answer, over)
    assert await service.visible(TRUST) == set()
    assert await service.visible(PROBATION) == {("referral-status", 1)}
    came = [each for each in await service.decisions(TRUST) if each["verdict"] == "permitted"]
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals")).status_code == 200
    taken = (await service.decisions(TRUST))[-1]
    assert (taken["ends"], taken["effect"]) == (came[-1]["share_id"], "withdraw")
    assert await service.visible(PROBATION) == set()


async def test_what_it_got_on_consent_before_it_left_gives_way_to_what_it_has_by_law(
    service: ConsentService, callers: Callers
) -> None:
    person, (first, second) = await left(service, callers, DRUGS)
    ordered = ReferralAssertion(
        referral_id=new_id(), sender=PRISON, receiver=DRUGS, order_reference="Order 2026/118", live=True
    )
    await service.feed(asked(person, ordered, "By order."))
    (law,) = [each for each in await service.decisions(DRUGS) if each["basis"] == "statutory" and each["ends"]]
    assert (law["category"], law["ends"], law["effect"]) == ("release-date", second, "withdraw")
    denial = (await service.events("share.denied.v1"))[-1]
    assert ([each["share_id"] for each in denial["shares"]], denial["effect"]) == ([first], "withdraw")
    # What stands is by law: the withdrawal finds nothing of it, and nothing beside it.
    before = len(await service.decisions(DRUGS))
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals")).status_code == 200
    assert len(await service.decisions(DRUGS)) == before
    assert ("release-date", 2) in await service.visible(DRUGS)


async def test_a_newer_version_by_law_leaves_no_older_one_on_consent_beside_it(
    service: ConsentService, callers: Callers
) -> None:
    person, referral = new_id(), new_id()
    agreed = ReferralAssertion(referral_id=referral, sender=PROBATION, receiver=TRUST, live=True)
    ordered = agreed.model_copy(update={"order_reference": "Order 2026/118"})
    await service.feed(service.involvement(person, PROBATION))
    consent = consent_body(TRUST, categories=["referral"], purposes=["direct-care"])
    assert (await callers.post(PROBATION, f"/people/{person}/consents", consent)).status_code == 201
    question = asked(person, agreed, "Low mood.")
    await service.feed(question)
    again = {"offer_id": new_id(), "version": 2, "content": {"reason": "By order."}, "referral": ordered}
    await service.feed(question.model_copy(update=again))
    first, second = await service.decisions(TRUST)
    assert (first["basis"], second["basis"], second["version"]) == ("consent", "statutory", 2)
    assert (second["ends"], second["effect"]) == (first["share_id"], "withdraw")
    assert await service.visible(TRUST) == {("referral", 2)}
    assert await service.events("share.denied.v1") == [], "it is never out of sight"


async def test_what_an_agency_kept_by_another_clause_after_it_left_is_withdrawn_and_not_only_ended(
    service: ConsentService, callers: Callers
) -> None:
    person, about = new_id(), ReferralAssertion(referral_id=new_id(), sender=PRISON, receiver=DRUGS, live=True)
    await service.feed(service.involvement(person, PROBATION), service.involvement(person, DRUGS, "claimed"))
    agreed = {"categories": ["release-date", "referral"], "purposes": ["resettlement", "direct-care"]}
    assert (
        await callers.post(PROBATION, f"/people/{person}/consents", consent_body(DRUGS, **agreed))
    ).status_code == 201
    await service.feed(offer(person))
    await service.feed(asked(person, about, "Asked for."))
    await service.feed(service.involvement(person, DRUGS, "ended"))
    assert await service.visible(DRUGS) == {("release-date", 1), ("referral", 1)}
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals")).status_code == 200
    last = {each["category"]: each for each in await service.decisions(DRUGS)}
    assert (last["release-date"]["reason"], last["release-date"]["effect"]) == ("no-involvement", "withdraw")
    assert last["referral"]["effect"] == "withdraw"
    denials = await service.events("share.denied.v1")
    assert {each["effect"] for each in denials} == {"withdraw"}
    assert {share["share_id"] for each in denials for share in each["shares"]} == {
        each["ends"] for each in last.values()
    }


async def test_what_goes_on_in_an_emergency_takes_what_it_was_before_from_the_feed_at_once(
    service: ConsentService, callers: Callers
) -> None:
    person, asks = new_id(), "ld-north"
    known = offer(person, source=TRUST, category=Category.KNOWN_TO_SERVICE, content={"answer": "yes"})
    await service.feed(service.involvement(person, asks, "claimed"))
    agreed = consent_body(asks, categories=["known-to-service"], purposes=["direct-care"])
    assert (await callers.post(asks, f"/people/{person}/consents", agreed)).status_code == 201
    again = {"offer_id": new_id(), "version": 2, "content": {"answer": "contact-us"}}
    await service.feed(known)
    await service.feed(known.model_copy(update=again))
    first, second = await service.decisions(asks)
    body = {"person": person, "category": "known-to-service", "justification": JUSTIFICATION}
    assert (await callers.post(asks, "/emergency-requests", body, member="m.okafor")).status_code == 202
    assert (await callers.post(asks, f"/people/{person}/consent-withdrawals")).status_code == 200
    third = (await service.decisions(asks))[-1]
    assert (third["basis"], third["ends"], third["effect"]) == ("vital-interests", second["share_id"], "withdraw")
    (denial,) = await service.events("share.denied.v1")
    assert ([each["share_id"] for each in denial["shares"]], denial["effect"]) == ([first["share_id"]], "withdraw")


async def test_to_agree_to_something_else_does_not_keep_it(service: ConsentService, callers: Callers) -> None:
    person, (_, second) = await left(service, callers)
    other = consent_body(CHARITY, purposes=["benefits-claim"])
    assert (await callers.post(PROBATION, f"/people/{person}/consents", other)).status_code == 201
    resettling = (await callers.get(PROBATION, f"/people/{person}/consents")).json()["items"]
    (first,) = [each["consent_id"] for each in resettling if each["purposes"] == ["resettlement"]]
    assert (await callers.post(PROBATION, f"/people/{person}/consents/{first}/withdrawal")).status_code == 200
    taken = (await service.decisions(CHARITY))[-1]
    assert (taken["ends"], taken["effect"]) == (second, "withdraw")


async def test_to_agree_to_the_answer_alone_does_not_keep_it(service: ConsentService, callers: Callers) -> None:
    person, referral = new_id(), new_id()
    closed = ReferralAssertion(referral_id=referral, sender=PROBATION, receiver=TRUST, live=False)
    await service.feed(service.involvement(person, PROBATION))
    agreed = {"categories": ["referral", "referral-status"], "purposes": ["direct-care", "offender-management"]}
    both = consent_body(TRUST, PROBATION, **agreed)
    assert (await callers.post(PROBATION, f"/people/{person}/consents", both)).status_code == 201
    answer = rejected(person, closed)
    await service.feed(answer, answer.model_copy(update={"offer_id": new_id(), "version": 2, "content": None}))
    *_, ended = await service.decisions(PROBATION)
    assert ended["effect"] == "end"
    only = {"categories": ["referral"]}
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals", only)).status_code == 200
    taken = (await service.decisions(PROBATION))[-1]
    assert (taken["ends"], taken["effect"]) == (ended["ends"], "withdraw")

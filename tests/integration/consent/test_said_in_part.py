"""What a person takes back in part: from one agency, of one consent, and never from nobody."""

from datetime import timedelta

from chassis import clock
from chassis.ids import new_id
from contracts.caseload import PersonMergedV1
from contracts.offers import ReferralAssertion
from tests.integration.consent.conftest import Callers
from tests.integration.consent.test_taken_back import DRUGS, PRISON, PROBATION, TRUST, asked, rejected
from tests.support.consent_bodies import consent_body
from tests.support.consent_service import ConsentService, offer
from tests.support.http import problem


async def test_what_one_consent_gave_goes_when_another_gives_the_same_and_the_first_is_withdrawn(
    service: ConsentService, callers: Callers
) -> None:
    """By another clause, as which no withdrawal of the first consent would look for it."""
    person, referral = new_id(), new_id()
    about = ReferralAssertion(referral_id=referral, sender=PRISON, receiver=DRUGS, live=True)
    await service.feed(
        offer(person), service.involvement(person, PROBATION), service.involvement(person, DRUGS, "claimed")
    )
    care = consent_body(DRUGS, categories=["release-date", "referral"], purposes=["direct-care"])
    given = await callers.post(PROBATION, f"/people/{person}/consents", care)
    await service.feed(asked(person, about, "made up"))
    (first,) = await _dates(service)
    assert (first["clause"], first["consent_id"]) == ("4.1", given.json()["consent_id"])
    over = about.model_copy(update={"live": False})
    await service.feed(asked(person, over, "made up").model_copy(update={"version": 2, "content": None}))
    assert (await _dates(service))[-1]["effect"] == "end", "it stays in the feed while the person agrees"

    assert (await callers.post(PROBATION, f"/people/{person}/consents", consent_body(DRUGS))).status_code == 201
    second = (await _dates(service))[-1]
    assert (second["clause"], second["ends"], second["effect"]) == ("3.1", first["share_id"], "withdraw")
    path = f"/people/{person}/consents/{first['consent_id']}/withdrawal"
    assert (await callers.post(PROBATION, path)).status_code == 200
    assert ("release-date", 1) in await service.visible(DRUGS), "the other consent goes on"


async def _dates(service: ConsentService) -> list[dict[str, object]]:
    return [
        each
        for each in await service.decisions(DRUGS)
        if each["category"] == "release-date" and (each["verdict"] == "permitted" or each["ends"])
    ]


async def _hidden(service: ConsentService) -> set[str]:
    denials = await service.events("share.denied.v1")
    return {each["share_id"] for denial in denials if denial["effect"] == "withdraw" for each in denial["shares"]}


async def test_a_withdrawal_that_names_a_referral_s_sender_takes_back_the_answer(
    service: ConsentService, callers: Callers
) -> None:
    person = new_id()
    about = ReferralAssertion(referral_id=new_id(), sender=PROBATION, receiver=TRUST, live=True)
    await service.feed(service.involvement(person, PROBATION))
    care = consent_body(TRUST, categories=["referral"], purposes=["direct-care"])
    assert (await callers.post(PROBATION, f"/people/{person}/consents", care)).status_code == 201
    await service.feed(asked(person, about, "made up"), rejected(person, about))
    assert await service.visible(PROBATION) == {("referral-status", 1)}
    (answer,) = [each for each in await service.decisions(PROBATION) if each["verdict"] == "permitted"]
    only = {"recipients": [{"agency": PROBATION}]}
    assert (await callers.post(PROBATION, f"/people/{person}/consent-withdrawals", only)).status_code == 200
    assert await service.visible(PROBATION) == set()
    assert answer["share_id"] in await _hidden(service)
    assert await service.visible(TRUST) == {("referral", 1)}, "what the trust was told it was told on the same consent"


async def test_nothing_is_taken_back_from_an_agency_that_there_is_not(
    service: ConsentService, callers: Callers
) -> None:
    person = new_id()
    await service.feed(service.involvement(person, PROBATION))
    only = {"recipients": [{"agency": "charity-newstrat"}]}
    for path in ("consent-withdrawals", "objections"):
        refused = problem(await callers.post(PROBATION, f"/people/{person}/{path}", only), 422, "agency-not-registered")
        assert refused["errors"][0]["pointer"] == "/recipients/0/agency"


async def test_an_objection_that_is_over_is_not_recorded_as_in_force(service: ConsentService, callers: Callers) -> None:
    person, now = new_id(), clock.now()
    await service.feed(service.involvement(person, PROBATION))
    path = f"/people/{person}/objections"
    past = {"valid_until": (now - timedelta(days=1)).isoformat()}
    problem(await callers.post(PROBATION, path, past), 422, "valid-until-not-after-valid-from")
    past |= {"valid_from": (now - timedelta(days=2)).isoformat()}
    problem(await callers.post(PROBATION, path, past), 422, "already-expired")


async def test_facts_told_under_a_number_that_was_merged_are_the_person_s(
    service: ConsentService, callers: Callers
) -> None:
    """Every word on one involvement comes in one stream, so what ended does not come back."""
    kept, removed = new_id(), new_id()
    await service.feed(offer(kept), service.involvement(removed, PROBATION))
    merge = PersonMergedV1(merge_id=new_id(), kept_id=kept, removed_id=removed, at=clock.now())
    await service.feed(merge)
    assert await service.visible(PROBATION) == {("release-date", 1)}
    await service.feed(service.involvement(removed, PROBATION, "ended"))
    assert await service.visible(PROBATION) == set()

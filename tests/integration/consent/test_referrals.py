"""Referrals as facts of a person, on a real database: one that comes or ends decides everything again."""

from typing import Any

from chassis.ids import new_id
from consent.operations.replay import replay
from contracts.codes import Category
from contracts.offers import OfferMadeV1, ReferralAssertion
from tests.integration.consent.conftest import Callers
from tests.support.consent_bodies import consent_body
from tests.support.consent_service import ConsentService, offer

PRISON, TRUST, COURT = "hmp-northgate", "mht-riverside", "court-northtown"
TO_TRUST: dict[str, Any] = {"categories": ["identity", "referral", "release-date"], "purposes": ["direct-care"]}


def assertion(referral: str, *, sender: str = PRISON, order: str | None = None, live: bool = True) -> ReferralAssertion:
    return ReferralAssertion(referral_id=referral, sender=sender, receiver=TRUST, order_reference=order, live=live)


def referred(person: str, about: ReferralAssertion, *, version: int = 1) -> OfferMadeV1:
    content = {"referral_id": about.referral_id, "reason": "Asks for help before release.", "needs": ["mental-health"]}
    return offer(
        person,
        source=about.sender,
        category=Category.REFERRAL,
        subject_ref=about.referral_id,
        version=version,
        content=content,
        to=(about.receiver,),
        referral=about,
    )


def answered(person: str, about: ReferralAssertion, state: str, *, version: int = 1) -> OfferMadeV1:
    content = {"referral_id": about.referral_id, "state": state, "comment": "Known to us since 2019."}
    return offer(
        person,
        source=about.receiver,
        category=Category.REFERRAL_STATUS,
        subject_ref=f"{about.referral_id}-status",
        version=version,
        content=content,
        to=(about.sender,),
        referral=about,
    )


async def test_a_referral_waits_for_consent_then_brings_the_date_and_its_answer_says_nothing_clinical(
    service: ConsentService, callers: Callers
) -> None:
    person, about = new_id(), assertion(new_id())
    await service.feed(offer(person), service.involvement(person, PRISON), referred(person, about))
    refused = await service.decisions(TRUST)
    assert {one["category"]: one["reason"] for one in refused} == {
        "referral": "consent-missing",
        "release-date": "consent-missing",
    }
    given = await callers.post(PRISON, f"/people/{person}/consents", consent_body(TRUST, **TO_TRUST))
    assert given.status_code == 201, given.text
    assert await service.visible(TRUST) == {("referral", 1), ("release-date", 1)}
    await service.feed(answered(person, about, "accepted"))
    (told,) = [one for one in await service.decisions(PRISON) if one["verdict"] == "permitted"]
    assert (told["clause"], told["basis"], told["consent_id"]) == ("4.3", "consent", given.json()["consent_id"])
    assert told["content"] == {"referral_id": about.referral_id, "state": "accepted"}
    assert told["fields_removed"] == ["comment"]

    await callers.post(PRISON, f"/people/{person}/consent-withdrawals")
    assert await service.visible(TRUST) == set()
    assert await service.visible(PRISON) == set()
    ended = (await service.decisions(PRISON))[-1]
    assert (ended["reason"], ended["effect"]) == ("consent-withdrawn", "withdraw")


async def test_an_ordered_referral_needs_no_consent_and_survives_its_withdrawal(
    service: ConsentService, callers: Callers
) -> None:
    person, about = new_id(), assertion(new_id(), sender=COURT, order="Order 2026/118")
    await service.feed(
        offer(person),
        service.involvement(person, "probation-north"),
        referred(person, about),
        answered(person, about, "accepted"),
    )
    await callers.post("probation-north", f"/people/{person}/consent-withdrawals")
    assert await service.visible(TRUST) == {("referral", 1), ("release-date", 1)}
    assert await service.visible(COURT) == {("referral-status", 1)}
    found = [one for one in await service.decisions() if one["recipient"] in (TRUST, COURT)]
    assert {(one["category"], one["basis"], one["clause"]) for one in found if one["verdict"] == "permitted"} == {
        ("referral", "statutory", "4.2"),
        ("release-date", "statutory", "3.3"),
        ("referral-status", "statutory", "4.3"),
    }
    said = " ".join(str(miss) for one in await service.decisions() for miss in one["near_misses"])
    assert "2026/118" not in said


async def test_a_referral_that_ends_takes_what_came_with_it_and_leaves_the_answer(service: ConsentService) -> None:
    person, referral = new_id(), new_id()
    about = assertion(referral, order="Order 2026/118")
    over = about.model_copy(update={"live": False})
    await service.feed(offer(person), service.involvement(person, PRISON), referred(person, about))
    assert await service.visible(TRUST) == {("referral", 1), ("release-date", 1)}
    await service.feed(referred(person, over, version=2), answered(person, over, "rejected"))
    assert await service.visible(TRUST) == set()
    assert await service.visible(PRISON) == {("referral-status", 1)}
    gone = [one for one in await service.decisions(TRUST) if one["ends"]]
    assert {one["effect"] for one in gone} == {"end"}


async def test_what_a_decision_about_a_referral_was_taken_on_gives_the_same_verdict_again(
    service: ConsentService,
) -> None:
    person, about = new_id(), assertion(new_id(), order="Order 2026/118")
    await service.feed(offer(person), referred(person, about), answered(person, about, "accepted"))
    found = await service.decisions()
    assert {one["category"] for one in found} == {"referral", "referral-status", "release-date"}
    async with service.database.session() as session:
        for one in found:
            again = await replay(session, share_id=one["share_id"])
            assert again.was == again.now

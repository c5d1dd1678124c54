"""However heavy the content and however many the recipients: it is told in messages that a broker takes."""

import pytest

from chassis import clock
from chassis.ids import new_id
from consent.operations import denying
from contracts.codes import Category
from contracts.decisions import OfferDecidedV1
from tests.integration.consent.conftest import Callers
from tests.support.consent_bodies import consent_body
from tests.support.consent_service import ConsentService, offer
from tests.support.erasures import person_erased

MIB = 1024 * 1024
RECIPIENTS = ("hmp-southmoor", "probation-north", "police-north", "yot-northtown")
CHARITY = "charity-newstart"


async def test_decisions_of_a_heavy_offer_are_told_in_parts_and_each_once(service: ConsentService) -> None:
    person = new_id()
    for name in RECIPIENTS:
        await service.feed(service.involvement(person, name))
    made = offer(person, category=Category.LICENCE_CONDITIONS, content={"conditions": ["x" * 3 * MIB]})
    await service.feed(made)
    told = [OfferDecidedV1.model_validate(each) for each in await service.events("offer.decided.v1")]
    assert [len(event.decisions) for event in told] == [2, 2]
    assert {event.offer_id for event in told} == {made.offer_id}
    decided = [decision for event in told for decision in event.decisions]
    assert sorted(decision.recipient for decision in decided) == sorted(RECIPIENTS)
    assert {decision.verdict.value for decision in decided} == {"permitted"}
    await service.feed(service.involvement(person, "police-north"))
    assert len(await service.decisions()) == len(RECIPIENTS), "and what was told in parts is not told again"


async def test_content_that_is_as_heavy_as_an_offer_may_be_is_decided(service: ConsentService) -> None:
    person = new_id()
    await service.feed(service.involvement(person, "police-north"))
    room = 8 * MIB - len(offer(person, content={"release_date": ""}).model_dump_json())
    await service.feed(offer(person, content={"release_date": "x" * room}))
    assert await service.visible("police-north") == {("release-date", 1)}


async def versions(service: ConsentService, callers: Callers) -> tuple[str, set[str]]:
    """A person of whom an agency got five versions on consent; the person, and those shares."""
    person = new_id()
    await service.feed(
        offer(person), service.involvement(person, "probation-north"), service.involvement(person, CHARITY, "claimed")
    )
    given = await callers.post("probation-north", f"/people/{person}/consents", consent_body(CHARITY))
    assert given.status_code == 201, given.text
    for version in range(2, 6):
        await service.feed(offer(person, version=version, content={"release_date": f"2027-03-0{version}"}))
    permits = [each["share_id"] for each in await service.decisions(CHARITY) if each["verdict"] == "permitted"]
    assert len(permits) == 5
    return person, set(permits)


async def denied(service: ConsentService) -> set[str]:
    """Every share that is hidden at once, named once, a few in a message."""
    told = await service.events("share.denied.v1")
    named = [each["share_id"] for event in told for each in event["shares"] if each["recipient"] == CHARITY]
    assert max(len(event["shares"]) for event in told) <= denying.MOST
    assert len({event["denial_id"] for event in told}) == len(told)
    assert len(named) == len(set(named))
    return set(named)


async def test_a_withdrawal_of_however_many_shares_is_told_in_parts(
    service: ConsentService, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, permits = await versions(service, callers)
    monkeypatch.setattr(denying, "MOST", 2)
    answer = await callers.post("probation-north", f"/people/{person}/consent-withdrawals")
    assert answer.status_code == 200, answer.text
    assert await denied(service) == permits


async def test_an_erasure_of_however_many_shares_is_told_in_parts(
    service: ConsentService, callers: Callers, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, permits = await versions(service, callers)
    monkeypatch.setattr(denying, "MOST", 2)
    await service.feed(person_erased(person, at=clock.now()))
    assert await denied(service) == permits

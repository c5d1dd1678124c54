"""Emergency pulls and their reviews: named, justified, limited in time, and taken back if they were not justified."""

from datetime import timedelta

import pytest

from chassis import clock
from chassis.ids import new_id
from consent.operations.deciding import decide_due
from contracts.codes import Category
from tests.integration.consent.conftest import Callers
from tests.support.consent_service import ConsentService, offer
from tests.support.consent_world import JUSTIFICATION
from tests.support.http import problem

TRUST = "mht-riverside"


@pytest.fixture
async def person(service: ConsentService) -> str:
    found = new_id()
    content = {"medicines": [{"name": "made up"}], "as_of": "2026-11-01"}
    await service.feed(offer(found, source="health-northgate", category=Category.MEDICATION, content=content))
    return found


async def ask(callers: Callers, person: str, **changes: object) -> dict[str, str]:
    body = {"person": person, "category": "medication", "justification": JUSTIFICATION, **changes}
    answer = await callers.post(TRUST, "/emergency-requests", body, member="m.okafor")
    assert answer.status_code == 202, answer.text
    found: dict[str, str] = answer.json()
    return found


async def test_a_pull_is_answered_at_once_and_ends_after_72_hours(
    service: ConsentService, callers: Callers, person: str
) -> None:
    asked = await ask(callers, person)
    assert set(asked) == {"request_id", "expires_at", "review_due_at"}
    (share,) = await service.decisions(TRUST)
    assert (share["clause"], share["basis"], share["consent_id"]) == ("9.2", "vital-interests", None)
    assert (share["requested_by"], share["justification"]) == ("m.okafor", JUSTIFICATION)
    assert share["expires_at"] is not None
    (own,) = (await callers.get(TRUST, "/emergency-requests")).json()["items"]
    assert own["request_id"] == asked["request_id"]
    assert (await callers.get("mht-moorland", "/emergency-requests")).json()["items"] == []
    async with service.database.transaction() as session:
        assert await decide_due(session, now=clock.now() + timedelta(hours=71)) == 0
    async with service.database.transaction() as session:
        assert await decide_due(session, now=clock.now() + timedelta(hours=73)) == 1
    assert await service.visible(TRUST) == set()
    assert (await service.decisions(TRUST))[-1]["effect"] == "end"


async def test_what_goes_on_by_law_is_not_called_an_emergency_any_more(
    service: ConsentService, callers: Callers, person: str
) -> None:
    await ask(callers, person)
    await service.feed(service.involvement(person, TRUST, roles=("mental-health-care",)))
    pulled, lawful = await service.decisions(TRUST)
    assert (lawful["verdict"], lawful["basis"], lawful["clause"]) == ("permitted", "statutory", "4.5")
    assert (lawful["ends"], lawful["effect"]) == (pulled["share_id"], "end")
    assert await service.visible(TRUST) == {("medication", 1)}
    assert await service.events("share.denied.v1") == [], "it is never out of sight"


async def test_a_pull_needs_a_member_and_a_justification_of_20_characters(callers: Callers, person: str) -> None:
    body = {"person": person, "category": "medication", "justification": JUSTIFICATION}
    problem(await callers.post(TRUST, "/emergency-requests", body), 403, "member-required")
    short = body | {"justification": "because"}
    assert (await callers.post(TRUST, "/emergency-requests", short, member="m.okafor")).status_code == 422


async def test_a_pull_gives_nothing_beside_what_was_asked_for(
    service: ConsentService, callers: Callers, person: str
) -> None:
    await service.feed(offer(person))
    await ask(callers, person, **{"from": "hmp-northgate"})
    assert await service.visible(TRUST) == set()
    await ask(callers, person, **{"from": "health-northgate"})
    assert await service.visible(TRUST) == {("medication", 1)}


async def test_a_review_that_finds_it_not_justified_takes_it_back(
    service: ConsentService, callers: Callers, person: str
) -> None:
    await ask(callers, person)
    (due,) = (await callers.get("auditor-north", "/reviews")).json()["items"]
    assert (due["member"], due["justification"], due["overdue"]) == ("m.okafor", JUSTIFICATION, False)
    path = f"/reviews/{due['share_id']}"
    verdict = {"outcome": "not-justified", "comment": "No risk was described."}
    assert (await callers.post(TRUST, path, verdict)).status_code == 403
    assert (await callers.post("auditor-north", path, verdict)).status_code == 200
    assert await service.visible(TRUST) == set()
    assert (await service.decisions(TRUST))[-1]["effect"] == "withdraw"
    (event,) = await service.events("review.recorded.v1")
    assert (event["outcome"], event["source"]) == ("not-justified", "health-northgate")
    assert (await callers.get("auditor-north", "/reviews")).json()["items"] == []
    problem(await callers.post("auditor-north", path, verdict | {"outcome": "justified"}), 409, "already-reviewed")


async def test_a_warning_that_was_not_justified_is_withdrawn_from_its_addressee_alone(
    service: ConsentService, callers: Callers, person: str
) -> None:
    await service.feed(
        offer(
            person,
            source="charity-newstart",
            category=Category.WARNING,
            content={"risk": "other", "text": "made up"},
            to=(TRUST, "police-north"),
            justification=JUSTIFICATION,
        )
    )
    shares = {one["recipient"]: one["share_id"] for one in await service.decisions()}
    body = {"outcome": "not-justified", "comment": "Not about a life."}
    assert (await callers.post("auditor-north", f"/reviews/{shares[TRUST]}", body)).status_code == 200
    assert await service.visible(TRUST) == set()
    assert await service.visible("police-north") == {("warning", 1)}

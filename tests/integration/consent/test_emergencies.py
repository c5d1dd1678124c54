"""Emergency pulls and their reviews: named, justified, limited in time, and taken back if they were not justified."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis import clock
from chassis.ids import new_id
from consent.handlers import apply
from consent.operations.deciding import decide_due
from consent.operations.persons import take
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.codes import Category
from tests.integration.consent.conftest import Callers
from tests.support.consent_service import ConsentService, offer, received
from tests.support.consent_world import JUSTIFICATION
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.locks import waits_for_a_lock

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


async def test_each_request_has_a_share_of_its_own_which_is_reviewed(
    service: ConsentService, callers: Callers, person: str
) -> None:
    """Or one could go on for ever on one review, and one that was not justified be kept by the next."""
    for _ in range(2):
        await ask(callers, person)
    (due,) = (await callers.get("auditor-north", "/reviews")).json()["items"]
    verdict = {"outcome": "not-justified", "comment": "No risk was described."}
    assert (await callers.post("auditor-north", f"/reviews/{due['share_id']}", verdict)).status_code == 200
    (second,) = [each for each in await service.decisions(TRUST) if each["ends"] == due["share_id"]]
    assert (second["effect"], second["verdict"]) == ("withdraw", "permitted")
    (again,) = (await callers.get("auditor-north", "/reviews")).json()["items"]
    assert again["share_id"] == second["share_id"]


async def test_a_request_that_takes_another_s_place_is_reviewed_too(
    service: ConsentService, callers: Callers, person: str
) -> None:
    await ask(callers, person)
    (due,) = (await callers.get("auditor-north", "/reviews")).json()["items"]
    verdict = {"outcome": "justified", "comment": "There was."}
    assert (await callers.post("auditor-north", f"/reviews/{due['share_id']}", verdict)).status_code == 200
    await ask(callers, person)
    async with service.database.transaction() as session:
        first_of_all = "(SELECT min(id) FROM emergency_request)"
        await session.execute(text(f"UPDATE emergency_request SET expires_at = now() WHERE id = {first_of_all}"))
        await session.execute(text("UPDATE person SET queued_at = now()"))
    await service.drain()
    first, second = [each for each in await service.decisions(TRUST) if each["verdict"] == "permitted"]
    assert (second["ends"], second["effect"]) == (first["share_id"], "end")
    assert [each["share_id"] for each in (await callers.get("auditor-north", "/reviews")).json()["items"]] == [
        second["share_id"]
    ]


async def test_a_review_that_waits_while_a_merge_is_undone_is_of_whose_share_it_is(
    service: ConsentService, callers: Callers, person: str
) -> None:
    kept, at = new_id(), clock.now()
    await service.feed(PersonMergedV1(merge_id="m", kept_id=kept, removed_id=person, at=at))
    await ask(callers, person)
    (due,) = (await callers.get("auditor-north", "/reviews")).json()["items"]
    verdict = {"outcome": "not-justified", "comment": "No risk was described."}
    undone = PersonUnmergedV1(merge_id="m", kept_id=kept, removed_id=person, at=at + timedelta(seconds=1))
    async with service.database.transaction() as session:
        await take(session, [kept], now=clock.now())
        waiting = asyncio.create_task(callers.post("auditor-north", f"/reviews/{due['share_id']}", verdict))
        await eventually(lambda: waits_for_a_lock(service.database))
        await apply(session, [received(undone)])
    assert (await waiting).status_code == 200
    assert await service.visible(TRUST) == set()


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

"""Agreements and suspensions: published once and for good, and everyone they touch is decided again."""

from datetime import datetime, timedelta
from typing import Any

from chassis import clock
from chassis.ids import new_id
from consent.operations.deciding import decide_due
from tests.integration.consent.conftest import Callers
from tests.support.consent_service import ConsentService, offer
from tests.support.consent_world import north_isa
from tests.support.http import problem


def draft(version: str = "1.1.0", **clauses: dict[str, Any]) -> dict[str, Any]:
    """The default agreement with another version; `c2_1={…}` changes clause 2.1."""
    text = north_isa().model_dump(mode="json", by_alias=True) | {"version": version}
    for clause in text["clauses"]:
        clause |= clauses.get("c" + clause["id"].replace(".", "_"), {})
    return text


async def test_a_new_version_is_decided_by_at_once_and_everyone_is_decided_again(
    service: ConsentService, callers: Callers
) -> None:
    person = new_id()
    await service.feed(offer(person), service.involvement(person, "police-north"))
    narrowed = draft(c2_1={"categories": ["identity"]})
    answer = await callers.post("operator", "/agreements", narrowed)
    assert answer.status_code == 200, answer.text
    assert answer.json()["published"] is True
    assert await service.drain() == 1
    assert await service.visible("police-north") == set()
    assert (await service.decisions("police-north"))[-1]["reason"] == "no-clause"
    events = await service.events("agreement.published.v1")
    assert [event["version"] for event in events] == ["1.0.0", "1.1.0"]
    assert len({event["policy_hash"] for event in events}) == 2
    assert (await callers.post("operator", "/agreements", narrowed)).json()["published"] is False
    assert await service.drain() == 0


async def test_a_version_that_has_not_begun_does_not_take_the_place_of_one_in_force(
    service: ConsentService, callers: Callers
) -> None:
    person = new_id()
    await service.feed(offer(person), service.involvement(person, "police-north"))
    later = draft() | {"valid_from": (clock.now() + timedelta(days=30)).date().isoformat()}
    later["valid_until"] = (clock.now() + timedelta(days=200)).date().isoformat()
    problem(await callers.post("operator", "/agreements", later), 409, "version-not-begun")
    await service.drain()
    assert await service.visible("police-north") == {("release-date", 1)}


async def test_a_redaction_that_grows_replaces_what_was_shown(service: ConsentService, callers: Callers) -> None:
    person = new_id()
    await service.feed(offer(person), service.involvement(person, "police-north"))
    await callers.post("operator", "/agreements", draft(c2_1={"redactions": {"release-date": {"remove": ["reason"]}}}))
    await service.drain()
    first, second = await service.decisions("police-north")
    assert "reason" in first["content"]
    assert "reason" not in second["content"]
    assert second["fields_removed"] == ["reason"]
    assert (second["ends"], second["effect"]) == (first["share_id"], "withdraw")


async def test_a_published_version_never_changes_and_an_older_one_never_returns(callers: Callers) -> None:
    changed = draft("1.0.0", c2_1={"title": "Another"})
    problem(await callers.post("operator", "/agreements", changed), 409, "version-published")
    await callers.post("operator", "/agreements", draft("1.1.0"))
    problem(await callers.post("operator", "/agreements", draft("1.0.9")), 409, "version-not-newer")
    listed = (await callers.get("probation-north", "/agreements")).json()["items"]
    assert [(item["version"], item["in_force"]) for item in listed] == [("1.0.0", False), ("1.1.0", True)]
    text = (await callers.get("probation-north", "/agreements/north-isa/1.0.0")).json()
    assert text["version"] == "1.0.0"


async def test_a_clause_that_breaks_a_limit_is_refused_with_its_sentence(callers: Callers) -> None:
    broken = draft(c5_1={"conditions": []})
    sentence = problem(await callers.post("operator", "/agreements", broken), 422, "limit-broken")["detail"]
    assert sentence.startswith("5.1: Criminal Justice Act 2003 s.325 speaks only of people managed under MAPPA")
    checked = await callers.post("probation-north", "/agreements/check", broken)
    assert [breach["clause"] for breach in checked.json()["breaches"]] == ["5.1"]
    assert (await callers.post("probation-north", "/agreements", broken)).status_code == 403


async def test_a_suspended_agency_is_refused_at_once_loses_what_it_had_and_can_come_back(
    service: ConsentService, callers: Callers
) -> None:
    person = new_id()
    await service.feed(offer(person), service.involvement(person, "police-north"))
    suspended = await callers.post("operator", "/agencies/police-north/suspension", {"reason": "made up"})
    assert suspended.json() == {"agency": "police-north", "suspended": True}
    other = new_id()
    await service.feed(offer(other), service.involvement(other, "police-north"))
    assert (await service.decisions("police-north"))[-1]["reason"] == "agency-suspended"
    await service.drain()
    assert await service.visible("police-north") == set()
    assert (await service.events("share.denied.v1"))[-1]["effect"] == "withdraw"
    await callers.call("DELETE", "operator", "/agencies/police-north/suspension")
    await service.drain()
    assert await service.visible("police-north") == {("release-date", 1)}
    problem(await callers.post("operator", "/agencies/nobody/suspension"), 404, "agency-unknown")


async def test_who_waited_for_a_change_of_the_policy_decides_no_earlier(
    service: ConsentService, callers: Callers
) -> None:
    person, path = new_id(), "/agencies/police-north/suspension"
    await service.feed(offer(person), service.involvement(person, "police-north"))
    await callers.post("operator", path, {"reason": "made up"})
    await service.drain()
    began = clock.now()
    await callers.call("DELETE", "operator", path)
    async with service.database.transaction() as session:
        assert await decide_due(session, now=began) == 1
    (_, lifted), decided = await service.events("agency.suspended.v1"), (await service.decisions("police-north"))[-1]
    assert (decided["verdict"], lifted["suspended"]) == ("permitted", False)
    assert datetime.fromisoformat(decided["decided_at"]) >= datetime.fromisoformat(lifted["at"]) > began


async def test_a_restricted_person_is_shared_with_nobody(service: ConsentService, callers: Callers) -> None:
    person = new_id()
    await service.feed(offer(person), service.involvement(person, "police-north"))
    path = f"/people/{person}/restriction"
    assert (await callers.call("PUT", "police-north", path, {"restricted": True})).status_code == 403
    assert (await callers.call("PUT", "operator", path, {"restricted": True})).status_code == 200
    assert await service.visible("police-north") == set()
    assert (await service.decisions("police-north"))[-1]["reason"] == "restricted-person"


async def test_me_says_what_an_agency_may_receive_and_send(callers: Callers) -> None:
    routes = (await callers.get("charity-newstart", "/me")).json()
    received = {(entry["clause"], entry["category"]) for entry in routes["may_receive"]}
    assert ("3.1", "release-date") in received
    assert not {clause for clause, _ in received} & {"2.4", "2.1"}
    gatehouse = (await callers.get("charity-gatehouse", "/me")).json()["may_receive"]
    assert {entry["clause"] for entry in gatehouse} == {"2.4", "4.1", "4.2", "4.3"}
    (entry,) = [one for one in routes["may_receive"] if (one["clause"], one["category"]) == ("3.1", "release-date")]
    assert entry == {
        "category": "release-date",
        "from_kinds": ["prison", "probation"],
        "purpose": "resettlement",
        "basis": "consent",
        "clause": "3.1",
        "subject_to": "consent",
    }
    assert (await callers.get("auditor-north", "/me")).json() == {"may_receive": [], "may_send": []}


async def test_every_decision_replays_to_the_same_bytes(service: ConsentService, callers: Callers) -> None:
    person = new_id()
    await service.feed(offer(person), service.involvement(person, "police-north"))
    await service.feed(service.involvement(person, "das-riverside", "claimed"))
    await service.feed(service.involvement(person, "police-north", "ended"), offer(person, version=2, retracted=True))
    await callers.post("operator", "/agreements", draft(c2_1={"categories": ["identity"]}))
    decisions = await service.decisions()
    assert {one["verdict"] for one in decisions} == {"permitted", "refused"}
    for decision in decisions:
        answer = (await callers.get("operator", f"/decisions/{decision['share_id']}/replay")).json()
        assert answer["same"] is True, answer
    problem(await callers.get("operator", f"/decisions/{new_id()}/replay"), 404, "decision-not-found")

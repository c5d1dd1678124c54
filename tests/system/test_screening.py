"""Asking a trust whether it knows somebody, through running gateways, and what consent has to do with the answer."""

from typing import Any

import pytest

from tests.support.eventually import eventually
from tests.system.world import NORTHGATE, POLICE, PROBATION, TRUST, Person, World

pytestmark = pytest.mark.kafka


async def ask(world: World, person: Person, *, by: str = PROBATION) -> str:
    body = {"to_agency": TRUST, "reason": "Planning for release."}
    return str((await world.desk(by).post(f"/people/noms:{person.noms}/screening-requests", body))["screening_id"])


async def agree(world: World, person: Person, *recipients: str) -> None:
    await world.consent(
        person,
        *recipients,
        categories=["identity", "referral", "known-to-service"],
        purposes=["direct-care"],
        statement={"id": "screening-leaflet", "version": "1"},
    )


async def sees(world: World, agency: str, screening: str, **wanted: object) -> dict[str, Any]:
    """Waits until this side sees the request so."""

    async def so() -> dict[str, Any]:
        answer = await world.desk(agency).call("GET", f"/screening-requests/{screening}")
        assert answer.ok, answer.status
        found = dict(answer.json())
        assert {name: found.get(name) for name in wanted} == wanted
        return found

    found: dict[str, Any] = await eventually(so, within=30)
    return found


async def answer(world: World, screening: str, said: str) -> int:
    done = await world.desk(TRUST).call("POST", f"/screening-requests/{screening}/answer", {"answer": said})
    return int(done.status)


async def test_a_question_waits_for_consent_gets_its_answer_and_loses_it_with_the_consent(
    world: World,
) -> None:
    person = await world.person()
    await world.supervise(person)
    screening = await ask(world, person)
    await sees(world, PROBATION, screening, state="awaiting-consent")
    assert (await world.desk(TRUST).call("GET", f"/screening-requests/{screening}")).status == 404
    assert await world.view(TRUST, person) == {}

    await agree(world, person, TRUST, PROBATION)
    await sees(world, TRUST, screening, state="received", reason="Planning for release.")
    await sees(world, PROBATION, screening, state="received", answer=None)

    async def told_who_it_is() -> bool:
        return "identity" in await world.view(TRUST, person)

    await eventually(told_who_it_is, within=30)
    assert await answer(world, screening, "yes") == 200
    assert await answer(world, screening, "no") == 409
    await sees(world, PROBATION, screening, state="answered", answer="yes")
    permit = await world.logged(person, recipient=PROBATION, category="known-to-service", decision="permitted")
    assert (permit["clause"], permit["basis"], permit["source"]) == ("4.6", "consent", TRUST)
    for item in await world.feed_about(PROBATION, person, "known-to-service"):
        assert item["content"] == {"answer": "yes"}

    await world.withdraw(person)
    await sees(world, PROBATION, screening, state="awaiting-consent", answer=None)
    assert "known_to_service" not in await world.view(PROBATION, person)
    await sees(world, TRUST, screening, state="answered", answer="yes")


async def test_who_may_have_no_answer_is_told_so_and_the_trust_hears_of_no_question(world: World) -> None:
    person = await world.person()
    await world.claim(person, POLICE, "iom-team")
    await agree(world, person, TRUST, POLICE)
    body = {"to_agency": TRUST}
    refused = await world.desk(POLICE).call("POST", f"/people/noms:{person.noms}/screening-requests", body)
    assert (refused.status, refused.json()["code"]) == (403, "answer-not-permitted")
    await world.supervise(person)
    asked = await ask(world, person)
    await sees(world, PROBATION, asked, state="awaiting-consent")
    assert await world.shares(person, source=POLICE, recipient=TRUST, decision="permitted") == []
    assert await world.view(TRUST, person) == {}
    received = await world.desk(TRUST).get("/screening-requests", direction="received", person_id=person.id)
    assert received["items"] == []
    assert await world.view(NORTHGATE, person)

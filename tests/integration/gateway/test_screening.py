"""Screening requests over the whole pipe: what each side sees of them at its gateway, and who sees nothing."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.routing import Mount

from chassis.ids import new_id
from contracts.http.screening import Screening, ScreeningList
from tests.integration.gateway.sides import Agency, side_of, side_with
from tests.integration.gateway.world import (
    AUDITOR,
    CONSENT,
    POLICE,
    PRISON,
    PROBATION,
    TRUST,
    held,
    join,
    new_number,
    view,
)
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe
from tests.support.tokens import TOKENS

YOUTH = ("yot-northtown", "youth")
DIVERSION = ("ld-north", "liaison-diversion")


async def ask(pipe: Pipe, person: str, *, agency: Agency = PROBATION, **headers: Any) -> Any:
    body = {"to_agency": TRUST[0], "reason": "Planning for release."}
    return await pipe.call(*agency, "POST", f"/people/{person}/screening-requests", body, **headers)


async def answer(pipe: Pipe, screening: str, said: str, **headers: Any) -> Any:
    return await pipe.call(*TRUST, "POST", f"/screening-requests/{screening}/answer", {"answer": said}, **headers)


async def seen(pipe: Pipe, agency: Agency, screening: str) -> dict[str, Any]:
    return await side_of(pipe, agency, f"/screening-requests/{screening}", Screening)


def when(pipe: Pipe, agency: Agency, screening: str, **wanted: Any) -> Callable[[], Awaitable[Any]]:
    return side_with(pipe, agency, f"/screening-requests/{screening}", Screening, wanted)


async def agree(pipe: Pipe, number: str, *recipients: Agency, **more: Any) -> None:
    said = CONSENT | {
        "categories": ["identity", "referral", "known-to-service"],
        "recipients": [{"agency": agency} for agency, _ in recipients],
        "purposes": ["direct-care"],
        "statement": {"id": "screening-leaflet", "version": "1"},
    }
    given = await pipe.call(*PRISON, "POST", f"/people/noms:{number}/consents", said | more)
    assert given.status_code == 201, given.text


async def supervised(pipe: Pipe) -> tuple[str, str]:
    """A prisoner with whom probation is involved: prison number and id."""
    number = new_number()
    person = await held(pipe, number)
    await join(pipe, PROBATION, number)
    return number, person


async def knows_nothing(pipe: Pipe, agency: Agency, person: str) -> bool:
    listed = await pipe.call(*agency, "GET", "/screening-requests", params={"direction": "received", "limit": 500})
    ScreeningList.model_validate_json(listed.content)
    items = [*listed.json()["items"], *await pipe.feed(*agency)]
    found = await pipe.call(*agency, "GET", f"/people/{person}")
    return found.status_code == 404 and person not in [each["person_id"] for each in items]


async def test_a_question_waits_for_consent_is_answered_once_and_the_answer_goes_with_the_consent(pipe: Pipe) -> None:
    number, person = await supervised(pipe)
    written = await ask(pipe, f"noms:{number}")
    assert written.status_code == 201, written.text
    screening = written.json()["screening_id"]
    await eventually(when(pipe, PROBATION, screening, state="awaiting-consent", person_id=person))
    assert await knows_nothing(pipe, TRUST, person)

    await agree(pipe, number, TRUST, PROBATION)
    await eventually(when(pipe, PROBATION, screening, state="received"))
    received = await eventually(when(pipe, TRUST, screening, state="received", reason="Planning for release."))
    assert received["allowed_actions"] == ["answer"]

    async def told_who_it_is() -> bool:
        return bool((await view(pipe, TRUST, person))["identity"]["content"]["name"]["family"] == "Fenwright")

    await eventually(told_who_it_is)
    opened = await view(pipe, TRUST, person)
    assert not {"release", "custody_status"} & set(opened)
    assert [each["content"]["screening_id"] for each in opened["referrals"]] == [screening]

    given = await answer(pipe, screening, "contact-us")
    assert (given.status_code, given.json()["answer"]) == (200, "contact-us")
    told = await eventually(when(pipe, PROBATION, screening, state="answered", answer="contact-us"))
    assert told["version"] > received["version"] - 1
    section = (await view(pipe, PROBATION, person))["known_to_service"]
    assert (section["content"], section["clause"]) == ({"answer": "contact-us"}, "4.6")
    refused = problem(await answer(pipe, screening, "no"), 409, "transition-not-allowed")
    assert (refused["state"], refused["allowed_actions"]) == ("answered", [])

    async def told_no_more() -> bool:
        return (await pipe.call(*TRUST, "GET", f"/people/{person}")).status_code == 404

    await eventually(told_no_more)
    assert (await seen(pipe, TRUST, screening))["answer"] == "contact-us"

    assert (await pipe.call(*PRISON, "POST", f"/people/{person}/consent-withdrawals", {})).status_code == 200
    hidden = await eventually(when(pipe, PROBATION, screening, state="awaiting-consent"))
    assert not {"answer", "answered_at"} & set(hidden)
    assert "known_to_service" not in await view(pipe, PROBATION, person)
    items = [each for each in await pipe.feed(*PROBATION) if each["category"] == "known-to-service"]
    assert [each["content"] for each in items if each["person_id"] == person] == [None, None]
    await agree(pipe, number, TRUST, PROBATION)
    await eventually(when(pipe, PROBATION, screening, state="answered", answer="contact-us"))


async def test_police_and_youth_may_have_no_answer_and_so_the_trust_hears_no_question(pipe: Pipe) -> None:
    for agency in (POLICE, YOUTH):
        number = new_number()
        person = await held(pipe, number)
        await join(pipe, agency, number, role="iom-team")
        await agree(pipe, number, TRUST, agency)
        before = await pipe.call(*agency, "GET", "/screening-requests")
        refused = problem(await ask(pipe, f"noms:{number}", agency=agency), 403, "answer-not-permitted")
        assert "known-to-service" not in str(refused)
        unknown = await ask(pipe, "noms:A9999ZZ", agency=agency)
        assert unknown.json() == refused
        await pipe.settle()
        assert (await pipe.call(*agency, "GET", "/screening-requests")).json() == before.json()
        assert await knows_nothing(pipe, TRUST, person)
        shares = await pipe.call(*AUDITOR, "GET", "/shares", params={"person_id": person, "source": agency[0]})
        assert TRUST[0] not in [each["recipient"] for each in shares.json()["items"] if each["decision"] == "permitted"]


async def test_a_question_asked_past_the_gateway_by_who_may_have_no_answer_reaches_nobody(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number)
    await join(pipe, POLICE, number, role="iom-team")
    await agree(pipe, number, TRUST, POLICE)
    (police,) = [route.app for route in pipe.front.routes if isinstance(route, Mount) and route.path == "/police"]
    asked = await police.state.owners.referral.request(  # type: ignore[attr-defined]
        "POST",
        f"/v1/people/{person}/screening-requests",
        token=TOKENS.headers(*POLICE)["authorization"].removeprefix("Bearer "),
        body={"to_agency": TRUST[0]},
        headers={"idempotency-key": new_id()},
    )
    assert asked.status == 201, asked.status
    await pipe.settle()
    await eventually(when(pipe, POLICE, asked.json()["screening_id"], state="awaiting-consent"))
    assert await knows_nothing(pipe, TRUST, person)


async def test_consent_to_referrals_alone_tells_the_trust_neither_that_it_was_asked_nor_about_whom(pipe: Pipe) -> None:
    number, person = await supervised(pipe)
    await agree(pipe, number, TRUST, PROBATION, categories=["identity", "referral", "release-date"])
    screening = (await ask(pipe, f"noms:{number}")).json()["screening_id"]
    await eventually(when(pipe, PROBATION, screening, state="awaiting-consent"))
    await pipe.settle()
    assert await knows_nothing(pipe, TRUST, person)


async def test_liaison_and_diversion_asks_and_hears_and_nobody_else_does(pipe: Pipe) -> None:
    number, person = await supervised(pipe)
    await join(pipe, DIVERSION, number, role="care")
    await agree(pipe, number, TRUST, PROBATION, DIVERSION)
    screening = (await ask(pipe, f"noms:{number}", agency=DIVERSION)).json()["screening_id"]
    await eventually(when(pipe, TRUST, screening, state="received"))
    assert (await answer(pipe, screening, "no")).status_code == 200
    await eventually(when(pipe, DIVERSION, screening, state="answered", answer="no"))
    await pipe.settle()
    assert "known_to_service" not in await view(pipe, PROBATION, person)
    for agency in (PROBATION, POLICE, ("mht-moorland", "mental-health")):
        problem(await pipe.call(*agency, "GET", f"/screening-requests/{screening}"), 404, "not-found")


async def test_a_key_is_needed_to_ask_and_an_unknown_person_is_not_found(pipe: Pipe) -> None:
    number, _ = await supervised(pipe)
    problem(await ask(pipe, "noms:A9999ZZ"), 404, "person-unknown")
    problem(await ask(pipe, f"noms:{number}", idempotency_key=""), 400, "idempotency-key-malformed")
    key = "screening-1"
    first, again = [await ask(pipe, f"noms:{number}", idempotency_key=key) for _ in range(2)]
    assert (first.json(), again.headers["idempotency-replayed"]) == (again.json(), "true")


async def test_me_says_who_may_ask_and_who_answers(pipe: Pipe) -> None:
    async def routes(agency: Agency, side: str) -> list[tuple[str, str]]:
        me = (await pipe.call(*agency, "GET", "/me")).json()
        return [(each["clause"], each["basis"]) for each in me[side] if each["category"] == "known-to-service"]

    assert ("4.6", "consent") in await routes(PROBATION, "may_receive")
    assert ("4.6", "consent") in await routes(DIVERSION, "may_receive")
    assert ("4.6", "consent") in await routes(TRUST, "may_send")
    assert ("4.6", "consent") not in await routes(POLICE, "may_receive")

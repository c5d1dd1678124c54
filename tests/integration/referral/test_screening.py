"""Screening requests by their two sides: each by its own token, shares by their receipts."""

import asyncio
from typing import Any

import httpx2

from chassis.ids import new_id
from contracts.codes import Category
from contracts.screening import ScreeningStateChangedV1
from tests.integration.referral.conftest import DRUGS, PRISON, PROBATION, TRUST, World
from tests.support.http import problem

ASKED, ANSWER = Category.REFERRAL, Category.KNOWN_TO_SERVICE


async def ask(world: World, person: str | None = None, *, agency: str = PROBATION, **more: Any) -> httpx2.Response:
    body = {"to_agency": TRUST, "reason": "Planning for release."} | more
    return await world.call("POST", f"/people/{person or new_id()}/screening-requests", body, agency=agency)


async def asked(world: World, person: str | None = None) -> str:
    """A request whose share is in the log; its id."""
    written = await ask(world, person)
    assert written.status_code == 201, written.text
    screening_id: str = written.json()["screening_id"]
    await decide(world, ASKED, screening_id)
    return screening_id


async def answer(
    world: World, screening_id: str, said: str = "yes", *, agency: str = TRUST, **headers: str
) -> httpx2.Response:
    path = f"/screening-requests/{screening_id}/answer"
    return await world.call("POST", path, {"answer": said}, agency=agency, **headers)


async def view(world: World, screening_id: str, agency: str) -> dict[str, Any]:
    found = await world.get(f"/screening-requests/{screening_id}", agency=agency)
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    assert found.headers["etag"] == f'"{body["version"]}"'
    return body


async def decide(world: World, category: Category, screening_id: str, *, permitted: bool = True) -> None:
    """The receipt of the newest offer of the question, or of the answer."""
    of = [each for each in await world.offers(category) if each["subject_ref"] == screening_id]
    to = (of[-1]["addressees"][0]["agency"],)
    await world.receipt(of[-1], to if permitted else (), () if permitted else to)


async def test_a_question_waits_for_its_share_and_the_one_who_is_asked_knows_of_none_before(world: World) -> None:
    person = new_id()
    written = await ask(world, person)
    body = written.json()
    assert (body["state"], body["direction"], body["version"], written.headers["etag"]) == ("pending", "sent", 1, '"1"')
    assert (body["from"], body["to"], body["reason"]) == (PROBATION, TRUST, "Planning for release.")
    (offer,) = await world.offers(ASKED)
    assert (offer["source"], offer["type"]) == (PROBATION, "screening.requested")
    assert offer["addressees"] == [{"agency": TRUST, "kind": None}]
    assert offer["content"]["reason"] == "Planning for release."
    assert offer["referral"]["screening"] is True
    assert offer["referral"]["live"] is True
    screening_id = body["screening_id"]
    problem(await world.get(f"/screening-requests/{screening_id}", agency=TRUST), 404, "not-found")
    problem(await answer(world, screening_id), 404, "not-found")

    await decide(world, ASKED, screening_id, permitted=False)
    assert (await view(world, screening_id, PROBATION))["state"] == "awaiting-consent"
    problem(await world.get(f"/screening-requests/{screening_id}", agency=TRUST), 404, "not-found")
    assert (await world.get("/screening-requests?direction=received", agency=TRUST)).json()["items"] == []

    await decide(world, ASKED, screening_id)
    assert (await view(world, screening_id, PROBATION))["state"] == "received"
    had = await view(world, screening_id, TRUST)
    assert (had["state"], had["direction"], had["allowed_actions"]) == ("received", "received", ["answer"])
    assert "reason" not in had


async def test_an_answer_reaches_who_asked_by_its_share_alone_and_then_the_question_is_taken_back(world: World) -> None:
    screening_id = await asked(world)
    before = await view(world, screening_id, PROBATION)
    answered = await answer(world, screening_id, "contact-us")
    assert answered.status_code == 200
    assert (answered.json()["state"], answered.json()["answer"]) == ("answered", "contact-us")
    assert await view(world, screening_id, PROBATION) == before
    (offer,) = await world.offers(ANSWER)
    assert (offer["source"], offer["content"], offer["type"]) == (TRUST, {"answer": "contact-us"}, "screening.answered")
    assert offer["addressees"] == [{"agency": PROBATION, "kind": None}]
    assert len(await world.offers(ASKED)) == 1

    await decide(world, ANSWER, screening_id)
    told = await view(world, screening_id, PROBATION)
    assert (told["state"], told["version"]) == ("answered", before["version"] + 1)
    assert "answered_at" in told
    assert "answer" not in told
    closed = (await world.offers(ASKED))[-1]
    assert (closed["content"], closed["version"], closed["referral"]["live"]) == (None, 2, False)
    await world.receipt(closed, (), (TRUST,))
    assert (await view(world, screening_id, PROBATION))["state"] == "answered"
    assert (await view(world, screening_id, TRUST))["answer"] == "contact-us"


async def test_an_answer_that_was_refused_to_who_asked_shows_nowhere(world: World) -> None:
    quiet, refused = await asked(world), await asked(world)
    assert (await answer(world, refused)).status_code == 200
    await decide(world, ANSWER, refused, permitted=False)
    one, other = await view(world, quiet, PROBATION), await view(world, refused, PROBATION)
    assert {**one, "screening_id": refused, "person_id": other["person_id"]} == other
    assert len([each for each in await world.offers(ASKED) if each["subject_ref"] == refused]) == 1


async def test_a_withdrawn_consent_hides_the_answer_and_a_new_one_brings_it_back(world: World) -> None:
    screening_id = await asked(world)
    await answer(world, screening_id)
    await decide(world, ANSWER, screening_id)
    await decide(world, ANSWER, screening_id, permitted=False)
    hidden = await view(world, screening_id, PROBATION)
    assert hidden["state"] == "awaiting-consent"
    assert "answered_at" not in hidden
    assert (await view(world, screening_id, TRUST))["answer"] == "yes"
    await decide(world, ANSWER, screening_id)
    assert (await view(world, screening_id, PROBATION))["state"] == "answered"


async def test_consent_withdrawn_before_the_answer_stops_it_until_there_is_consent_again(world: World) -> None:
    screening_id = await asked(world)
    await decide(world, ASKED, screening_id, permitted=False)
    assert (await view(world, screening_id, PROBATION))["state"] == "awaiting-consent"
    refused = problem(await answer(world, screening_id), 409, "transition-not-allowed")
    assert (refused["state"], refused["allowed_actions"]) == ("awaiting-consent", [])
    await decide(world, ASKED, screening_id)
    assert (await answer(world, screening_id)).status_code == 200


async def test_an_answer_is_given_once(world: World) -> None:
    screening_id = await asked(world)
    first, second = await asyncio.gather(answer(world, screening_id, "yes"), answer(world, screening_id, "no"))
    assert sorted((first.status_code, second.status_code)) == [200, 409]
    won = first if first.status_code == 200 else second
    refused = problem(await answer(world, screening_id, "contact-us"), 409, "transition-not-allowed")
    assert (refused["state"], refused["allowed_actions"]) == ("answered", [])
    assert (await view(world, screening_id, TRUST))["answer"] == won.json()["answer"]
    assert len(await world.offers(ANSWER)) == 1
    problem(await answer(world, screening_id, agency=PROBATION), 403, "insufficient-scope")
    problem(await answer(world, screening_id, agency=DRUGS), 404, "not-found")


async def test_a_retry_is_answered_again_and_a_stale_etag_is_refused(world: World) -> None:
    person, key = new_id(), new_id()
    body = {"to_agency": TRUST}
    path = f"/people/{person}/screening-requests"
    written = [await world.call("POST", path, body, agency=PROBATION, Idempotency_Key=key) for _ in range(2)]
    assert written[0].json() == written[1].json()
    assert written[1].headers["idempotency-replayed"] == "true"
    assert len(await world.offers(ASKED)) == 1
    screening_id = written[0].json()["screening_id"]
    await decide(world, ASKED, screening_id)
    problem(await answer(world, screening_id, If_Match='"1"'), 412, "precondition-failed")
    given = await answer(world, screening_id, Idempotency_Key=key, If_Match='"2"')
    again = await answer(world, screening_id, Idempotency_Key=key, If_Match='"2"')
    assert (given.status_code, again.json()) == (200, given.json())


async def test_who_may_ask_whom(world: World) -> None:
    problem(await ask(world, agency=PRISON), 403, "may-not-ask")
    problem(await ask(world, to_agency=DRUGS), 422, "no-such-receiver")
    problem(await ask(world, to_agency="mht-nowhere"), 422, "no-such-receiver")
    assert (await ask(world, agency="police-north")).status_code == 201


async def test_lists_are_of_ones_own_side_newest_first(world: World) -> None:
    person = new_id()
    ids = [await asked(world, person), await asked(world), (await ask(world, person)).json()["screening_id"]]
    await answer(world, ids[0])

    async def listed(agency: str, query: str = "") -> list[str]:
        found = await world.get(f"/screening-requests{query}", agency=agency)
        return [each["screening_id"] for each in found.json()["items"]]

    assert await listed(PROBATION) == ids[::-1]
    assert await listed(PROBATION, f"?person_id={person}") == [ids[2], ids[0]]
    assert await listed(PROBATION, "?state=answered") == []
    assert await listed(TRUST, "?direction=received") == [ids[1], ids[0]]
    assert await listed(TRUST, "?direction=received&state=answered") == [ids[0]]
    assert await listed(TRUST) == []
    first = (await world.get("/screening-requests?limit=2", agency=PROBATION)).json()
    assert await listed(PROBATION, f"?limit=2&cursor={first['next']}") == [ids[0]]


async def test_merging_two_numbers_moves_requests_and_parting_them_moves_them_back(world: World) -> None:
    kept, removed = new_id(), new_id()
    moved, stayed = await asked(world, removed), await asked(world, kept)
    await world.merged(kept, removed)
    assert (await view(world, moved, PROBATION))["person_id"] == kept
    assert (await answer(world, moved)).status_code == 200
    assert (await world.offers(ANSWER))[-1]["person_id"] == removed, "under the number that it was recorded under"
    listed = (await world.get(f"/screening-requests?person_id={removed}", agency=PROBATION)).json()["items"]
    assert [each["screening_id"] for each in listed] == [stayed, moved]
    await world.unmerged(kept, removed)
    assert (await view(world, moved, PROBATION))["person_id"] == removed
    assert (await view(world, stayed, PROBATION))["person_id"] == kept


async def test_events_tell_what_is_so_and_never_what_was_answered(world: World) -> None:
    screening_id = await asked(world)
    await answer(world, screening_id, "contact-us")
    events = await world.events(ScreeningStateChangedV1.TYPE)
    assert [(each["from_state"], each["to_state"]) for each in events] == [
        (None, "pending"),
        ("pending", "received"),
        ("received", "answered"),
    ]
    assert "contact-us" not in str(events)

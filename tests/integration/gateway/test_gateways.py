"""The gateways over the whole pipe: what each agency may do, sees, and does not see."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from contracts.codes import AgencyKind
from contracts.http.gateway import Deliveries, FeedPage, OwnDisclosures, PersonView, Reconciliation
from contracts.topics import Topic
from gateway.api import feed as feed_routes
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe, piped
from tests.support.postgres import MakeDatabase
from tests.support.tokens import TOKENS

PRISON = ("hmp-northgate", "prison")
OTHER_PRISON = ("hmp-southmoor", "prison")
PROBATION = ("probation-north", "probation")
POLICE = ("police-north", "police")
CHARITY = ("charity-newstart", "provider")
TRUST = ("mht-riverside", "mental-health")
AUDITOR = ("auditor-north", "auditor")
NATIONAL = ("hmpps-national", "prison")

_numbers = iter(range(1000, 9999))


@pytest.fixture(scope="module")
async def pipe(make_database: MakeDatabase) -> AsyncIterator[Pipe]:
    async with piped(make_database) as made:
        yield made


def registration(*identifiers: str) -> dict[str, Any]:
    named = [dict(zip(("scheme", "value"), each.split(":"), strict=True)) for each in identifiers]
    return {
        "identifiers": named,
        "name": {"family": "Fenwright", "given": "Oswin"},
        "date_of_birth": "1991-04-17",
    }


def new_number() -> str:
    return f"A{next(_numbers)}AA"


async def held(pipe: Pipe, number: str, *, day: str = "2031-03-04") -> str:
    """A person in the prison's custody with a release date."""
    answer = await pipe.call(*PRISON, "PUT", f"/people/noms:{number}", registration(f"noms:{number}"))
    assert answer.status_code == 201, answer.text
    await push(pipe, number, day)
    return str(answer.json()["person_id"])


async def push(pipe: Pipe, number: str, day: str) -> dict[str, Any]:
    body = {"date": day, "status": "confirmed", "reason": "recalculation"}
    answer = await pipe.call(*PRISON, "PUT", f"/people/noms:{number}/release-dates/CRD", body)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


async def join(pipe: Pipe, agency: tuple[str, str], number: str, *, role: str = "offender-manager") -> None:
    """The agency registers the person by the prison number and claims involvement."""
    own = [f"noms:{number}"]
    if agency == PROBATION:
        own.append(f"crn:X{next(_numbers):06}")
    answer = await pipe.call(*agency, "PUT", f"/people/noms:{number}", registration(*own))
    assert answer.status_code in (200, 201), answer.text
    answer = await pipe.call(*agency, "PUT", f"/people/noms:{number}/involvement", {"roles": [role]})
    assert answer.status_code in (200, 201), answer.text


async def view(pipe: Pipe, agency: tuple[str, str], person_id: str) -> dict[str, Any]:
    answer = await pipe.call(*agency, "GET", f"/people/{person_id}")
    assert answer.status_code == 200, answer.text
    PersonView.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    return found


async def dates(pipe: Pipe, agency: tuple[str, str], person_id: str) -> list[dict[str, Any]]:
    items = await pipe.feed(*agency)
    return [each for each in items if each["person_id"] == person_id and each["category"] == "release-date"]


async def test_a_gateway_serves_its_own_kind_of_agency_alone(pipe: Pipe) -> None:
    sent = TOKENS.headers("hmp-northgate", "prison")
    problem(await pipe.http.get("/probation/v1/feed", headers=sent), 403, "wrong-gateway")
    problem(await pipe.http.get("/auditor/v1/shares", headers=sent), 403, "wrong-gateway")
    few = TOKENS.headers("hmp-northgate", "prison", scopes=[])
    problem(await pipe.http.get("/probation/v1/feed", headers=few), 403, "wrong-gateway")
    problem(await pipe.http.get("/prison/v1/feed", headers=few), 403, "insufficient-scope")
    problem(await pipe.http.get("/prison/v1/feed"), 401, "unauthorized")
    assert (await pipe.http.get("/operator/v1/me", headers=sent)).status_code == 404


async def test_each_kind_has_its_own_document_and_health(pipe: Pipe) -> None:
    paths = {}
    assert (await pipe.http.get(f"/{AgencyKind.OPERATOR}/v1/openapi.json")).status_code == 404
    for kind in (AgencyKind.PRISON, AgencyKind.PROBATION, AgencyKind.COURT, AgencyKind.AUDITOR):
        answer = await pipe.http.get(f"/{kind}/v1/openapi.json")
        paths[kind] = set(answer.json()["paths"])
        for path in ("/health/liveness", "/health/readiness", "/info", "/docs"):
            assert (await pipe.http.get(f"/{kind}{path}")).status_code == 200, (kind, path)
    assert (await pipe.http.get("/health/readiness")).status_code == 200
    assert "/v1/release-dates/bulk" in paths[AgencyKind.PRISON]
    assert "/v1/release-dates/bulk" not in paths[AgencyKind.PROBATION]
    assert "/v1/shares" in paths[AgencyKind.AUDITOR]
    assert "/v1/feed" not in paths[AgencyKind.AUDITOR]
    assert paths[AgencyKind.PROBATION] == paths[AgencyKind.COURT]


async def test_a_release_date_arrives_with_whoever_may_see_it_and_with_nobody_else(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, PROBATION, number)
    found = await eventually(lambda: dates(pipe, PROBATION, person_id))
    assert found[0]["content"]["release_date"] == "2031-03-04"
    assert found[0]["change"] == {"previous_date": None, "direction": "new"}
    await push(pipe, number, "2031-02-03")

    async def two() -> list[dict[str, Any]]:
        items = await dates(pipe, PROBATION, person_id)
        return items if len(items) == 2 else []

    assert (await eventually(two))[1]["change"] == {"previous_date": "2031-03-04", "direction": "earlier"}
    assert (await view(pipe, PROBATION, person_id))["release"]["content"]["release_date"] == "2031-02-03"
    own = (await view(pipe, PRISON, person_id))["release"]
    assert own["own"] is True
    assert own["content"]["release_date"] == "2031-02-03"
    people = (await pipe.call(*PROBATION, "GET", "/people", params={"limit": 500})).json()["items"]
    mine = next(each for each in people if each["person_id"] == person_id)
    assert mine["release"]["content"]["release_date"] == "2031-02-03"
    for stranger in (POLICE, CHARITY, OTHER_PRISON):
        problem(await pipe.call(*stranger, "GET", f"/people/{person_id}"), 404, "person-unknown")
        problem(await pipe.call(*stranger, "GET", f"/people/{person_id}/disclosures"), 404, "person-unknown")
        assert await dates(pipe, stranger, person_id) == []


async def test_feed_pages_are_what_they_are_promised_to_be(pipe: Pipe) -> None:
    for _ in range(2):
        number = new_number()
        await held(pipe, number)
        await join(pipe, PROBATION, number)
    await eventually(lambda: _has(pipe, PROBATION, at_least=6))
    whole = await pipe.feed(*PROBATION)
    after: dict[str, str] = {}
    paged = []
    while True:
        answer = await pipe.call(*PROBATION, "GET", "/feed", params={"limit": 2, **after})
        page = FeedPage.model_validate_json(answer.content)
        if not page.items:
            assert page.next == after["after"], "where to go on from does not move when there is nothing new"
            break
        paged += answer.json()["items"]
        after = {"after": page.next}
    assert paged[: len(whole)] == whole
    problem(await pipe.call(*POLICE, "GET", "/feed", params=after), 422, "cursor-invalid")
    problem(await pipe.call(*PROBATION, "GET", "/feed", params={"after": "abc"}), 422, "cursor-invalid")
    problem(await pipe.call(*PROBATION, "GET", "/feed", params={"before": "abc"}), 422, "unknown-parameter")
    empty = await pipe.call("yot-northtown", "youth", "GET", "/feed")
    assert empty.json()["items"] == []
    assert empty.json()["next"]


async def _has(pipe: Pipe, agency: tuple[str, str], *, at_least: int) -> bool:
    return len(await pipe.feed(*agency)) >= at_least


async def test_a_long_poll_answers_when_something_is_shared(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, PROBATION, number)
    await eventually(lambda: dates(pipe, PROBATION, person_id))
    await pipe.settle()
    last = (await pipe.call(*PROBATION, "GET", "/feed", params={"limit": 500})).json()["next"]
    polling = asyncio.create_task(pipe.call(*PROBATION, "GET", "/feed", params={"after": last, "wait": 30}))
    await push(pipe, number, "2031-04-01")
    (item,) = (await polling).json()["items"]
    assert item["content"]["release_date"] == "2031-04-01"


async def test_the_stream_gives_the_same_items_and_resumes(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, PROBATION, number)
    await eventually(lambda: dates(pipe, PROBATION, person_id))
    await pipe.settle()
    monkeypatch.setattr(feed_routes, "STREAM_SECONDS", 0.5)
    items = await pipe.feed(*PROBATION)
    answer = await pipe.call(*PROBATION, "GET", "/feed/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert _events(answer) == items
    rest = await pipe.call(*PROBATION, "GET", "/feed/stream", last_event_id=items[-2]["cursor"])
    assert _events(rest) == items[-1:]
    problem(await pipe.call(*PROBATION, "GET", "/feed/stream", last_event_id="abc"), 422, "cursor-invalid")


def _events(answer: httpx2.Response) -> list[dict[str, Any]]:
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in lines:
            item = json.loads(lines["data"])
            assert lines["id"] == item["cursor"]
            found.append(item)
    return found


async def test_the_ledger_follows_a_share_to_its_acknowledgement(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    release_id = (await push(pipe, number, "2031-05-06"))["release_id"]
    await join(pipe, PROBATION, number)
    await eventually(lambda: ledger_says(pipe, release_id, "recorded"))
    await dates(pipe, PROBATION, person_id)
    ledger = await eventually(lambda: ledger_says(pipe, release_id, "delivered"))
    assert "probation" not in ledger["no_one_from"]
    assert "police" in ledger["no_one_from"]
    assert ledger["pending"] is False
    items = [each["item_id"] for each in await dates(pipe, PROBATION, person_id)]
    taken = await pipe.call(*PROBATION, "POST", "/feed/acknowledgements", {"items": items})
    assert taken.json() == {"acknowledged": len(items)}
    again = await pipe.call(*PROBATION, "POST", "/feed/acknowledgements", {"items": items})
    assert again.json() == {"acknowledged": 0}
    await eventually(lambda: ledger_says(pipe, release_id, "acknowledged"))
    problem(await pipe.call(*OTHER_PRISON, "GET", f"/releases/{release_id}/deliveries"), 404, "release-unknown")
    disclosed = await pipe.call(*PRISON, "GET", f"/people/{person_id}/disclosures")
    own = OwnDisclosures.model_validate_json(disclosed.content)
    assert {(each.direction, each.agency) for each in own.items} == {
        ("disclosed", "probation-north"),
        ("received", "probation-north"),
    }
    both = await pipe.call(*PROBATION, "POST", "/feed/acknowledgements", {"items": items, "up_to": "x"})
    problem(both, 422, "invalid")


async def ledger_says(pipe: Pipe, release_id: str, state: str) -> dict[str, Any] | None:
    answer = await pipe.call(*PRISON, "GET", f"/releases/{release_id}/deliveries")
    assert answer.status_code == 200, answer.text
    Deliveries.model_validate_json(answer.content)
    found: dict[str, Any] = answer.json()
    newest = [each for each in found["items"] if each["agency"] == "probation-north"]
    return found if newest and newest[-1]["state"] == state else None


CONSENT = {
    "decision": "given",
    "categories": ["identity", "release-date", "accommodation"],
    "recipients": [{"agency": "charity-newstart"}],
    "purposes": ["resettlement"],
    "valid_until": "2027-09-30",
    "how": "written",
    "given_by": "person",
    "has_capacity": True,
    "statement": {"id": "sharing-with-charities", "version": "3"},
}


async def test_consent_opens_the_charitys_view_and_withdrawal_empties_it_with_the_log_stopped(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    release_id = (await push(pipe, number, "2031-06-03"))["release_id"]
    await join(pipe, PROBATION, number)
    await join(pipe, CHARITY, number, role="through-the-gate")
    await eventually(lambda: dates(pipe, PROBATION, person_id))
    assert await dates(pipe, CHARITY, person_id) == []
    assert "release" not in await view(pipe, CHARITY, person_id)
    given = await pipe.call(*PROBATION, "POST", f"/people/{person_id}/consents", CONSENT)
    assert given.status_code == 201, given.text
    (item,) = await eventually(lambda: dates(pipe, CHARITY, person_id))
    assert item["basis"] == "consent"
    assert (await view(pipe, CHARITY, person_id))["release"]["content"]["release_date"] == "2031-06-03"
    ledger = (await pipe.call(*PRISON, "GET", f"/releases/{release_id}/deliveries")).json()
    assert "charity-newstart" not in {each["agency"] for each in ledger["items"]}
    assert ledger["withheld"] >= 1
    await pipe.settle()
    pipe.stopped.update({Topic.SHARE_LOG, Topic.CONSENT_EVENTS})
    try:
        answer = await pipe.call(*PROBATION, "POST", f"/people/{person_id}/consent-withdrawals", {})
        assert set(answer.json()) == {"withdrawn_at"}, answer.text

        async def gone() -> bool:
            found = await view(pipe, CHARITY, person_id)
            return "release" not in found and "share_id" not in json.dumps(found)

        assert await eventually(gone)
        (blank,) = await dates(pipe, CHARITY, person_id)
        assert (blank["cursor"], blank["content"], blank["withdrawn"]) == (item["cursor"], None, True)
    finally:
        pipe.stopped.clear()

    async def told() -> list[dict[str, Any]]:
        return [each for each in await dates(pipe, CHARITY, person_id) if each["type"] == "withdrawn"]

    (withdrawn,) = await eventually(told)
    assert withdrawn["withdraws"] == item["item_id"]
    assert (await view(pipe, PROBATION, person_id))["release"]["content"]["release_date"] == "2031-06-03"


async def test_when_involvement_ends_the_view_is_gone_and_what_was_received_stays(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, PROBATION, number)
    before = await eventually(lambda: dates(pipe, PROBATION, person_id))
    answer = await pipe.call(*PROBATION, "DELETE", f"/people/{person_id}/involvement")
    assert answer.status_code == 204

    async def gone() -> bool:
        found = (await pipe.call(*PROBATION, "GET", f"/people/noms:{number}")).json()
        return "release" not in found and found["identity"]["own"] is True

    assert await eventually(gone)
    assert await dates(pipe, PROBATION, person_id) == before


async def test_looking_is_recorded_before_the_answer_goes_out(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await pipe.call(*PRISON, "GET", f"/people/{person_id}", member="officer-7")
    await pipe.call(*PRISON, "GET", f"/people/{person_id}/release-dates", member="officer-7")

    async def looks() -> list[tuple[str, str]]:
        answer = await pipe.call(*AUDITOR, "GET", "/accesses", params={"person_id": person_id, "agency": PRISON[0]})
        found = [(each["route"], each["member"]) for each in answer.json()["items"]]
        return found if len(found) == 2 else []

    assert set(await eventually(looks)) == {
        ("/v1/people/{person}", "officer-7"),
        ("/v1/people/{person}/release-dates", "officer-7"),
    }


async def test_feeds_reconcile_with_the_log(pipe: Pipe) -> None:
    await pipe.settle()
    answer = await pipe.call(*AUDITOR, "GET", "/reconciliation")
    found = Reconciliation.model_validate_json(answer.content)
    assert found.items
    assert [each.agency for each in found.items if each.missing] == []


async def test_an_etag_saves_a_view_from_being_sent_again(pipe: Pipe) -> None:
    person_id = await held(pipe, new_number())
    await pipe.settle()
    first = await pipe.call(*PRISON, "GET", f"/people/{person_id}")
    again = await pipe.call(*PRISON, "GET", f"/people/{person_id}", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


async def test_commands_without_a_key_a_member_or_the_right_form_are_refused(pipe: Pipe) -> None:
    person_id = await held(pipe, new_number())
    sent = TOKENS.headers(*PRISON)
    keyless = await pipe.http.post(f"/prison/v1/people/{person_id}/consents", headers=sent, json=CONSENT)
    problem(keyless, 400, "idempotency-key-missing")
    emergency = {
        "person": person_id,
        "category": "medication",
        "justification": "He was found unwell in the street",
    }
    problem(await pipe.call(*PRISON, "POST", "/emergency-requests", emergency), 403, "member-required")
    section = {"status": "palace", "favourite": "Oswin"}
    found = problem(
        await pipe.call(*PRISON, "PUT", f"/people/{person_id}/sections/accommodation", section), 422, "invalid"
    )
    assert "/status" in {each.get("pointer") for each in found["errors"]}
    assert "Oswin" not in json.dumps(found)
    assert "palace" not in json.dumps(found)
    assert (await pipe.call(*PRISON, "PUT", f"/people/{person_id}/sections/identity", {})).status_code == 404
    problem(await pipe.call(*PRISON, "GET", "/people/noms:A9999ZZ"), 404, "person-unknown")
    problem(await pipe.call(*PRISON, "GET", "/reference-data/gossip"), 404, "set-unknown")


async def test_a_section_goes_the_same_way_as_everything(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, PROBATION, number)
    kept = await pipe.call(*PRISON, "PUT", f"/people/{person_id}/sections/accommodation", {"status": "sought"})
    assert kept.status_code == 201, kept.text

    async def shared() -> Any:
        return (await view(pipe, PROBATION, person_id)).get("accommodation")

    section = await eventually(shared)
    assert section["content"] == {"status": "sought"}
    assert section["source"] == {"agency": "hmp-northgate", "kind": "prison"}
    assert (await view(pipe, PRISON, person_id))["accommodation"] == {"content": {"status": "sought"}, "own": True}


async def test_lookups_are_for_every_kind(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    lookup = {"identifier": {"scheme": "noms", "value": number}}
    for agency in (PRISON, AUDITOR):
        answer = await pipe.call(*agency, "POST", "/people/lookup", lookup)
        assert answer.json() == {"person_id": person_id}, answer.text
        assert (await pipe.call(*agency, "GET", "/me")).json()["agency"]["id"] == agency[0]
        assert len((await pipe.call(*agency, "GET", "/agencies", params={"kind": "prison"})).json()["items"]) == 3
        codes = (await pipe.call(*agency, "GET", "/reference-data/date-types")).json()["items"]
        assert "CRD" in {each["code"] for each in codes}
    assert (await pipe.call(*CHARITY, "POST", "/people/lookup", lookup)).status_code == 404
    listed = await pipe.call(*PRISON, "GET", "/agencies", params={"limit": 1})
    follow = listed.headers["link"].split(">")[0].removeprefix("<")
    assert follow.startswith("?")
    assert (await pipe.call(*PRISON, "GET", f"/agencies{follow}")).status_code == 200


async def test_a_merge_moves_what_others_see(pipe: Pipe) -> None:
    kept, removed = new_number(), new_number()
    person_id = await held(pipe, kept)
    gone_id = await held(pipe, removed, day="2031-08-05")
    await join(pipe, PROBATION, removed)
    await eventually(lambda: dates(pipe, PROBATION, gone_id))
    message = {
        "eventType": "prison-offender-events.prisoner.merged",
        "occurredAt": "2026-11-20T10:00:00Z",
        "additionalInformation": {"nomsNumber": kept, "removedNomsNumber": removed, "reason": "MERGE"},
    }
    answer = await pipe.call(*NATIONAL, "POST", "/events", message)
    assert answer.status_code == 202, answer.text

    async def one() -> Any:
        found = await pipe.call(*PROBATION, "GET", f"/people/noms:{removed}")
        return found.json().get("release") if found.json().get("person_id") == person_id else None

    assert (await eventually(one))["content"]["release_date"] in ("2031-03-04", "2031-08-05")
    assert (await view(pipe, PROBATION, gone_id))["person_id"] == person_id
    people = (await pipe.call(*PROBATION, "GET", "/people", params={"limit": 500})).json()["items"]
    assert next(each for each in people if each["person_id"] == person_id)["release"]

"""What an integrator reads in api.md's conventions, where a route had its own idea of it: lists, times, keys, forms."""

from datetime import UTC, datetime

import pytest

from chassis.ids import new_id
from tests.integration.gateway.test_bulk import bulk, line
from tests.integration.gateway.world import (
    AUDITOR,
    CONSENT,
    NATIONAL,
    OTHER_PRISON,
    POLICE,
    PRISON,
    PROBATION,
    TRUST,
    held,
    join,
    new_number,
    registration,
)
from tests.support.http import problem
from tests.support.pipe import Pipe
from tests.support.tokens import TOKENS


async def test_consents_and_release_dates_are_read_page_by_page(pipe: Pipe) -> None:
    number = new_number()
    await held(pipe, number)
    for kind in ("HDCED", "SLED"):
        body = {"date": "2031-01-04", "status": "calculated", "reason": "first-calculation"}
        path = f"/people/noms:{number}/release-dates/{kind}"
        assert (await pipe.call(*PRISON, "PUT", path, body)).status_code == 201
    given = [
        (await pipe.call(*PRISON, "POST", f"/people/noms:{number}/consents", CONSENT)).json()["consent_id"]
        for _ in range(3)
    ]
    for path, name, expected in (
        (f"/people/noms:{number}/consents", "consent_id", given[::-1]),
        (f"/people/noms:{number}/release-dates", "date_type", ["CRD", "HDCED", "SLED"]),
    ):
        first = await pipe.call(*PRISON, "GET", path, params={"limit": 2})
        assert 'rel="next"' in first.headers["link"]
        cursor = first.json()["next"]
        rest = await pipe.call(*PRISON, "GET", path, params={"limit": 2, "cursor": cursor})
        assert [each[name] for each in (*first.json()["items"], *rest.json()["items"])] == expected
        assert rest.json()["next"] is None
        problem(await pipe.call(*PRISON, "GET", path, params={"cursor": cursor + "x"}), 422, "cursor-invalid")


async def test_a_single_resource_has_the_etag_of_what_is_said_of_it(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number)
    await join(pipe, PROBATION, number)
    hook = {"url": "https://93.184.215.14/called"}
    assert (await pipe.call(*PROBATION, "PUT", "/webhook", hook)).status_code in (200, 201)
    await pipe.settle()
    shares = (await pipe.call(*AUDITOR, "GET", "/shares", params={"person_id": person})).json()["items"]
    share = shares[0]["share_id"]
    single = [
        *((PROBATION, path) for path in ("/me", f"/people/{person}", f"/people/{person}/involvement", "/webhook")),
        *((AUDITOR, path) for path in ("/me", f"/shares/{share}")),
    ]
    for agency, path in single:
        first = await pipe.call(*agency, "GET", path)
        assert first.status_code == 200, (path, first.text)
        tag = first.headers["etag"]
        assert tag.startswith('"'), path
        again = await pipe.call(*agency, "GET", path, if_none_match=tag)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), path
        assert (await pipe.call(*agency, "GET", path, if_none_match='"another"')).status_code == 200, path
    problem(await pipe.call(*POLICE, "GET", f"/people/{person}/involvement"), 404, "person-unknown")
    assert (await pipe.call(*PROBATION, "DELETE", "/webhook")).status_code == 204


@pytest.mark.parametrize("path", ["/emergency-requests", "/services/gaps?area=nowhere", "/reference-data/needs"])
async def test_a_last_page_says_that_it_is_the_last(pipe: Pipe, path: str) -> None:
    answer = await pipe.call(*PRISON, "GET", path)
    assert answer.status_code == 200, answer.text
    assert answer.json()["next"] is None


async def test_one_moment_has_one_spelling_whatever_the_offset_it_came_with(pipe: Pipe) -> None:
    number = new_number()
    await held(pipe, number)
    path = f"/people/noms:{number}"
    given = await pipe.call(*PRISON, "POST", f"{path}/consents", CONSENT | {"valid_until": "2027-06-01"})
    assert given.json()["valid_until"] == "2027-05-31T23:00:00Z"
    claim = {"roles": ["lead-force"], "until": "2031-06-01T12:00:00+02:00"}
    await pipe.call(*POLICE, "PUT", path, registration(f"noms:{number}"))
    claimed = await pipe.call(*POLICE, "PUT", f"{path}/involvement", claim)
    assert claimed.json()["until"] == "2031-06-01T10:00:00Z"
    moved = {"type": "released", "at": "2026-07-01T16:06:39+01:00"}
    assert (await pipe.call(*PRISON, "POST", f"{path}/custody-events", moved)).status_code == 201
    seen = (await pipe.call(*PRISON, "GET", path)).json()["custody_status"]["content"]
    assert seen["at"] == "2026-07-01T15:06:39Z"


@pytest.mark.parametrize("said", [0, 631152000, "631152000", 6.5, True, "1990-01-01T00:00:00Z", "1990-1-1", " "])
async def test_a_number_or_a_time_is_no_day(pipe: Pipe, said: object) -> None:
    number = new_number()
    person = registration(f"noms:{number}") | {"date_of_birth": said}
    found = problem(await pipe.call(*PRISON, "PUT", f"/people/noms:{number}", person), 422, "invalid")
    assert found["errors"][0]["pointer"] == "/date_of_birth"
    (result,) = await bulk(pipe, line(number, date_of_birth=said), key=new_id())
    assert (result["outcome"], result["code"]) == ("rejected", "invalid-date-of-birth")
    problem(await pipe.call(*PRISON, "GET", "/releases/summary", params={"from": str(said)}), 422, "invalid")


@pytest.mark.parametrize("said", [0, 1700000000, "1700000000", 1.5, "2026-01-02"])
async def test_a_number_or_a_day_is_no_moment(pipe: Pipe, said: object) -> None:
    person = await held(pipe, new_number())
    moved = {"type": "released", "at": said}
    found = problem(await pipe.call(*PRISON, "POST", f"/people/{person}/custody-events", moved), 422, "invalid")
    assert found["errors"][0]["pointer"] == "/at"
    consent = CONSENT | {"valid_from": said}
    if not isinstance(said, str) or said.isdecimal():
        problem(await pipe.call(*PRISON, "POST", f"/people/{person}/consents", consent), 422, "invalid")


async def test_what_creates_nothing_needs_no_key_and_honours_one(pipe: Pipe) -> None:
    number = new_number()
    person = await held(pipe, number)
    address = {"kind": "address", "lines": ["1 High Street"], "postcode": "LS1 1AA"}
    dated = {"date": "2031-03-04", "status": "confirmed", "reason": "recalculation", "release_address": address}
    assert (await pipe.call(*PRISON, "PUT", f"/people/{person}/release-dates/CRD", dated)).status_code == 200
    release = (await pipe.call(*PRISON, "GET", f"/people/{person}/release")).json()["release_id"]
    consent = (await pipe.call(*PRISON, "POST", f"/people/{person}/consents", CONSENT)).json()["consent_id"]
    for path, body in (
        (f"/people/{person}/consent-withdrawals", None),
        (f"/people/{person}/consents/{consent}/withdrawal", None),
        (f"/releases/{release}/address-check", {"result": "not-confirmed"}),
        (f"/people/{person}/release-dates/CRD/withdrawal", {"reason_code": "set-aside"}),
    ):
        url, sent = f"/prison/v1{path}", TOKENS.headers(*PRISON)
        keyless = await pipe.http.post(url, headers=sent, json=body)
        assert keyless.status_code == 200, (path, keyless.text)
    key = {"idempotency-key": "withdrawn-once"}
    path = f"/prison/v1/people/{person}/consent-withdrawals"
    once, again = [await pipe.http.post(path, headers=TOKENS.headers(*PRISON) | key) for _ in range(2)]
    assert again.json() == once.json()
    assert again.headers["idempotency-replayed"] == "true"


async def test_callers_of_other_standards_may_add_parameters(pipe: Pipe) -> None:
    unused = {"eventType": "prison-offender-events.prisoner.alert"}
    assert (await pipe.call(*PRISON, "POST", "/events?trace=1", unused)).status_code == 204
    sent = TOKENS.headers(*TRUST)
    answer = await pipe.http.get("/mental-health/fhir/metadata?_format=json", headers=sent)
    assert answer.status_code == 200
    problem(await pipe.call(*PRISON, "GET", "/me?trace=1"), 422, "unknown-parameter")


async def test_changed_sentence_dates_come_from_the_prison_that_they_name(pipe: Pipe) -> None:
    number = new_number()
    await held(pipe, number)
    changed = {
        "occurredAt": datetime.now(UTC).isoformat(),
        "eventType": "prison-offender-events.prisoner.sentence-dates-changed",
        "additionalInformation": {"nomsNumber": number, "prisonId": "SWI"},
    }
    assert (await pipe.call(*PRISON, "POST", "/events", changed)).status_code == 202
    assert (await pipe.call(*NATIONAL, "POST", "/events", changed)).status_code == 202
    problem(await pipe.call(*OTHER_PRISON, "POST", "/events", changed), 422, "not-your-prison")


async def test_a_time_before_there_were_records_is_refused_at_the_door(pipe: Pipe) -> None:
    """The zero of some clients' clocks: further in it can be reckoned with nowhere, and would stop what follows it."""
    number = new_number()
    person = await held(pipe, number)
    moved = {"type": "released", "at": "0001-01-01T00:00:00Z"}
    found = problem(await pipe.call(*PRISON, "POST", f"/people/{person}/custody-events", moved), 422, "invalid")
    assert found["errors"][0]["pointer"] == "/at"
    released = {
        "occurredAt": "0001-01-01T00:00:00Z",
        "eventType": "prison-offender-events.prisoner.released",
        "additionalInformation": {"nomsNumber": number, "prisonId": "SWI"},
    }
    problem(await pipe.call(*PRISON, "POST", "/events", released), 422, "malformed-hmpps-event")
    for_ever = {"markers": [], "mappa": {"managed": True, "category": 1, "level": 1, "until": "9999-12-31"}}
    section = f"/people/{person}/sections/risk-markers"
    problem(await pipe.call(*PRISON, "PUT", section, for_ever), 422, "invalid")
    await join(pipe, PROBATION, number)
    counts = await pipe.call(*PROBATION, "GET", "/monitoring", params={"by": "source", "to": "0001-01-01"})
    problem(counts, 422, "invalid")


async def test_a_name_that_is_nothing_but_space_is_refused_and_harms_no_other_line(pipe: Pipe) -> None:
    blank = {"family": "\u001f", "given": "Oswin"}
    number = new_number()
    body = registration(f"noms:{number}") | {"name": blank}
    problem(await pipe.call(*PRISON, "PUT", f"/people/noms:{number}", body), 422, "invalid-name")
    numbers = [new_number() for _ in range(4)]
    results = await bulk(
        pipe,
        line(numbers[0]),
        line(numbers[1], name=blank),
        line(numbers[2], date_of_birth="17/04/1991"),
        line(numbers[3]),
        key=new_number(),
    )
    assert [each.get("code", each["outcome"]) for each in results] == [
        "applied",
        "invalid-name",
        "invalid-date-of-birth",
        "applied",
    ]

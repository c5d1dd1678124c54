"""Many release dates at once, and events of the national prison system, at the prison's gateway."""

import json
from datetime import UTC, datetime
from typing import Any

from contracts.http.gateway import BulkResult
from tests.integration.gateway.world import PRISON
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe

NDJSON = "application/x-ndjson"


def line(number: str, day: str = "2031-03-04", *, kind: str = "CRD", known: bool = False, **more: Any) -> bytes:
    said = {"person": f"noms:{number}", "date_type": kind, "date": day, "status": "calculated"}
    said["reason"] = "first-calculation"
    who: dict[str, Any] = {
        "identifiers": [{"scheme": "noms", "value": number}],
        "name": {"family": "Fenwright", "given": "Oswin"},
        "date_of_birth": "1991-04-17",
    }
    return json.dumps({**said, **({} if known else who), **more}).encode()


async def bulk(pipe: Pipe, *lines: bytes, key: str, replayed: bool = False) -> list[dict[str, Any]]:
    answer = await pipe.call(
        *PRISON,
        "POST",
        "/release-dates/bulk",
        raw=b"\n".join(lines),
        content_type=NDJSON,
        idempotency_key=key,
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(NDJSON)
    assert answer.headers.get("idempotency-replayed") == ("true" if replayed else None)
    results = [json.loads(each) for each in answer.text.splitlines()]
    for each in results:
        BulkResult.model_validate(each)
    return results


async def test_every_line_has_its_result_in_order_and_a_bad_one_stops_no_other(pipe: Pipe) -> None:
    lines = [
        line("A2001BB"),
        b"{not json",
        line("A2002BB", kind="SLED"),
        line("A2002BB", kind="ARD", known=True),
        line("A2003BB", known=True),
        line("A2001BB", nickname="Ozzy"),
        line("A2001BB", "soon"),
        line("A2001BB", known=True),
    ]
    results = await bulk(pipe, *lines, key="first")
    assert [each["line"] for each in results] == list(range(1, 9))
    assert [each["outcome"] for each in results] == [
        "applied",
        "rejected",
        "applied",
        "applied",
        "rejected",
        "rejected",
        "rejected",
        "unchanged",
    ]
    assert [each.get("code") for each in results][1] == "line-malformed"
    assert [each.get("code") for each in results][4] == "person-not-found"
    assert [each.get("code") for each in results][5] == "line-invalid"
    assert all(each["code"] and each["detail"] for each in results if each["outcome"] == "rejected")
    assert "Ozzy" not in json.dumps(results)
    assert "soon" not in json.dumps(results)
    again = await bulk(pipe, *lines, key="first", replayed=True)
    assert again == results, "a retry answers from the first try"


async def test_a_key_names_one_body(pipe: Pipe) -> None:
    await bulk(pipe, line("A2011BB"), key="second")
    answer = await pipe.call(
        *PRISON,
        "POST",
        "/release-dates/bulk",
        raw=line("A2012BB"),
        content_type=NDJSON,
        idempotency_key="second",
    )
    problem(answer, 422, "idempotency-key-reused")


async def test_other_forms_and_other_kinds_are_refused(pipe: Pipe) -> None:
    answer = await pipe.call(*PRISON, "POST", "/release-dates/bulk", raw=b"{}", content_type="application/json")
    problem(answer, 415, "unsupported-media-type")
    probation = await pipe.call("probation-north", "probation", "POST", "/release-dates/bulk", raw=b"{}")
    assert probation.status_code == 404


async def test_more_than_one_chunk_keeps_every_line_in_order(pipe: Pipe) -> None:
    lines = [line(f"B{n:04}CC") for n in range(1001)]
    lines += [line("B1000CC", kind="ARD", known=True), b"{", line("B1000CC", kind="SED", known=True)]
    results = await bulk(pipe, *lines, key="third")
    assert [each["line"] for each in results] == list(range(1, 1005))
    assert {each["outcome"] for each in results} == {"applied", "rejected"}
    assert [each["line"] for each in results if each["outcome"] == "rejected"] == [1003]


async def test_events_go_to_the_owner_of_what_they_tell(pipe: Pipe) -> None:
    await bulk(pipe, line("A2021BB"), key="fourth")
    about = {"nomsNumber": "A2021BB", "prisonId": "SWI"}
    changed = {
        "eventType": "prison-offender-events.prisoner.sentence-dates-changed",
        "occurredAt": "2026-11-20T10:00:00Z",
        "additionalInformation": about,
    }
    first = await pipe.call(*PRISON, "POST", "/events", {"Message": json.dumps(changed), "MessageId": "m"})
    assert first.status_code == 202, first.text
    again = await pipe.call(*PRISON, "POST", "/events", {"Message": json.dumps(changed), "MessageId": "n"})
    assert (again.status_code, again.json()) == (202, first.json())

    async def marked() -> bool:
        answer = await pipe.call(*PRISON, "GET", "/people/noms:A2021BB/release")
        return "recalculation-pending" in answer.json()["flags"]

    assert await eventually(marked)
    released = changed | {
        "occurredAt": datetime.now(UTC).isoformat(),
        "eventType": "prison-offender-events.prisoner.released",
        "additionalInformation": about | {"reason": "RELEASED"},
    }
    assert (await pipe.call(*PRISON, "POST", "/events", released)).status_code == 202
    person = (await pipe.call(*PRISON, "GET", "/people/noms:A2021BB")).json()
    assert person["custody_status"]["content"]["status"] == "released"
    unused = await pipe.call(*PRISON, "POST", "/events", {"eventType": "prison-offender-events.prisoner.alert"})
    assert (unused.status_code, unused.content) == (204, b"")
    problem(await pipe.call(*PRISON, "POST", "/events", raw=b"soon"), 400, "malformed")

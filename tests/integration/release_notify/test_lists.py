"""What is coming, what it comes to, and the national system's word that something changed."""

import json
from datetime import timedelta

from chassis.ids import new_id
from contracts.caseload import Agency, AgencyCodes, AgencyRegisteredV1
from contracts.codes import AgencyKind
from tests.integration.release_notify.conftest import SOUTHMOOR, World
from tests.support.http import problem

SENTENCE = {"kind": "determinate", "sentenced_at": "2025-01-06"}


async def test_coming_releases_are_the_prisons_own_by_day_half_open_and_by_page(world: World) -> None:
    days = ["2026-06-09", "2026-06-05", "2026-06-12", "2026-07-01"]
    for day in days:
        await world.push(await world.held(), "CRD", day, sentence=SENTENCE)
    await world.push(await world.held(by=SOUTHMOOR), "CRD", "2026-06-05", agency=SOUTHMOOR)
    await world.push(await world.held(), "TUSED", "2026-06-06")

    async def listed(query: str) -> list[str]:
        answer = await world.get(f"/releases{query}")
        assert answer.status_code == 200, answer.text
        return [item["release_date"] for item in answer.json()["items"]]

    assert await listed("") == sorted(days)
    assert await listed("?from=2026-06-05&to=2026-06-12") == ["2026-06-05", "2026-06-09"]
    assert await listed("?flag=friday-release") == ["2026-06-05", "2026-06-12"]
    assert await listed("?flag=short-notice") == ["2026-06-05"]
    assert await listed("?flag=immediate") == []
    assert await listed("?flag=weekend-or-holiday") == []
    world.now += timedelta(days=3)
    assert await listed("?flag=short-notice") == ["2026-06-05", "2026-06-09"]

    found, query = [], "?limit=3"
    while query:
        page = (await world.get(f"/releases{query}")).json()
        found += [item["release_date"] for item in page["items"]]
        query = f"?limit=3&cursor={page['next']}" if page["next"] else ""
    assert found == sorted(days)
    problem(await world.get("/releases?flag=purple"), 422, "invalid")
    problem(await world.get("/releases?colour=red"), 422, "unknown-parameter")


async def test_one_release_is_answered_to_its_own_prison(world: World) -> None:
    pushed = (await world.push(await world.held(), "CRD", "2026-06-09")).json()
    path = f"/releases/{pushed['release_id']}"
    found = await world.get(path)
    assert (found.json()["release_date"], found.json()["version"]) == ("2026-06-09", 1)
    assert "etag" in found.headers
    problem(await world.get(path, agency=SOUTHMOOR), 404, "not-found")
    problem(await world.get(f"/releases/{new_id()}"), 404, "not-found")


async def test_the_summary_counts_weeks_flags_and_moves(world: World) -> None:
    person, other = await world.held(), await world.held()
    await world.push(person, "CRD", "2026-06-12")
    await world.push(other, "CRD", "2026-06-09")
    await world.push(person, "CRD", "2026-06-19", reason="additional-days")
    await world.push(person, "CRD", "2026-06-04", reason="remand-time-credited")
    summary = (await world.get("/releases/summary?from=2026-06-01&to=2026-07-01")).json()
    assert summary["weeks"] == [
        {"week_starting": "2026-06-01", "releases": 1, "flags": {"short-notice": 1}},
        {"week_starting": "2026-06-08", "releases": 1, "flags": {}},
    ]
    moves = {(move["reason"], move["direction"]): (move["notice"], move["count"]) for move in summary["moves"]}
    assert moves == {("additional-days", "later"): ("5-19", 1), ("remand-time-credited", "earlier"): ("1-4", 1)}
    assert (await world.get("/releases/summary", agency=SOUTHMOOR)).json()["weeks"] == []


def changed(occurred_at: str = "2026-06-01T08:00:00+01:00") -> bytes:
    return json.dumps(
        {
            "eventType": "prison-offender-events.prisoner.sentence-dates-changed",
            "occurredAt": occurred_at,
            "additionalInformation": {"nomsNumber": "A1234AA", "bookingId": "1"},
        }
    ).encode()


async def test_a_national_change_marks_the_person_until_the_prison_pushes(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-09-01")
    first = await world.call("POST", f"/events?person_id={person}", raw=changed())
    assert first.status_code == 202
    envelope = json.dumps({"Type": "Notification", "Message": changed().decode()}).encode()
    assert (await world.call("POST", f"/events?person_id={person}", raw=envelope)).json() == first.json()
    release = (await world.get(f"/people/{person}/release")).json()
    assert (release["flags"], release["version"]) == (["recalculation-pending"], 2)
    assert [
        item["person_id"] for item in (await world.get("/releases?flag=recalculation-pending")).json()["items"]
    ] == [person]
    pushed = (await world.push(person, "CRD", "2026-09-01")).json()
    assert (pushed["outcome"], pushed["flags"], pushed["version"]) == ("unchanged", [], 3)
    await world.call("POST", f"/events?person_id={person}", raw=changed())
    assert (await world.get(f"/people/{person}/release")).json()["flags"] == [], "the same message marks once"


async def test_who_may_say_so_is_the_prison_with_custody_or_the_national_feed(world: World) -> None:
    person = await world.held()
    path = f"/events?person_id={person}"
    problem(await world.call("POST", path, raw=changed(), agency=SOUTHMOOR), 409, "not-in-custody")
    problem(await world.call("POST", path, raw=changed(), agency="hmpps-national"), 409, "not-in-custody")
    feed = Agency(id="hmpps-national", kind=AgencyKind.PRISON, name="Feed", area="national", codes=AgencyCodes(mdi="*"))
    await world.hear(AgencyRegisteredV1(agency_id=feed.id, agency=feed, at=world.now))
    assert (await world.call("POST", path, raw=changed(), agency="hmpps-national")).status_code == 202


async def test_other_messages_are_not_taken_here(world: World) -> None:
    path = f"/events?person_id={new_id()}"
    other = changed().replace(b"sentence-dates-changed", b"something-else")
    assert (await world.call("POST", path, raw=other)).status_code == 204
    problem(await world.call("POST", path, raw=b"{"), 422, "malformed-hmpps-event")

"""A prison pushes dates: what it is answered, what is offered, and what is refused."""

import asyncio
from functools import partial

from tests.integration.release_notify.conftest import NORTHGATE, SOUTHMOOR, World
from tests.support.http import problem

SENTENCE = {"kind": "determinate", "sentenced_at": "2025-01-06"}
HOME = {"kind": "address", "lines": ["1 Example Street", "Northtown"], "postcode": "NT1 1AA"}


async def test_a_first_push_is_created_and_offered(world: World) -> None:
    person = await world.held()
    answer = await world.push(person, "CRD", " 2026-06-12 ", sentence=SENTENCE, time="09:30", release_address=HOME)
    assert answer.status_code == 201
    body = answer.json()
    assert body["outcome"] == "applied"
    assert body["version"] == 1
    assert body["effective"]["release_date"] == "2026-06-12"
    assert body["effective"]["date_type"] == "CRD"
    assert body["flags"] == ["friday-release", "address-unverified"]
    assert (body["notice_working_days"], body["advised_date"], body["advised_reason"]) == (
        9,
        "2026-06-11",
        "friday-release",
    )
    (offer,) = await world.offers(person)
    assert offer["source"] == NORTHGATE
    assert (offer["category"], offer["type"]) == ("release-date", "release.date-changed")
    assert (offer["subject_ref"], offer["version"]) == (body["release_id"], 1)
    assert offer["content"] == {
        "release_date": "2026-06-12",
        "time": "09:30",
        "date_type": "CRD",
        "status": "calculated",
        "reason": "first-calculation",
        "notice_working_days": 9,
        "flags": ["friday-release", "address-unverified"],
        "advised_date": "2026-06-11",
        "advised_reason": "friday-release",
        "mandatory": False,
        "prison": NORTHGATE,
    }
    (changed,) = await world.events("release.date-changed.v1", person)
    assert (changed["direction"], changed["old_date"], changed["new_date"]) == ("new", None, "2026-06-12")


async def test_each_effective_change_is_a_version_and_others_are_none(world: World) -> None:
    person = await world.held()
    versions = []
    for kind, day in [("CRD", "2026-09-01"), ("HDCED", "2026-07-01"), ("ARD", "2026-08-01"), ("SLED", "2027-01-01")]:
        versions.append((await world.push(person, kind, day)).json()["version"])
    versions.append((await world.push(person, "CRD", "2026-08-20")).json()["version"])
    assert versions == [1, 1, 1, 2, 3]
    assert [offer["version"] for offer in await world.offers(person)] == [1, 2, 3]
    assert (await world.offers(person))[1]["content"]["licence_ends"] == "2027-01-01"
    directions = [each["direction"] for each in await world.events("release.date-changed.v1", person)]
    assert directions == ["new", "same", "earlier"]


async def test_dates_that_make_no_release_are_kept_and_not_offered(world: World) -> None:
    person = await world.held()
    answer = await world.push(person, "TUSED", "2027-01-01")
    assert answer.status_code == 201
    assert (answer.json()["effective"], answer.json()["version"]) == (None, 0)
    assert await world.offers(person) == []
    assert [item["date_type"] for item in (await world.get(f"/people/{person}/release-dates")).json()["items"]] == [
        "TUSED"
    ]


async def test_a_sequence_not_above_the_last_is_stale_whatever_it_says(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-09-01", sequence=7)
    for sequence in (6, 7):
        answer = await world.push(person, "CRD", "2026-09-15", sequence=sequence, headers={"If_Match": '"no"'})
        assert (answer.status_code, answer.json()["outcome"]) == (200, "stale")
    assert answer.json()["effective"]["release_date"] == "2026-09-01"
    assert (await world.push(person, "ARD", "2026-07-01", sequence=1)).json()["outcome"] == "applied"
    assert (await world.push(person, "CRD", "2026-09-15", sequence=8)).json()["outcome"] == "applied"


async def test_the_same_facts_again_are_unchanged_before_if_match_is_judged(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-09-01", sequence=1)
    again = await world.push(person, "CRD", "2026-09-01", sequence=2, headers={"If_Match": '"no"'})
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")
    assert len(await world.offers(person)) == 1
    assert (await world.push(person, "CRD", "2026-10-01", sequence=2)).json()["outcome"] == "stale"


async def test_if_match_and_if_none_match_keep_two_clerks_apart(world: World) -> None:
    person = await world.held()
    first = await world.push(person, "CRD", "2026-09-01", headers={"If_None_Match": "*"})
    assert first.status_code == 201
    seen = first.headers["etag"]
    problem(await world.push(person, "CRD", "2026-09-02", headers={"If_None_Match": "*"}), 412, "precondition-failed")
    second = await world.push(person, "CRD", "2026-09-02", headers={"If_Match": seen})
    assert second.status_code == 200
    problem(await world.push(person, "CRD", "2026-09-03", headers={"If_Match": seen}), 412, "precondition-failed")
    one = await world.get(f"/people/{person}/release-dates/CRD")
    assert (one.json()["date"], one.headers["etag"]) == ("2026-09-02", second.headers["etag"])
    unmodified = await world.get(f"/people/{person}/release-dates/CRD", If_None_Match=second.headers["etag"])
    assert unmodified.status_code == 304


async def test_only_the_prison_with_custody_may_push(world: World) -> None:
    person = await world.held()
    problem(await world.push(person, "CRD", "2026-09-01", agency=SOUTHMOOR), 409, "not-in-custody")
    problem(await world.push("0190a000-0000-7000-8000-000000000000", "CRD", "2026-09-01"), 409, "not-in-custody")
    assert await world.offers(person) == []


async def test_what_is_malformed_is_refused_by_field_and_never_repeated(world: World) -> None:
    person = await world.held()
    for day in ("2026-02-30", "01/06/2026", "2026-6-1", "20260601", "2026-06-01T00:00:00", "1026-06-01", ""):
        body = problem(await world.push(person, "CRD", day), 422, "invalid")
        assert body["errors"][0]["pointer"] == "/date"
        assert not day or day not in str(body)
    problem(await world.push(person, "XYZ", "2026-06-01"), 422, "invalid")
    problem(await world.push(person, "CRD", "2026-06-01", status="perhaps"), 422, "invalid")
    problem(await world.push(person, "CRD", "2026-06-01", release_address={"kind": "address"}), 422, "invalid")
    problem(await world.push(person, "CRD", "2026-06-01", colour="red"), 422, "invalid")


async def test_a_prison_sees_the_releases_that_are_its_own(world: World) -> None:
    person = await world.held()
    problem(await world.get(f"/people/{person}/release"), 404, "not-found")
    await world.push(person, "CRD", "2026-09-01", release_address=HOME, reporting="Report to the office at ten.")
    body = (await world.get(f"/people/{person}/release")).json()
    assert body["effective"]["release_address"] == HOME
    assert body["effective"]["reporting"] == "Report to the office at ten."
    for path in ("release", "release-dates", "release-dates/CRD", "release/history"):
        problem(await world.get(f"/people/{person}/{path}", agency=SOUTHMOOR), 404, "not-found")
    assert "release_address" not in (await world.offers(person))[0]["content"]


async def test_the_history_has_every_change_newest_first(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-09-01")
    await world.push(person, "HDCED", "2026-07-01")
    await world.push(person, "CRD", "2026-06-03", reason="appeal", member="clerk-1")
    first = await world.get(f"/people/{person}/release/history?limit=2")
    items, following = first.json()["items"], first.json()["next"]
    assert 'rel="next"' in first.headers["link"]
    items += (await world.get(f"/people/{person}/release/history?limit=2&cursor={following}")).json()["items"]
    assert [(item["version"], item["direction"]) for item in items] == [(2, "earlier"), (None, "same"), (1, "new")]
    assert (items[0]["old_date"], items[0]["new_date"], items[0]["reason"]) == ("2026-09-01", "2026-06-03", "appeal")
    assert (items[0]["notice_working_days"], items[0]["flags"]) == (2, ["short-notice"])
    assert items[0]["member"] == "clerk-1"
    assert items[1]["dates"][0]["date_type"] == "HDCED"


async def test_a_withdrawn_date_gives_way_to_the_next_and_then_to_none(world: World) -> None:
    person = await world.held()
    await world.push(person, "CRD", "2026-09-01")
    await world.push(person, "HDCAD", "2026-07-01", reason="hdc-decision")
    path = f"/people/{person}/release-dates"
    back = await world.call("POST", f"{path}/HDCAD/withdrawal", {"reason_code": "set-aside"})
    assert back.json()["effective"]["date_type"] == "CRD"
    gone = await world.call("POST", f"{path}/CRD/withdrawal", {"reason_code": "remanded"})
    assert (gone.json()["effective"], gone.json()["version"]) == (None, 4)
    offers = await world.offers(person)
    assert [offer["content"]["release_date"] for offer in offers] == ["2026-09-01", "2026-07-01", "2026-09-01", None]
    assert {offer["subject_ref"] for offer in offers} == {gone.json()["release_id"]}
    problem(await world.get(f"{path}/CRD"), 404, "not-found")
    problem(await world.call("POST", f"{path}/CRD/withdrawal", {"reason_code": "remanded"}), 404, "not-found")
    anew = await world.push(person, "CRD", "2026-10-01", headers={"If_None_Match": "*"})
    assert (anew.status_code, anew.json()["version"]) == (201, 5)


async def test_a_withdrawal_of_a_date_that_another_clerk_has_changed_is_412(world: World) -> None:
    person = await world.held()
    seen = (await world.push(person, "CRD", "2026-09-01")).headers["etag"]
    await world.push(person, "CRD", "2026-10-01")
    path = f"/people/{person}/release-dates/CRD"
    withdraw = partial(world.call, "POST", f"{path}/withdrawal", {"reason_code": "set-aside"})
    problem(await withdraw(If_Match=seen), 412, "precondition-failed")
    now = await world.get(path)
    assert now.json()["date"] == "2026-10-01"
    assert (await withdraw(If_Match=now.headers["etag"])).json()["effective"] is None


async def test_of_two_clerks_at_once_one_creates_the_date(world: World) -> None:
    person = await world.held()
    answers = await asyncio.gather(
        *(world.push(person, "CRD", f"2026-09-0{day}", headers={"If_None_Match": "*"}) for day in (1, 2, 3))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412]
    assert [offer["version"] for offer in await world.offers(person)] == [1]

"""Many lines in one call: one result each, consecutive lines of a person one change, a bad line stops no other."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from chassis.ids import new_id
from tests.integration.release_notify.conftest import SOUTHMOOR, World
from tests.support.http import problem


def line(number: int, person: str, kind: object = "CRD", day: object = "2026-09-01", **more: Any) -> dict[str, Any]:
    said = {"date_type": kind, "date": day, "status": "calculated", "reason": "first-calculation"}
    return {"line": number, "person_id": person} | said | more


async def send(world: World, *lines: dict[str, Any], key: str | None = None, **options: Any) -> httpx2.Response:
    return await world.call(
        "POST", "/release-dates/batch", {"lines": list(lines)}, **options, Idempotency_Key=key or new_id()
    )


async def test_consecutive_lines_of_one_person_are_one_change(world: World) -> None:
    first, second = await world.held(), await world.held()
    answer = await send(
        world,
        line(1, first, "CRD"),
        line(2, first, "SLED", "2027-09-01"),
        line(3, first, "HDCAD", "2026-08-03"),
        line(4, second),
        line(5, first, "HDCAD", "2026-08-04"),
    )
    results = answer.json()["results"]
    assert [(each["line"], each["outcome"]) for each in results] == [(n, "applied") for n in range(1, 6)]
    assert len({each["release_id"] for each in results}) == 2
    offers = await world.offers(first)
    assert [offer["version"] for offer in offers] == [1, 2]
    assert [offer["content"]["release_date"] for offer in offers] == ["2026-08-03", "2026-08-04"]
    assert len(await world.offers(second)) == 1
    lanes = await world.rows("SELECT DISTINCT lane FROM outbox WHERE topic = 'offers'")
    assert [lane for (lane,) in lanes] == ["bulk"]


async def test_each_bad_line_says_which_rule_it_breaks_and_stops_no_other(world: World) -> None:
    person, elsewhere = await world.held(), await world.held(by=SOUTHMOOR)
    answer = await send(
        world,
        line(1, person, "XYZ"),
        line(2, person, " CRD ", " 2026-09-01 "),
        line(3, person, "ARD", "2026-02-30"),
        line(4, person, "ARD", 20260901),
        line(5, person, "ARD", status="perhaps"),
        line(6, person, "ARD", reason=None),
        line(7, person, "ARD", sequence="1"),
        line(8, elsewhere),
        line(9, new_id()),
        line(10, person, "CRD"),
        line(11, person, "CRD", "2026-09-02", sequence=4),
        line(12, person, "CRD", "2026-09-03", sequence=4),
    )
    found = [(each["outcome"], each.get("code")) for each in answer.json()["results"]]
    assert found == [
        ("rejected", "unknown-date-type"),
        ("applied", None),
        ("rejected", "malformed-date"),
        ("rejected", "malformed-date"),
        ("rejected", "unknown-status"),
        ("rejected", "unknown-reason"),
        ("rejected", "malformed-sequence"),
        ("rejected", "not-in-custody"),
        ("rejected", "not-in-custody"),
        ("unchanged", None),
        ("applied", None),
        ("stale", None),
    ]
    assert "2026-02-30" not in answer.text
    days = [offer["content"]["release_date"] for offer in await world.offers(person)]
    assert days == ["2026-09-01", "2026-09-02"]


async def test_the_same_chunk_again_is_answered_from_the_first_time(world: World) -> None:
    person = await world.held()
    key = new_id()
    first = await send(world, line(1, person), key=key)
    again = await send(world, line(1, person), key=key)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json()["results"][0]["outcome"] == "applied"
    problem(await send(world, line(1, person, day="2026-09-09"), key=key), 422, "idempotency-key-reused")
    assert len(await world.offers(person)) == 1
    problem(
        await world.call("POST", "/release-dates/batch", {"lines": [line(1, person)]}), 400, "idempotency-key-missing"
    )


async def test_a_line_keeps_what_it_says_nothing_of(world: World) -> None:
    person = await world.held()
    home = {"kind": "address", "lines": ["1 Example Street"], "postcode": None}
    await world.push(person, "CRD", "2026-09-01", release_address=home, reporting="At ten.", time="09:00")
    await send(world, line(1, person, day="2026-09-08"))
    effective = (await world.get(f"/people/{person}/release")).json()["effective"]
    assert (effective["release_date"], effective["time"], effective["reporting"]) == ("2026-09-08", "09:00", "At ten.")
    assert effective["release_address"] == home


async def test_lines_wait_for_what_they_rely_on(world: World) -> None:
    person = await world.held()
    assert (await send(world, line(1, person, after=1))).status_code == 200
    problem(await send(world, line(1, person, after=2)), 503, "not-caught-up")


@pytest.mark.slow
async def test_a_full_chunk_is_quick_and_a_single_push_beside_it_is_answered(world: World) -> None:
    people = sorted(new_id() for _ in range(500))
    for person in people:
        await world.moved(person, "received", "hmp-northgate", at=datetime(2026, 1, 5, tzinfo=UTC))
    lines = [line(2 * n + i, person, kind) for n, person in enumerate(people) for i, kind in enumerate(("CRD", "SLED"))]
    started = time.perf_counter()
    bulk, single = await asyncio.gather(
        send(world, *lines), world.push(people[250], "CRD", "2026-10-01", reason="recalculation")
    )
    print(f"{len(lines) / (time.perf_counter() - started):.0f} lines a second")
    assert {each["outcome"] for each in bulk.json()["results"]} <= {"applied", "unchanged"}
    assert single.status_code in (200, 201)
    counts = await world.rows("SELECT key, count(*), max(version) FROM outbox WHERE topic = 'offers' GROUP BY key")
    assert len(counts) == len(people)
    assert all(count == version for _, count, version in counts), "stream versions are gapless"

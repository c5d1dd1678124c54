"""The 507 published calculations: every line applied or rejected with a reason, every effective date right."""

import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from chassis.ids import new_id
from tests.integration.release_notify.conftest import World
from tests.support.published import published

CASES = "moj-release-dates/cases.ndjson"


def independent(dates: dict[str, str]) -> str | None:
    """The rule on plain text, for dates that are calculated and not confirmed: nothing of the service is used."""
    sane = {kind: day.strip() for kind, day in dates.items()}
    for actual in ("HDCAD", "APD"):
        if actual in sane:
            return sane[actual]
    days = sorted(sane[kind] for kind in sane if re.fullmatch("CRD|ARD|PRRD|MTD", kind))
    return days[-1] if days else None


async def test_every_effective_date_is_right(world: World) -> None:
    cases: list[dict[str, Any]] = [json.loads(text) for text in published(CASES).read_text().splitlines()]
    assert len(cases) == 507
    person_of = {case["prison_number"]: new_id() for case in cases}
    for person in person_of.values():
        await world.moved(person, "received", "hmp-northgate", at=datetime(2026, 1, 5, tzinfo=UTC))

    lines: list[dict[str, Any]] = []
    for case in cases:
        for kind, day in case["dates"].items():
            said = {"date_type": kind, "date": day, "status": "calculated", "reason": "first-calculation"}
            lines.append({"line": len(lines), "person_id": person_of[case["prison_number"]], **said})
    results: list[dict[str, Any]] = []
    for start in range(0, len(lines), 1000):
        answer = await world.call(
            "POST", "/release-dates/batch", {"lines": lines[start : start + 1000]}, Idempotency_Key=new_id()
        )
        assert answer.status_code == 200, answer.text
        results += answer.json()["results"]
    assert [result["line"] for result in results] == list(range(len(lines)))
    assert {result["outcome"] for result in results} == {"applied"}

    rows = await world.rows("SELECT person_id, effective_on, version FROM release")
    kept = {person: (day.isoformat() if day else None, version) for person, day, version in rows}
    told: dict[str, list[str | None]] = defaultdict(list)
    for offer in await world.offers_of_all():
        told[offer["person_id"]].append(offer["content"]["release_date"])
    for case in cases:
        person, expected = person_of[case["prison_number"]], independent(case["dates"])
        assert kept[person][0] == expected, case["case"]
        assert told[person][-1:] == ([expected] if expected else []), case["case"]
        assert len(told[person]) == kept[person][1]
    assert sum(independent(case["dates"]) is None for case in cases) < 30, "nearly all have a release"


async def test_each_case_pushed_date_by_date_with_its_sentence_ends_the_same(world: World) -> None:
    cases = [json.loads(text) for text in published(CASES).read_text().splitlines()][::25]
    for case in cases:
        person = await world.held()
        sentence = {"kind": "determinate", "sentenced_at": case["sentenced_at"]} if case["sentenced_at"] else None
        for kind, day in case["dates"].items():
            answer = await world.push(person, kind, day, **({"sentence": sentence} if sentence else {}))
            assert answer.status_code == 201, answer.text
        effective = answer.json()["effective"]
        assert (effective and effective["release_date"]) == independent(case["dates"]), case["case"]

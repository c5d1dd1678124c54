"""Persons: what is shared reaches whoever may see it, and nobody else, for as long as they may."""

import json
from typing import Any

from contracts.topics import Topic
from tests.integration.gateway.world import (
    CHARITY,
    CONSENT,
    NATIONAL,
    OTHER_PRISON,
    POLICE,
    PRISON,
    PROBATION,
    dates,
    held,
    join,
    new_number,
    push,
    view,
)
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe


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


async def test_whoever_is_involved_has_a_view_though_nothing_is_shared_with_it(pipe: Pipe) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    claimed = await pipe.call(*CHARITY, "PUT", f"/people/noms:{number}/involvement", {"roles": ["through-the-gate"]})
    assert claimed.status_code == 201, claimed.text
    nothing = {"person_id": person_id, "warnings": [], "referrals": [], "engagement": []}
    assert await view(pipe, CHARITY, person_id) == nothing
    for stranger in (POLICE, NATIONAL):
        problem(await pipe.call(*stranger, "GET", f"/people/{person_id}"), 404, "person-unknown")
    consent = (await pipe.call(*PRISON, "POST", f"/people/{person_id}/consents", CONSENT)).json()["consent_id"]

    async def shown() -> bool:
        return "release" in await view(pipe, CHARITY, person_id)

    await eventually(shown)
    taken = await pipe.call(*PRISON, "POST", f"/people/{person_id}/consents/{consent}/withdrawal", {})
    assert taken.status_code in (200, 201), taken.text

    async def emptied() -> bool:
        return await view(pipe, CHARITY, person_id) == nothing

    await eventually(emptied)


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

"""A person's disclosures through merges and back: entries keep the id that they were made under."""

import csv
import io
from typing import Any

import httpx2
import pytest

from chassis.ids import new_id
from contracts.caseload import PersonMergedV1, PersonUnmergedV1
from contracts.decisions import Decision
from tests.integration.audit.conftest import Log
from tests.support.log_events import AT, decided, permitted, refused
from tests.support.merging import orders, told


def shares(*decisions: Decision) -> list[str]:
    return [decision.share_id for decision in decisions]


async def test_a_persons_disclosures_are_all_there_through_a_merge_and_back(
    auditor: httpx2.AsyncClient, log: Log
) -> None:
    kept, removed, again = new_id(), new_id(), new_id()
    a, b, c = permitted(), permitted(), refused()
    await log.take(decided(a, person_id=kept), decided(b, person_id=removed), decided(c, person_id=again))
    names: dict[str, Any] = {"merge_id": new_id(), "at": AT}
    await log.take(PersonMergedV1(kept_id=removed, removed_id=again, **names))
    await log.take(PersonMergedV1(kept_id=kept, removed_id=removed, **names))

    answer = (await auditor.get(f"/v1/people/{kept}/disclosures")).json()
    assert [item["share_id"] for item in answer["items"]] == shares(a, b, c)
    assert (answer["count"], answer["size"], answer["next"]) == (3, 5, None)
    page = (await auditor.get(f"/v1/people/{kept}/disclosures", params={"limit": "2"})).json()
    assert ([item["share_id"] for item in page["items"]], page["count"]) == (shares(a, b), 3)
    rest = (await auditor.get(f"/v1/people/{kept}/disclosures", params={"limit": "2", "cursor": page["next"]})).json()
    assert [item["share_id"] for item in rest["items"]] == shares(c)
    table = await auditor.get(f"/v1/people/{kept}/disclosures", headers={"accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv")
    assert [row["share_id"] for row in csv.DictReader(io.StringIO(table.text))] == shares(a, b, c)

    for inner_then_outer, left in ((again, shares(a, b)), (removed, shares(a))):
        await log.take(PersonUnmergedV1(kept_id=kept, removed_id=inner_then_outer, **names))
        answer = (await auditor.get(f"/v1/people/{kept}/disclosures")).json()
        assert [item["share_id"] for item in answer["items"]] == left
    assert (await log.kinds()).count("merge") == 4


@pytest.mark.parametrize("parted", [False, True])
async def test_a_number_is_found_under_the_latest_in_whatever_order_it_is_heard_of(
    auditor: httpx2.AsyncClient, log: Log, parted: bool
) -> None:
    for order in orders(parted=parted):
        first, second, number = new_id(), new_id(), new_id()
        share = permitted()
        await log.take(decided(share, person_id=number))
        for event in told(first, second, number, at=AT, order=order):
            await log.take(event)
        for person, found in ((first, []), (second, [] if parted else shares(share)), (number, shares(share))):
            answer = (await auditor.get(f"/v1/people/{person}/disclosures")).json()
            assert [item["share_id"] for item in answer["items"]] == found, order

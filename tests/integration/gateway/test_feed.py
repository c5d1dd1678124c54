"""Feeds: pages, long polls, the stream, and what became of what was shared."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from contracts.http.gateway import Deliveries, FeedPage, OwnDisclosures
from gateway import wake
from gateway.api import feed as feed_routes
from gateway.operations import deliver
from tests.integration.gateway.world import OTHER_PRISON, POLICE, PRISON, PROBATION, dates, held, join, new_number, push
from tests.support.eventually import eventually
from tests.support.http import problem
from tests.support.pipe import Pipe


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


async def test_everything_there_is_is_acknowledged_bite_by_bite(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, PROBATION, number)
    await eventually(lambda: dates(pipe, PROBATION, person_id))
    await pipe.settle()
    whole = (await pipe.call(*PROBATION, "GET", "/feed", params={"limit": 500})).json()
    monkeypatch.setattr(deliver, "BITE", 2)
    taken = await pipe.call(*PROBATION, "POST", "/feed/acknowledgements", {"up_to": whole["next"]})
    assert taken.json()["acknowledged"] > 2
    again = await pipe.call(*PROBATION, "POST", "/feed/acknowledgements", {"up_to": whole["next"]})
    assert again.json() == {"acknowledged": 0}


async def test_one_follower_too_many_is_told_when_to_ask_again(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await pipe.call(*POLICE, "GET", "/feed")).status_code == 200
    monkeypatch.setattr(wake, "FOLLOWERS", 0)
    for path in ("/feed", "/feed/stream"):
        refused = await pipe.call(*POLICE, "GET", path)
        problem(refused, 429, "too-many-followers")
        assert int(refused.headers["retry-after"]) > 0
    assert (await pipe.call(*POLICE, "GET", "/me")).status_code == 200


async def test_a_long_poll_that_waits_takes_nobodys_place(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    last = (await pipe.call(*POLICE, "GET", "/feed", params={"limit": 500})).json()["next"]
    monkeypatch.setattr(pipe.front.state.capacity, "at_once", 1)
    polling = asyncio.create_task(pipe.call(*POLICE, "GET", "/feed", params={"after": last, "wait": 30}))
    await eventually(lambda: _answers(pipe), every=0.2)
    assert not polling.done(), "it was answered before it had to wait"
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    assert pipe.front.state.capacity.under_way == 0


async def _answers(pipe: Pipe) -> bool:
    """Whether somebody else is answered just now."""
    await asyncio.sleep(0.05)
    return (await pipe.call(*PROBATION, "GET", "/me")).status_code == 200

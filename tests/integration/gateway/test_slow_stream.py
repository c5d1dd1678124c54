"""A stream whose reader stands still: what is taken back meanwhile is not in what it reads afterwards."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message

from gateway.api import feed as feed_routes
from tests.integration.gateway.world import CHARITY, CONSENT, PROBATION, dates, held, join, new_number, push
from tests.support.eventually import eventually
from tests.support.pipe import Pipe
from tests.support.tokens import TOKENS

IN_HAND = 6
"""More than a server has in its hands for a reader that stands still: what it has yielded and not yet written."""


class SlowReader:
    """Takes the first event, then nothing until it is let go on."""

    def __init__(self) -> None:
        self.first, self.go_on = asyncio.Event(), asyncio.Event()
        self.items: list[dict[str, Any]] = []

    async def send(self, message: Message) -> None:
        for line in message.get("body", b"").decode().splitlines():
            if line.startswith("data: "):
                self.items.append(json.loads(line.removeprefix("data: ")))
                self.first.set()
                await self.go_on.wait()

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        return {}


def _asking(after: str) -> dict[str, Any]:
    agency, kind = CHARITY
    headers = TOKENS.headers(agency, kind) | {"last-event-id": after, "host": "throughgate.test"}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/{kind}/v1/feed/stream",
        "raw_path": b"",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }


async def test_what_is_taken_back_while_a_reader_stands_still_is_not_read(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = new_number()
    person_id = await held(pipe, number)
    await join(pipe, PROBATION, number)
    await join(pipe, CHARITY, number, role="through-the-gate")
    assert (await pipe.call(*PROBATION, "POST", f"/people/{person_id}/consents", CONSENT)).status_code == 201
    await eventually(lambda: dates(pipe, CHARITY, person_id))
    before = await pipe.feed(*CHARITY)
    for month in range(1, 13):
        await push(pipe, number, f"2032-{month:02}-03")
    await eventually(lambda: _shown(pipe, person_id, 13))
    monkeypatch.setattr(feed_routes, "STREAM_SECONDS", 3.0)
    monkeypatch.setattr(feed_routes, "FRESH_SECONDS", 0.0)
    reader = SlowReader()
    reading = asyncio.create_task(pipe.front(_asking(before[-1]["cursor"]), reader.receive, reader.send))
    await reader.first.wait()
    assert (await pipe.call(*PROBATION, "POST", f"/people/{person_id}/consent-withdrawals", {})).status_code == 200
    await eventually(lambda: _blank(pipe, person_id))
    reader.go_on.set()
    await reading
    read = [each for each in reader.items if each["person_id"] == person_id]
    assert read[0]["content"] is not None, "it was read before it was taken back"
    late = [each for each in read if each["type"] == "release.date-changed"][IN_HAND:]
    assert len(late) >= 12 - IN_HAND, "none is left out: what was taken back keeps its place"
    assert [(each["content"], each.get("withdrawn")) for each in late] == [(None, True)] * len(late)


async def _shown(pipe: Pipe, person_id: str, count: int) -> bool:
    return len(await dates(pipe, CHARITY, person_id)) >= count


async def _blank(pipe: Pipe, person_id: str) -> bool:
    return all(each.get("content") is None for each in await dates(pipe, CHARITY, person_id))

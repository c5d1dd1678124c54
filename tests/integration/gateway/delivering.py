"""The deliverer over a pipe's gateway, as its process runs it: its own role, its own connections, its own lines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from chassis.db import Database
from chassis.outside import Rules
from chassis.settings import Environment, Settings
from gateway.deliverer import desk_of
from gateway.delivering import Deliverer
from gateway.wake import Wakes
from tests.support.pipe import Pipe
from tests.support.receiver import Receiver

Agency = tuple[str, str]


@asynccontextmanager
async def delivering(pipe: Pipe, *, rules: Rules | None = None, **told: Any) -> AsyncIterator[None]:
    """A deliverer at work while the block runs; at the end it finishes what is under way."""
    settings = Settings(environment=Environment.TEST, **{"delivery_timeout_s": 2, **told})
    database = Database(pipe.gateway.login_url("gateway_deliverer"), pool_size=5)
    wakes = Wakes(database)
    desk = desk_of(settings, database, wakes)
    if rules is not None:
        desk = replace(desk, outward=replace(desk.outward, rules=rules))
    stop = asyncio.Event()
    listening = asyncio.create_task(wakes.run())
    working = asyncio.create_task(Deliverer(desk).run(stop))
    try:
        yield
    finally:
        stop.set()
        await working
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await database.close()


async def registered(pipe: Pipe, agency: Agency, receiver: Receiver, path: str = "/webhook") -> str:
    """The secret that was made for it."""
    answer = await pipe.call(*agency, "PUT", path, {"url": receiver.url})
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["secret"])


async def deliveries(pipe: Pipe, agency: Agency) -> list[dict[str, Any]]:
    """Newest first."""
    answer = await pipe.call(*agency, "GET", "/webhook/deliveries", params={"limit": 500})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def delivery(pipe: Pipe, agency: Agency, message_id: str, **wanted: Any) -> dict[str, Any]:
    """The delivery once it says what is wanted."""
    found = next(each for each in await deliveries(pipe, agency) if each["message_id"] == message_id)
    assert {name: found[name] for name in wanted} == wanted
    return found

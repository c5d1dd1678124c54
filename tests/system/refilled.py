"""A gateway that lost everything it showed, filled again from the share log; and all that its agencies can look at."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import psycopg

from tests.support.eventually import eventually
from tests.support.settled import owner_urls, settled
from tests.system.world import World
from throughgate.client import Desk, kind_of
from throughgate.local.programs import deploy_dir

_EMPTY = "TRUNCATE feed_item, section, ledger, told, denial, tally, progress"
_FORGET = "DELETE FROM stream_position WHERE topic = 'share-log'"
Shown = dict[str, dict[str, Any]]


def desks(world: World) -> list[Desk]:
    """One for every registered agency but the auditor, whose gateway has no view."""
    found = [
        (path.stem, kind_of(path.stem, deploy_dir())) for path in sorted((deploy_dir() / "agencies").glob("*.yaml"))
    ]
    return [Desk(world.http, agency, kind) for agency, kind in found if kind != "auditor"]


async def shown(desk: Desk) -> dict[str, Any]:
    """The agency's lists of referrals, its views of the persons in them, and its feed with every cursor."""
    seen: dict[str, Any] = {"feed": (await desk.feed())[0]}
    for direction in ("sent", "received"):
        seen[direction] = [each async for each in desk.pages("/referrals", direction=direction, limit=500)]
    for person in sorted({each["person_id"] for way in ("sent", "received") for each in seen[way]}):
        answer = await desk.call("GET", f"/people/{person}")
        seen[person] = (answer.status, answer.json())
    return seen


async def everything_shown(world: World) -> Shown:
    return {desk.agency: await shown(desk) for desk in desks(world)}


async def empty(world: World) -> None:
    """What is lost when the gateway's tables are: its feeds and views. Its owners still have what is theirs."""
    await settled(world.stack)
    with psycopg.connect(owner_urls(world.stack)["gateway"]) as connection:
        connection.execute(_EMPTY)
        connection.execute(_FORGET)


async def refilled(world: World, before: Shown) -> None:
    """`throughgate replay share-log`, and every agency sees what it saw."""
    command = [sys.executable, "-m", "throughgate", "replay", "share-log", "--json"]
    command += ["--data-dir", str(world.stack.data_dir)]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["messages"] > 0

    async def as_before() -> bool:
        for desk in desks(world):
            now = await shown(desk)
            for name, was in before[desk.agency].items():
                assert now[name] == was, f"{desk.agency}: {name}"
        return True

    await eventually(as_before, within=60, every=0.5)

"""100,000 lines of bulk while single pushes go on: the single pushes do not wait behind it, and memory stays flat."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from chassis.clock import now
from tests.support.eventually import eventually
from tests.system.world import NORTHGATE, PROBATION, World
from throughgate.local.datadir import DataDir

PERSONS, TYPES = 25_000, ("CRD", "SLED", "HDCED", "TUSED")
WINDOW = 2_000
FIRST = date(2027, 3, 1)
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


async def _lines(first: int, persons: int) -> AsyncIterator[bytes]:
    """One person after the other, one line for each type; every person is new."""
    for number in range(first, first + persons):
        noms = f"C{number % 10000:04d}{_LETTERS[number // 10000 % 23]}{_LETTERS[number // 230000]}"
        for step, date_type in enumerate(TYPES):
            line = {
                "person": f"noms:{noms}",
                "date_type": date_type,
                "date": (FIRST + timedelta(days=number % 300 + step * 90)).isoformat(),
                "status": "calculated",
                "reason": "first-calculation",
                "identifiers": [{"scheme": "noms", "value": noms}],
                "name": {"family": f"Bulk{number}", "given": "Robin"},
                "date_of_birth": "1980-05-05",
            }
            yield json.dumps(line).encode() + b"\n"


async def _bulk(world: World, first: int, persons: int) -> list[str]:
    outcomes = []
    async with world.desk(NORTHGATE).bulk(_lines(first, persons), key=f"bulk-{first}-{persons}") as answer:
        assert answer.status == 200, (await answer.whole()).body[:500]
        rest = b""
        async for piece in answer.pieces():
            *complete, rest = (rest + piece).split(b"\n")
            outcomes += [json.loads(line)["outcome"] for line in complete if line]
    return outcomes


def _peak_kib(world: World, service: str) -> int:
    status = Path(f"/proc/{world.stack.process.pid(service)}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


class _Outbox:
    """How many bulk offers of release-notify have been sent, and how many have not."""

    def __init__(self, world: World) -> None:
        databases = DataDir.at(world.stack.data_dir).read_stack().databases
        self._url = databases["release_notify"].login_urls["release_notify"]

    def counts(self) -> tuple[int, int]:
        with psycopg.connect(self._url) as connection:
            row = connection.execute(
                "SELECT count(*) FILTER (WHERE sent_at IS NOT NULL), count(*) FILTER (WHERE sent_at IS NULL)"
                " FROM outbox WHERE topic = 'offers' AND lane = 'bulk'"
            ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_single_pushes_go_past_a_hundred_thousand_lines(world: World) -> None:
    outbox = _Outbox(world)
    person = await world.person()
    await world.supervise(person)
    services = ("gateway", "release-notify", "caseload", "consent", "audit")
    assert await _bulk(world, 200_000, 2_500) == ["applied"] * 10_000
    before = {service: _peak_kib(world, service) for service in services}

    bulk = asyncio.create_task(_bulk(world, 0, PERSONS))
    waited: list[int] = []
    day = now().date() + timedelta(days=20)

    async def in_the_way() -> bool:
        return outbox.counts()[1] > WINDOW or bulk.done()

    await eventually(in_the_way, within=300, every=0.1)
    while True:
        sent, unsent = outbox.counts()
        if bulk.done() and unsent <= WINDOW:
            break
        day += timedelta(days=1)
        await world.push(person, day)
        await world.sees(PROBATION, person, day)
        if unsent > WINDOW:
            waited.append(outbox.counts()[0] - sent)
    assert await bulk == ["applied"] * (PERSONS * len(TYPES))
    assert len(waited) >= 5, "the bulk load was over before a push could meet it"
    assert max(waited) <= 2 * WINDOW, f"pushes waited behind {waited} bulk offers"
    growth = {service: _peak_kib(world, service) / before[service] for service in services}
    assert all(ratio < 1.5 for ratio in growth.values()), growth

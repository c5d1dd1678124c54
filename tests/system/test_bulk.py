"""100,000 lines of bulk while single pushes go on: the single pushes do not wait behind it, and memory stays flat."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from chassis.clock import now
from chassis.waves import BULK_WINDOW
from contracts.codes import DateType
from tests.system.world import NORTHGATE, PROBATION, Person, World
from throughgate.local.datadir import DataDir

PERSONS = 5_000
TYPES = tuple(date_type for date_type in DateType if date_type not in (DateType.NCRD, DateType.TARIFF))
EFFECTIVE = (DateType.HDCAD, DateType.APD)
"""The actual dates go before every other: when they move, the release moves."""
FIRST = date(2027, 3, 1)
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"


async def _lines(first: int, persons: int, types: Sequence[str] = TYPES, shift: int = 0) -> AsyncIterator[bytes]:
    """One person after the other, one line for each type."""
    for number in range(first, first + persons):
        noms = f"C{number % 10000:04d}{_LETTERS[number // 10000 % 23]}{_LETTERS[number // 230000]}"
        for step, date_type in enumerate(types):
            line = {
                "person": f"noms:{noms}",
                "date_type": date_type,
                "date": (FIRST + timedelta(days=number % 300 + step * 90 + shift)).isoformat(),
                "status": "calculated",
                "reason": "first-calculation",
                "identifiers": [{"scheme": "noms", "value": noms}],
                "name": {"family": f"Bulk{number}", "given": "Robin"},
                "date_of_birth": "1980-05-05",
            }
            yield json.dumps(line).encode() + b"\n"


async def _bulk(world: World, first: int, persons: int, types: Sequence[str] = TYPES, shift: int = 0) -> list[str]:
    outcomes = []
    key = f"bulk-{first}-{persons}-{shift}"
    async with world.desk(NORTHGATE).bulk(_lines(first, persons, types, shift), key=key) as answer:
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
@pytest.mark.timeout(1500)
async def test_single_pushes_go_past_a_hundred_thousand_lines(world: World) -> None:
    person = await world.person()
    await world.supervise(person)
    services = ("gateway", "release-notify", "caseload", "consent", "audit")
    assert await _bulk(world, 200_000, 250) == ["applied"] * 250 * len(TYPES)
    before = {service: _peak_kib(world, service) for service in services}

    bulk = asyncio.create_task(_bulk(world, 0, PERSONS))
    shown, slowest, started = 0, 0.0, time.monotonic()
    day = now().date() + timedelta(days=20)
    while not bulk.done():
        day += timedelta(days=1)
        pushed = time.monotonic()
        await world.push(person, day)
        await world.sees(PROBATION, person, day)
        slowest = max(slowest, time.monotonic() - pushed)
        shown += not bulk.done()
    print(f"{time.monotonic() - started:.0f} s of bulk, {shown} single pushes, the slowest seen after {slowest:.2f} s")
    assert await bulk == ["applied"] * PERSONS * len(TYPES)
    assert PERSONS * len(TYPES) == 100_000
    assert shown >= 5, "the bulk load was over before single pushes could meet it"
    growth = {service: _peak_kib(world, service) / before[service] for service in services}
    print("peak memory against 5,000 lines: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in growth.items()))
    assert all(ratio < 1.5 for ratio in growth.values()), growth

    await _past_a_backlog(world, person)


async def _past_a_backlog(world: World, person: Person) -> None:
    """With consent standing still, bulk offers pile up; a single push made after them is seen before they are sent."""
    outbox, consent = _Outbox(world), world.stack.process.pid("consent")
    day = now().date() + timedelta(days=900)
    os.kill(consent, signal.SIGSTOP)
    try:
        assert await _bulk(world, 0, PERSONS, EFFECTIVE, shift=400) == ["applied"] * PERSONS * len(EFFECTIVE)
        await world.push(person, day)
    finally:
        os.kill(consent, signal.SIGCONT)
    sent, unsent = outbox.counts()
    assert unsent > 4 * BULK_WINDOW, "nothing piled up"
    await world.sees(PROBATION, person, day)
    sent_after, unsent_after = outbox.counts()
    assert unsent_after > 0, "the push was seen only after the whole backlog"
    assert sent_after - sent <= 8 * BULK_WINDOW

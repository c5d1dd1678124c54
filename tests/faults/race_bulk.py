"""A bulk load that does not end before it is told to: the bulk lane of release-notify's outbox is never empty, and
release-notify, consent, audit and gateway are busy with it.

A quarter of the lines are about people whom probation supervises, so that each is decided; the others about people whom
nobody knows yet.
"""

import asyncio
import itertools
import json
import os
from bisect import bisect
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import psycopg

from chassis.clock import now
from chassis.waves import BULK_WINDOW
from tests.faults.client import FaultyWorld
from tests.faults.races import together
from tests.support.eventually import eventually
from tests.support.settled import owner_urls
from tests.system.world import NORTHGATE, Person

STRANGERS = 3
"""For each of those people in a request."""
AT_ONCE = 2
"""Requests; none begins while ENOUGH waits."""
ENOUGH = 8 * BULK_WINDOW
"""Offers that wait behind those that the relay has sent and that are not answered."""
AT_LEAST = 1_600
"""Lines, for a race that is short. One that is long has as many beside it as are taken in while it runs."""
EVERY_S = 0.05
_UNSENT = "SELECT count(*), clock_timestamp() FROM outbox WHERE topic = 'offers' AND lane = 'bulk' AND sent_at IS NULL"
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_requests = itertools.count()


@dataclass
class Bulk:
    """`people` are those whom probation supervises, so many; `applied` counts the lines that were. `unsent` is how many
    bulk offers waited in the outbox, look by look, by the database's clock."""

    world: FaultyWorld
    supervised: int
    people: list[Person] = field(default_factory=list)
    applied: int = 0
    unsent: list[tuple[datetime, int]] = field(default_factory=list)

    async def ready(self) -> None:
        """Registers the people about whom there is something to decide."""

        async def one() -> None:
            person = await self.world.person()
            await self.world.supervise(person)
            self.people.append(person)

        await together([one] * self.supervised, at_once=4)

    @asynccontextmanager
    async def loading(self) -> AsyncIterator[None]:
        """A full lane while the block runs, and until AT_LEAST lines were applied."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as working:
            working.create_task(self._look(stop))
            for _ in range(AT_ONCE):
                working.create_task(self._load(stop))
            try:
                await eventually(self._enough, within=120)
                yield
            finally:
                stop.set()

    def _enough(self) -> bool:
        return bool(self.unsent) and self.unsent[-1][1] >= ENOUGH

    async def _look(self, stop: asyncio.Event) -> None:
        url = owner_urls(self.world.stack)["release_notify"]
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as outbox:
            while not stop.is_set():
                ((count, at),) = await (await outbox.execute(_UNSENT)).fetchall()
                self.unsent.append((at, count))
                await asyncio.sleep(EVERY_S)

    async def _load(self, stop: asyncio.Event) -> None:
        desk = self.world.desk(NORTHGATE)
        while not stop.is_set() or self.applied < AT_LEAST:
            if self._enough() and not stop.is_set():
                await asyncio.sleep(EVERY_S)
                continue
            request = next(_requests)
            async with desk.bulk(self._lines(request), key=f"race-{request}-{os.getpid()}") as answer:
                applied = (await answer.whole()).body.count(b'"applied"')
            assert applied == self.supervised * (1 + STRANGERS), f"{applied} lines were applied"
            self.applied += applied

    async def _lines(self, request: int) -> AsyncIterator[bytes]:
        day = now().date() + timedelta(days=20 + request)
        first = request * self.supervised * STRANGERS
        strangers = [
            f"D{number % 10000:04d}{_LETTERS[os.getpid() % 23]}{_LETTERS[number // 10000 % 23]}"
            for number in range(first, first + self.supervised * STRANGERS)
        ]
        for noms in (*(person.noms for person in self.people), *strangers):
            yield _line(noms, day)


def full_at(moments: Sequence[datetime], looks: Sequence[tuple[datetime, int]]) -> int:
    """At how many of these moments something waited, in the look before and in the look after."""
    at = [when for when, _ in looks]
    around = [looks[max(0, bisect(at, moment) - 1) : bisect(at, moment) + 1] for moment in moments]
    return sum(len(pair) == 2 and min(count for _, count in pair) > 0 for pair in around)


def _line(noms: str, on: date) -> bytes:
    line = {
        "person": f"noms:{noms}",
        "date_type": "CRD",
        "date": on.isoformat(),
        "status": "calculated",
        "reason": "first-calculation",
        "identifiers": [{"scheme": "noms", "value": noms}],
        "name": {"family": "Bulk", "given": "Robin"},
        "date_of_birth": "1980-05-05",
    }
    return json.dumps(line).encode() + b"\n"

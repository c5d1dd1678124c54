"""A bulk load that does not end before it is told to: it keeps release-notify, consent, audit and gateway busy at once.

A quarter of the lines are about people whom probation supervises, so that each is decided; the others about people whom
nobody knows yet.
"""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta

from chassis.clock import now
from tests.faults.client import FaultyWorld
from tests.faults.races import together
from tests.system.world import NORTHGATE, Person

STRANGERS = 3
"""For each of those people in a request."""
_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
_requests = itertools.count()


@dataclass
class Bulk:
    """`people` are those whom probation supervises, so many; `applied` counts the lines that were."""

    world: FaultyWorld
    supervised: int
    people: list[Person] = field(default_factory=list)
    applied: int = 0

    async def ready(self) -> None:
        """Registers the people about whom there is something to decide."""

        async def one() -> None:
            person = await self.world.person()
            await self.world.supervise(person)
            self.people.append(person)

        await together([one] * self.supervised, at_once=4)

    @asynccontextmanager
    async def loading(self, *, at_least: int) -> AsyncIterator[None]:
        """One request after the other while the block runs, and until so many lines were applied."""
        stop = asyncio.Event()
        working = asyncio.create_task(self._load(stop, at_least))
        try:
            yield
        finally:
            stop.set()
            await working

    async def _load(self, stop: asyncio.Event, at_least: int) -> None:
        desk = self.world.desk(NORTHGATE)
        while not stop.is_set() or self.applied < at_least:
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

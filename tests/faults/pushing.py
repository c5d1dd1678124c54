"""Prisons that push dates at release-notify itself and ask again, the same, until each is answered 2xx."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import httpx2

from tests.integration.release_notify.conftest import World

FIRST = date(2031, 3, 3)
AGAIN_IN = 0.05


@dataclass
class Pushing:
    """`acknowledged`: by person, each date with the version that it was answered with, in order. `refused` is every
    answer that was none of these."""

    world: World
    acknowledged: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    refused: list[httpx2.Response] = field(default_factory=list)

    async def run(self, person: str, stopped: Callable[[], bool]) -> None:
        """One person's dates, one after the other; the last is answered before this ends."""
        done = self.acknowledged.setdefault(person, [])
        while not stopped():
            await self._push(person, (FIRST + timedelta(days=len(done))).isoformat())

    async def _push(self, person: str, day: str) -> None:
        while not (answer := await self.world.push(person, "CRD", day)).is_success:
            self.refused.append(answer)
            await asyncio.sleep(AGAIN_IN)
        self.acknowledged[person].append((day, answer.json()["version"]))

    def least(self) -> int:
        """How many dates were answered of whoever had the fewest."""
        return min(map(len, self.acknowledged.values()), default=0)

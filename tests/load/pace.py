"""How fast: as fast as answers come, at so many at once; or at a rate of ours, whether answers come or not."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from chassis.http_client import UpstreamUnavailable
from tests.load.mix import Mix
from throughgate.client import Refused

LEVELS = (1, 2, 4, 8, 16, 32, 64)
GROWTH = 1.05
PATIENCE = 2
"""After so many levels that do not do a twentieth more than the best before them the top is behind."""


@dataclass(frozen=True, slots=True)
class Top:
    """The most that was done in a second, and at how many at once."""

    rate: float
    at_once: int


async def top_of(mix: Mix, *, seconds: float, levels: Sequence[int] = LEVELS) -> Top:
    """More and more at once, each level for so long, until more brings no more."""
    best, without_more = Top(0.0, 0), 0
    for at_once in levels:
        rate = await closed_loop([mix] * at_once, seconds=seconds) / seconds
        without_more = 0 if rate > best.rate * GROWTH else without_more + 1
        best = max(best, Top(rate, at_once), key=lambda each: each.rate)
        if without_more == PATIENCE:
            break
    return best


async def closed_loop(workers: Sequence[Mix], *, seconds: float) -> int:
    """Each worker does one thing after the other. Returns how many were done in that time."""
    until, done = time.monotonic() + seconds, 0

    async def work(mix: Mix) -> None:
        nonlocal done
        while time.monotonic() < until:
            if await attempted(mix) and time.monotonic() < until:
                done += 1

    async with asyncio.TaskGroup() as group:
        for mix in workers:
            group.create_task(work(mix))
    return done


async def open_loop(mix: Mix, *, rate: float, seconds: float) -> int:
    """Something new at each beat, however long what came before it takes. Returns how many were begun."""
    began, count = time.monotonic(), int(rate * seconds)
    async with asyncio.TaskGroup() as group:
        for beat in range(count):
            await asyncio.sleep(max(0.0, began + beat / rate - time.monotonic()))
            group.create_task(attempted(mix))
    return count


async def attempted(mix: Mix) -> bool:
    """Whether it was done; what it was answered instead is in the world's count."""
    with suppress(Refused, UpstreamUnavailable):
        await mix.one()
        return True
    return False

"""Lives that go on while something is done to the processes, and what must hold of all of them in the end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.announcing import announced_to
from tests.faults.checks import everything_holds
from tests.faults.conftest import Scene, told_with_its_state, while_living
from tests.system.world import PROBATION


@dataclass
class GoingOn:
    """`counted` is filled when all has ended and everything held."""

    living: "asyncio.Task[None]"
    counted: Counter[str] = field(default_factory=Counter)

    async def meanwhile(self, step: Coroutine[Any, Any, None]) -> None:
        """The step, unless a life fails first: then that is what is told."""
        await while_living(self.living, step)


@asynccontextmanager
async def lives_going_on(scene: Scene, *, workers: int = 2) -> AsyncIterator[GoingOn]:
    """Lives begin while the block runs, and are lived to their end; then everything is judged."""
    stop = asyncio.Event()
    async with told_with_its_state(scene), announced_to(scene.world, PROBATION) as announced:
        going = GoingOn(asyncio.create_task(scene.traffic.run(stop, workers=workers)))
        try:
            yield going
            stop.set()
            await going.living
        finally:
            going.living.cancel()
        going.counted.update(await everything_holds(scene.world, scene.traffic.lives, scene.pollers))
        going.counted["announced"] = await announced.each(scene.traffic.of_theirs(scene.pollers[PROBATION].items))

"""A process that serves is not stopped to look through all that it has loaded."""

import asyncio
import gc
import signal

from chassis import service
from chassis.db import Database
from chassis.settings import Settings


class _Looks:
    """A part that notes what the garbage collector would go through, and has the process end."""

    def __init__(self) -> None:
        self.gone_through: list[object] = []

    async def run(self, stop: asyncio.Event) -> None:
        self.gone_through = gc.get_objects()
        signal.raise_signal(signal.SIGTERM)
        await stop.wait()


async def test_what_was_there_before_it_served_is_not_gone_through_again() -> None:
    loaded, looks = [object()], _Looks()
    unused = Database("postgresql+psycopg://nobody@127.0.0.1/nothing")
    await service.run(Settings(service="tiny"), database=unused, others=[looks])
    assert looks.gone_through
    assert not any(each is loaded for each in looks.gone_through)

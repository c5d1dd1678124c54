"""Starts a stack of its own on free ports and a folder of its own, plays every act, and stops it again."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from chassis.clock import now
from chassis.http_client import ServiceClient
from throughgate.client import Desk
from throughgate.demo.acts import ACTS, AGENCIES, MEMBER
from throughgate.demo.people import made_up_people
from throughgate.demo.stage import Stage
from throughgate.demo.tampering import somebody_tampers
from throughgate.local.datadir import DataDir
from throughgate.local.events import Died, Event, Ready
from throughgate.local.ports import free_port
from throughgate.local.stack import Options, Stack

Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]


async def play(people: int, *, say: Say, progress: Progress) -> Stage:
    """Plays the story; the stage that comes back holds every claim and whether it held."""
    async with AsyncExitStack() as open_things:
        folder = Path(open_things.enter_context(tempfile.TemporaryDirectory(prefix="throughgate-demo-")))
        url = await open_things.enter_async_context(_stack(folder, say))
        http = await open_things.enter_async_context(ServiceClient(url, timeout_s=120))
        today = now().date()
        stage = Stage(
            desks={name: Desk(http, name, kind, user=MEMBER) for name, kind in AGENCIES.items()},
            people=made_up_people(people, today=today),
            today=today,
            say=say,
            progress=progress,
        )
        for title, act in ACTS:
            say(f"\n{title}")
            await act(stage)
        say("\nSomebody tampers with the log")
        await somebody_tampers(stage, DataDir.at(folder))
        return stage


@asynccontextmanager
async def _stack(folder: Path, say: Say) -> AsyncIterator[str]:
    """A running stack's address. Raises what keeps it from starting."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def report(event: Event) -> None:
        if isinstance(event, Ready) and not ready.done():
            ready.set_result(event.url)
        elif isinstance(event, Died):
            say(f"  {event.service} ended with {event.code} and is started again")

    stop = asyncio.Event()
    running = asyncio.create_task(Stack(Options(port=free_port(), data_dir=folder), report).run(stop))
    try:
        running.add_done_callback(lambda _: ready.done() or ready.cancel())
        try:
            url = await ready
        except asyncio.CancelledError:
            running.result()
            raise
        yield url
    finally:
        stop.set()
        await asyncio.wait({running})

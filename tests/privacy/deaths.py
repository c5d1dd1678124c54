"""The same person's words on their way while processes die, the database too: who comes back may say that it has."""

import asyncio
import itertools
from collections import Counter
from datetime import timedelta

from chassis.clock import now
from tests.faults.client import FaultyWorld
from tests.faults.processes import Processes
from tests.privacy import deeds
from tests.privacy.marked import word
from tests.support.eventually import eventually
from tests.support.settled import settled
from tests.system.world import Person, World

KILLED = ("postgres", "consent", "projector", "gateway")


async def die(world: World, person: Person) -> None:
    """kill -9 of each while something is under way; returns when they are back and all of it has come."""
    writing = FaultyWorld(world.stack, world.http)
    processes = Processes(world.stack, world.stack.data_dir / "nobody-is-armed")
    answers = writing.answers.statuses
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_write(writing, person, stop))
        for victim in KILLED:
            await _two_more(answers)
            await processes.kill(victim)
        stop.set()
    assert not answers[500], writing.answers.codes
    await settled(world.stack)


async def _two_more(answers: Counter[int]) -> None:
    """Returns when as many have come: what they wrote is on its way to those whom it concerns."""
    wanted = answers.total() + 2
    await eventually(lambda: answers.total() >= wanted, within=60, every=0.005)


async def _write(world: FaultyWorld, person: Person, stop: asyncio.Event) -> None:
    """Facts of every category by whoever keeps them, and dates, again and again."""
    for day in itertools.count(60):
        if stop.is_set():
            return
        await world.push(person, now().date() + timedelta(days=day), reporting=word())
        await deeds.sections(world, person, word)

"""What watches memory says so if it cannot: a sampler that fails and a process that began again are no even memory."""

import asyncio
import os
from dataclasses import replace

import pytest

from tests.load.memory import Held, Memory, Sample, held_by

EVERY_S = 0.001


def _looking(*kib: int, begins_again_at: int | None = None) -> tuple[Memory, asyncio.Event]:
    """A memory that sees these sizes, the last for ever, and an event that is set once all were seen."""
    seen, everything = iter(enumerate(kib)), asyncio.Event()
    last = Held(1, 1, kib[0])

    def look() -> Sample:
        nonlocal last
        number, size = next(seen, (None, last.kib))
        if number is None:
            everything.set()
        last = replace(last, kib=size, began=last.began + (number is not None and number == begins_again_at))
        return {"gateway": last}

    return Memory(look), everything


async def test_what_grows_is_seen_to_grow() -> None:
    memory, everything = _looking(*[100] * 10, *[150] * 10)
    async with memory.watched(every=EVERY_S):
        await everything.wait()
    assert memory.growth() == {"gateway": 1.5}


async def test_a_process_that_began_again_is_no_even_memory() -> None:
    memory, everything = _looking(*[100] * 20, begins_again_at=10)
    async with memory.watched(every=EVERY_S):
        await everything.wait()
    with pytest.raises(AssertionError, match="gateway began again"):
        memory.growth()


async def test_a_sampler_that_fails_fails_the_run() -> None:
    def look() -> Sample:
        raise ProcessLookupError

    with pytest.raises(ProcessLookupError):
        async with Memory(look).watched(every=EVERY_S):
            await asyncio.sleep(0)


def test_a_process_is_known_by_its_beginning() -> None:
    mine = held_by(os.getpid())
    assert mine.kib > 1000
    assert replace(held_by(os.getpid()), kib=mine.kib) == mine
    assert held_by(os.getppid()).began <= mine.began

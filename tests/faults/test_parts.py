"""A process whose consumer, relay or timer is gone is no process: it ends as a whole, and the supervisor starts it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from chassis.service import PartEnded, _part


async def _stray() -> None:
    """As aiokafka does when its broker is gone: a cancellation that nobody asked for."""
    raise asyncio.CancelledError


async def _nothing_left() -> None:
    return


async def _goes_on(stop: asyncio.Event) -> None:
    await stop.wait()


async def _process(part: Callable[[], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as parts:
        parts.create_task(_part(part(), stop))
        parts.create_task(_part(_goes_on(stop), stop))


@pytest.mark.parametrize("part", [_stray, _nothing_left])
async def test_a_part_that_ends_unasked_ends_the_process(part: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await _process(part)
    assert caught.group_contains(PartEnded)


async def test_a_part_that_was_told_to_stop_may_end() -> None:
    stop = asyncio.Event()
    stop.set()
    await _part(_nothing_left(), stop)

"""A process whose consumer, relay or timer is gone is no process: it ends as a whole, and the supervisor starts it."""

import asyncio

import pytest

from chassis.service import PartEnded, _part


async def _stray() -> None:
    """As aiokafka does when its broker is gone: a cancellation that nobody asked for."""
    raise asyncio.CancelledError


async def _nothing_left() -> None:
    return


@pytest.mark.parametrize("part", [_stray, _nothing_left])
async def test_a_part_that_ends_unasked_ends_the_process(part: object) -> None:
    stop = asyncio.Event()
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(_part(part(), stop))  # type: ignore[operator]
            parts.create_task(_part(asyncio.sleep(60), stop))
    assert caught.group_contains(PartEnded)


async def test_a_part_that_was_told_to_stop_may_end() -> None:
    stop = asyncio.Event()
    stop.set()
    await _part(_nothing_left(), stop)

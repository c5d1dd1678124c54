"""Waiting for something to become true: by asking again, never by sleeping a fixed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

T = TypeVar("T")

SELDOM = 0.2
"""Seconds: what is long in coming is asked after no oftener. Each question takes the processor from the answer."""
LONGER = 1.3


@overload
async def eventually(ask: Callable[[], Awaitable[T]], *, within: float = 10, every: float = 0.02) -> T: ...
@overload
async def eventually(ask: Callable[[], T], *, within: float = 10, every: float = 0.02) -> T: ...
async def eventually(ask: Callable[[], T | Awaitable[T]], *, within: float = 10, every: float = 0.02) -> T:
    """The first truthy answer of `ask` (a function or a coroutine function), asked after `every` seconds at first.

    An AssertionError raised by `ask` counts as "not yet". After `within` seconds the last AssertionError is raised,
    or one that shows the last answer.
    """
    deadline, pause = time.monotonic() + within, every
    while True:
        failure: AssertionError | None = None
        answer: T | None = None
        try:
            asked = ask()
            answer = cast("T", await asked) if inspect.isawaitable(asked) else asked
        except AssertionError as error:
            failure = error
        if failure is None and answer:
            return answer
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"still {answer!r} after {within} s")
        await asyncio.sleep(pause)
        pause = max(every, min(pause * LONGER, SELDOM))

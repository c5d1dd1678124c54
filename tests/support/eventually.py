"""Waiting for something to become true: by asking again, never by sleeping a fixed time."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

T = TypeVar("T")


@overload
async def eventually(ask: Callable[[], Awaitable[T]], *, within: float = 10, every: float = 0.02) -> T: ...
@overload
async def eventually(ask: Callable[[], T], *, within: float = 10, every: float = 0.02) -> T: ...
async def eventually(ask: Callable[[], T | Awaitable[T]], *, within: float = 10, every: float = 0.02) -> T:
    """The first truthy answer of `ask` (a function or a coroutine function).

    An AssertionError raised by `ask` counts as "not yet". After `within` seconds the last AssertionError is raised,
    or one that shows the last answer.
    """
    deadline = time.monotonic() + within
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
        await asyncio.sleep(every)

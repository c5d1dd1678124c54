"""How long to wait before trying again, and waiting that ends early when the process stops."""

import asyncio
import random


def backoff(failures: int, *, top: float = 10.0) -> float:
    """Seconds to wait after so many failures: doubling from 50 ms, jittered, never above `top`."""
    return float(min(top, 0.05 * 2 ** min(failures, 30)) * random.uniform(0.5, 1.0))  # noqa: S311


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Returns after so many seconds, or as soon as `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return

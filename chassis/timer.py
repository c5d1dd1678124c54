"""Periodic work of a service, beside its consumers. A run that fails is logged and comes again; it never overlaps."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis import logging
from chassis.db import is_passing

log = logging.get(__name__)


@dataclass(frozen=True)
class Timer:
    """Runs `work` every `seconds`. What is due must be claimed in the transaction that does it (SKIP LOCKED)."""

    seconds: float
    work: Callable[[], Awaitable[object]]
    name: str

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.work()
            except Exception as error:
                if is_passing(error):
                    log.warning("timer.not_now", timer=self.name, error=logging.describe(error))
                else:
                    log.error("timer.failed", timer=self.name, exc_info=error)
            try:
                async with asyncio.timeout(self.seconds):
                    await stop.wait()
            except TimeoutError:
                continue


def every(seconds: float, work: Callable[[], Awaitable[object]], *, name: str | None = None) -> Timer:
    """A timer for the composition root's list."""
    return Timer(seconds, work, name or str(getattr(work, "__name__", "timer")))

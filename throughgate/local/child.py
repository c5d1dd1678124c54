"""One watched process: started, started again when it dies, stopped when told to.

Invariant: while `run` goes on there is at most one process of this name; when it has returned there is none, nor any
process of its group.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from throughgate.local.events import Answering, Died, Report, Started, Stopped

MAX_LOG_BYTES = 20 * 1024 * 1024
GIVE_UP_AFTER = 6
"""Deaths in a row before a process ever answered: it cannot run here, and saying so is better than trying for ever."""
_STEADY_S = 30.0
_PROBE_EVERY_S = 0.05


class CannotRun(RuntimeError):
    """A process dies again and again without ever having answered."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What to run. `command` is asked for before every start; `prepare` runs (in a thread) before every start."""

    name: str
    command: Callable[[], list[str]]
    probe: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 25.0


class Child:
    """Runs one Spec until told to stop. `answering` is set while the present process is known to answer."""

    def __init__(self, spec: Spec, logs: Path, report: Report) -> None:
        self.spec = spec
        self.log = logs / f"{spec.name}.log"
        self.answering = asyncio.Event()
        self._report = report
        self._stop = asyncio.Event()
        self._has_answered = False

    async def run(self) -> None:
        """Keep the process running. Returns after `stop()`; raises CannotRun if it never came up."""
        deaths = restarts = 0
        while not self._stop.is_set():
            began = time.monotonic()
            process = await self._start(restarts)
            code = await self._watch(process)
            self.answering.clear()
            if self._stop.is_set():
                self._report(Stopped(self.spec.name, code))
                return
            deaths = 1 if time.monotonic() - began > _STEADY_S else deaths + 1
            restarts += 1
            if deaths >= GIVE_UP_AFTER and not self._has_answered:
                raise CannotRun(f"{self.spec.name} died {deaths} times before it answered; see {self.log}")
            pause = backoff(deaths)
            self._report(Died(self.spec.name, code, round(pause, 2)))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stop.wait()

    def stop(self) -> None:
        """Ask the process to end; `run` returns when it has, or when its time is up and it was killed."""
        self._stop.set()

    async def _start(self, restarts: int) -> asyncio.subprocess.Process:
        if self.spec.prepare is not None:
            await asyncio.to_thread(self.spec.prepare)
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *self.spec.command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env={**os.environ, **self.spec.environment},
                start_new_session=True,
            )
        self._report(Started(self.spec.name, process.pid, restarts))
        return process

    async def _watch(self, process: asyncio.subprocess.Process) -> int:
        ended = asyncio.create_task(process.wait())
        told = asyncio.create_task(self._stop.wait())
        probing = asyncio.create_task(self._probe())
        try:
            await asyncio.wait({ended, told}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                with suppress(ProcessLookupError):
                    process.send_signal(self.spec.stop_signal)
                await asyncio.wait({ended}, timeout=self.spec.grace_s)
        finally:
            probing.cancel()
            told.cancel()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the process if it would not end, and what it left behind
        return await ended

    async def _probe(self) -> None:
        while not await self.spec.probe():
            await asyncio.sleep(_PROBE_EVERY_S)
        self.answering.set()
        self._has_answered = True
        self._report(Answering(self.spec.name))


def backoff(deaths: int) -> float:
    """Seconds before the next start: 0.1 doubling to 10, jittered so that what died together does not return so."""
    return float(min(10.0, 0.1 * 2 ** min(deaths - 1, 10)) * random.uniform(0.5, 1.0))  # noqa: S311

"""The processes of a stack as an adversary meets them: told to die at a point, killed, stopped in their tracks.

Invariant: whatever is done here is done to one process at a time, and is over when it answers again.
"""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis.crash import Point
from tests.support.eventually import eventually
from tests.support.stack import RunningStack

PROCESS_OF = {"gateway-projector": "projector"}
"""Where the process is not named as the service that runs in it."""
BACK_WITHIN = 120.0


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of one stack. `crash_file` is what every one of them was told to look at."""

    stack: RunningStack
    crash_file: Path

    def pid(self, process: str) -> int:
        """Its newest process."""
        self.stack.process.news()
        return self.stack.process.pid(process)

    def deaths(self) -> int:
        """How often any process has died so far."""
        return sum(event["event"] == "died" for event in self.stack.process.news())

    async def die_at(self, service: str, point: Point) -> None:
        """Arms the point. The next process of the service to come by dies there, once."""
        await self.unarmed()
        self.crash_file.with_suffix(".new").write_text(f"{service} {point}", encoding="utf-8")
        self.crash_file.with_suffix(".new").rename(self.crash_file)

    def disarm(self) -> None:
        self.crash_file.unlink(missing_ok=True)

    async def unarmed(self, *, within: float = BACK_WITHIN) -> None:
        """Returns when whoever was to die has come by the point."""

        def taken() -> bool:
            try:
                armed = self.crash_file.read_text(encoding="utf-8")
            except FileNotFoundError:  # by whoever died there, at whatever moment
                return True
            raise AssertionError(f"nobody came by: {armed}")

        await eventually(taken, within=within)

    async def died(self, service: str, pid: int) -> None:
        """Returns when another process of the service answers than the one of this id."""
        process = PROCESS_OF.get(service, service)

        def back() -> bool:
            events = [each for each in self.stack.process.news() if each.get("service") == process]
            starts = [place for place, each in enumerate(events) if each["event"] == "started"]
            newest = events[starts[-1] :]
            if newest[0]["pid"] == pid:
                raise AssertionError(f"{process} has not died\n{self.stack.process.tail()}")
            return any(each["event"] == "answering" for each in newest)

        await eventually(back, within=BACK_WITHIN, every=0.05)

    async def kill(self, process: str) -> None:
        """kill -9, and wait until it is back. Of the database this is the postmaster: crash recovery follows."""
        pid = self.pid(process)
        os.kill(pid, signal.SIGKILL)
        await self.died(process, pid)

    @asynccontextmanager
    async def gone(self, process: str) -> AsyncIterator[None]:
        """kill -9; who begins in its place stands still until the block ends, and is then waited for."""
        pid = self.pid(process)
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: self.pid(process) != pid, within=BACK_WITHIN)
        self.stop(process)
        try:
            yield
        finally:
            self.go_on(process)
        await self.died(process, pid)

    def stop(self, process: str) -> None:
        """The process stands still, with its connections open."""
        os.kill(self.pid(process), signal.SIGSTOP)

    def go_on(self, process: str) -> None:
        os.kill(self.pid(process), signal.SIGCONT)

"""A second process of what the stack runs once: the same program with the same settings, on ports of its own.

Invariant: it alone looks at its crash file, so whoever dies of what stands there is the second, and met what it met.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chassis.crash import Point
from tests.faults.processes import BACK_WITHIN, PROCESS_OF, Processes
from tests.support.eventually import eventually
from throughgate.local.child import Child, Spec
from throughgate.local.datadir import DataDir
from throughgate.local.events import Answering, Event
from throughgate.local.ports import free_ports
from throughgate.local.programs import PROGRAMS
from throughgate.local.readiness import at_once, http_readiness


@dataclass(frozen=True, slots=True)
class Second:
    """The second process of a service, started again when it died. `first` are the processes of the stack."""

    service: str
    first: Processes
    crash_file: Path
    events: list[Event]

    async def dies_at(self, point: Point) -> None:
        """It comes by the point, dies there, and is back."""
        before = self._answered()
        await self._armed.die_at(self.service, point)
        await self._armed.unarmed()
        await self.answers(more_than=before)

    async def leads_and_dies_at(self, point: Point) -> None:
        """As `dies_at`, where only one of the two comes by: the first is killed until it is this one."""
        before = self._answered()
        await self._armed.die_at(self.service, point)
        async with asyncio.timeout(BACK_WITHIN):
            while self.crash_file.exists():
                await self.first.kill(PROCESS_OF.get(self.service, self.service))
        await self.answers(more_than=before)

    async def answers(self, *, more_than: int = 0) -> None:
        """Returns when it has come up more often than that."""
        await eventually(lambda: [None] * (self._answered() - more_than), within=BACK_WITHIN, every=0.05)

    def _answered(self) -> int:
        return sum(isinstance(event, Answering) for event in self.events)

    @property
    def _armed(self) -> Processes:
        return Processes(self.first.stack, self.crash_file)


@asynccontextmanager
async def second(first: Processes, service: str) -> AsyncIterator[Second]:
    """A second process of this service, from now on until the block ends."""
    stack = first.stack
    process = PROCESS_OF.get(service, service)
    program = next(each for each in PROGRAMS if each.name == process)
    ports = free_ports(["http", "metrics"])
    events: list[Event] = []
    made = Second(service, first, stack.data_dir / f"{process}-second.crash", events)
    own = {
        "THROUGHGATE_HTTP_PORT": str(ports["http"]),
        "THROUGHGATE_METRICS_PORT": str(ports["metrics"]),
        "THROUGHGATE_CRASH_FILE": str(made.crash_file),
    }
    spec = Spec(
        name=f"{process}-second",
        command=program.command,
        environment={**_environment(first.pid(process)), **own},
        probe=http_readiness(program.name, ports["http"]) if program.serves else at_once,
    )
    child = Child(spec, DataDir.at(stack.data_dir).logs, events.append)
    running = asyncio.create_task(child.run())
    try:
        yield made
    finally:
        child.stop()
        await running


def _environment(pid: int) -> dict[str, str]:
    """What that process was told."""
    lines = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8").split("\0")
    return dict(line.split("=", 1) for line in lines if line)

"""A second process of what the stack runs once: the same program with the same settings, on ports of its own.

Invariant: it alone looks at its crash file, so whoever dies of what stands there is the second, and met what it met.
"""

import asyncio
import itertools
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from chassis.crash import Point
from contracts.topics import Topic
from tests.faults.processes import BACK_WITHIN, PROCESS_OF, Processes
from tests.support.eventually import eventually
from throughgate.local.child import Child, Spec
from throughgate.local.datadir import DataDir
from throughgate.local.events import Answering, Event, Started
from throughgate.local.ports import LOOPBACK, free_ports
from throughgate.local.programs import PROGRAMS
from throughgate.local.readiness import at_once, http_readiness


@dataclass(frozen=True, slots=True)
class Second:
    """The second process of a service, started again when it died. `first` are the processes of the stack."""

    service: str
    first: Processes
    crash_file: Path
    metrics_port: int
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
                await self.first.kill(self._process)
        await self.answers(more_than=before)

    async def takes_over_and_dies_at(self, point: Point) -> None:
        """As `dies_at`, where this one may have been given nothing: the first is gone until it was and came by."""
        before = self._answered()
        async with self.first.gone(self._process):
            await self._armed.die_at(self.service, point)
            await self._armed.unarmed()
        await self.answers(more_than=before)

    async def begins_with_nothing(self, topic: Topic) -> None:
        """One that has just begun works while the other has this topic's only partition: each by turns is killed until
        it is so, for whom Kafka gives it to is chance."""
        for place in itertools.cycle((0, 1)):
            await (self._kill() if place else self.first.kill(self._process))
            given = await self.both_read(each_topic=1)
            if topic not in given[place]:
                return

    async def both_read(self, *, each_topic: int) -> list[list[str]]:
        """Returns when every part of both works and each topic is given to so many: what each of them has."""
        first = int(_environment(self.first.pid(self._process))["THROUGHGATE_METRICS_PORT"])

        def read() -> list[list[str]]:
            given = []
            for port in (first, self.metrics_port):
                ready, topics = _told(port)
                assert set(ready.values()) == {1}, f"what was given to it: {topics}, what works: {ready}"
                given.append(topics)
            times = Counter(itertools.chain.from_iterable(given))
            assert set(times.values()) == {each_topic}, f"given to so many: {dict(times)}"
            return given

        return await eventually(lambda: asyncio.to_thread(read), within=BACK_WITHIN, every=0.2)

    async def answers(self, *, more_than: int = 0) -> None:
        """Returns when it has come up more often than that."""
        await eventually(lambda: [None] * (self._answered() - more_than), within=BACK_WITHIN, every=0.05)

    async def _kill(self) -> None:
        """kill -9, and wait until it is back."""
        before = self._answered()
        os.kill(next(event.pid for event in reversed(self.events) if isinstance(event, Started)), signal.SIGKILL)
        await self.answers(more_than=before)

    def _answered(self) -> int:
        return sum(isinstance(event, Answering) for event in self.events)

    @property
    def _process(self) -> str:
        return PROCESS_OF.get(self.service, self.service)

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
    made = Second(service, first, stack.data_dir / f"{process}-second.crash", ports["metrics"], events)
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


def _told(metrics_port: int) -> tuple[dict[str, float], list[str]]:
    """Which parts of a process work, and the topics of which it was given a partition."""
    try:
        with urlopen(f"http://{LOOPBACK}:{metrics_port}/metrics", timeout=10) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
    except OSError as error:
        raise AssertionError("it tells nothing of itself") from error
    samples = [sample for family in families for sample in family.samples]
    ready = {each.labels["part"]: each.value for each in samples if each.name == "throughgate_part_ready"}
    return ready, [each.labels["topic"] for each in samples if each.name == "throughgate_consumer_lag"]


def _environment(pid: int) -> dict[str, str]:
    """What that process was told."""
    lines = Path(f"/proc/{pid}/environ").read_text(encoding="utf-8").split("\0")
    return dict(line.split("=", 1) for line in lines if line)
